using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Onnx.Expansions;
using OptimizerBuild.Onnx.Schema;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Control;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Models.Conformance;

/// <summary>One data set of a test of the ONNX backend suite.</summary>
/// <param name="Test">The test.</param>
/// <param name="Set">The data set.</param>
/// <param name="Model">The model's message, for its facts.</param>
internal sealed record ConformanceCase(BackendTest Test, BackendDataSet Set, ModelProto Model)
{
    /// <summary>The operators that a model may have, sorted.</summary>
    public static readonly IReadOnlyList<string> Operators =
    [
        .. OperatorRegistry.All.Concat(OperatorRegistry.OnlyStructural)
            .Where(o => o.Domain is not Node.InternalDomain).Select(o => o.OpType)
            .Concat(ExpansionTable.All.Select(e => e.OpType))
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal),
    ];

    /// <summary>The operators that the test belongs to.</summary>
    public IReadOnlyList<string> Belongs { get; } = [.. OperatorsOf(Model)];

    /// <summary>The version of the standard operator set, or of the only one that the model has.</summary>
    public long Opset => Model.OpsetImport.OrderBy(o => o.Domain.Length).Select(o => o.Version).FirstOrDefault();

    /// <summary>The model's own inputs, without those that have initialisers.</summary>
    public IReadOnlyList<ValueInfoProto> Inputs { get; } =
        [.. Model.Graph.Input.Where(i => Model.Graph.Initializer.All(constant => constant.Name != i.Name))];

    /// <summary>Inputs that become constants.</summary>
    public IReadOnlySet<string> Fixed { get; private init; } = FixedInputs(Model);

    /// <summary>The element types of the model's own inputs.</summary>
    public IEnumerable<ElementType> InputElements => Inputs.Where(i => !Fixed.Contains(i.Name)).Select(i => ElementOf(i.Type));

    /// <summary>All data sets of the tests of the suite that ONNX Runtime passes.</summary>
    public static IEnumerable<ConformanceCase> All()
    {
        foreach (BackendTest test in BackendSuite.PassedByOnnxRuntime())
        {
            ModelProto model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(test.ModelPath));
            foreach (BackendDataSet set in test.DataSets)
                yield return new(test, set, model);
        }
    }

    /// <summary>The same with all inputs but the first as constants: weights are packed then.</summary>
    public ConformanceCase WithWeightsFixed() => this with
    {
        Fixed = Inputs.Skip(1).Select(i => i.Name).Concat(Fixed).ToHashSet(StringComparer.Ordinal),
    };

    /// <summary>
    /// The same with all lists of integers as constants, too: functions written out have inputs that decide on shapes as the operators
    /// have that they stand for.
    /// </summary>
    public ConformanceCase WithIntegersFixed() => this with
    {
        Fixed = Inputs.Where(i => ElementOf(i.Type) is ElementType.Int64 or ElementType.Int32 && i.Type.TensorType.Shape.Dim.Count < 2)
            .Select(i => i.Name).Concat(Fixed).ToHashSet(StringComparer.Ordinal),
    };

    /// <summary>The same with all strings as constants: how many parts they have decides on shapes.</summary>
    public ConformanceCase WithStringsFixed() => this with
    {
        Fixed = Inputs.Where(i => ElementOf(i.Type) == ElementType.String).Select(i => i.Name).Concat(Fixed)
            .ToHashSet(StringComparer.Ordinal),
    };

    /// <summary>The import options: shapes of the data, fixed inputs as constants.</summary>
    /// <param name="allFixed">Whether all inputs but the first become constants, too.</param>
    public ImportOptions Options(bool allFixed = false)
    {
        ImportOptions options = ImportOptions.Default;
        foreach ((ValueInfoProto input, string path) in Inputs.Zip(Set.Inputs))
        {
            IReadOnlyList<(string Name, Tensor? Value)> tensors = BackendValue.Read(input, path);
            bool isFixed = Fixed.Contains(input.Name) || (allFixed && input != Inputs[0] && input.Type?.TensorType is not null);
            options = isFixed
                ? options.WithConstant(input.Name, tensors[0].Value!)
                : BackendValue.Bind(options, tensors);
        }
        return options;
    }

    /// <summary>The data set's tensors for inputs that are not fixed.</summary>
    public Tensor[] ReadInputs() => [.. Inputs.Zip(Set.Inputs).Where(i => !Fixed.Contains(i.First.Name))
        .SelectMany(i => BackendValue.Read(i.First, i.Second)).Select(t => t.Value).OfType<Tensor>()];

    /// <summary>The data set's tensors for outputs.</summary>
    public Tensor[] ReadOutputs() => BackendValue.ReadOutputs(Model.Graph.Output, Set.Outputs);

    private static ElementType ElementOf(TypeProto? type) => type?.ValueCase switch
    {
        TypeProto.ValueOneofCase.SequenceType => ElementOf(type.SequenceType.ElemType),
        TypeProto.ValueOneofCase.OptionalType => ElementOf(type.OptionalType.ElemType),
        _ => (ElementType)(type?.TensorType?.ElemType ?? 0),
    };

    private static IEnumerable<string> OperatorsOf(ModelProto model)
    {
        string[] others = [.. model.Graph.Node.Where(n => n.OpType != "Constant").Select(n => n.OpType).Distinct(StringComparer.Ordinal)];
        return others.Length > 0 || model.Graph.Node.Count == 0 ? others : ["Constant"];
    }

    private static HashSet<string> FixedInputs(ModelProto model) =>
    [
        .. model.Graph.Node.SelectMany(n => n.Input.Where((_, i) => IsFixed(n, i))),

        // A condition that decides on the length of a sequence is known.
        .. model.Graph.Node.Where(n => n.OpType == "If" && model.Graph.Output.Any(o => o.Type?.TensorType is null)).Select(n => n.Input[0]),
    ];

    // Inputs that decide on shapes or on which elements are meant. An app's model has them as constants; the suite feeds them.
    private static bool IsFixed(NodeProto proto, int input)
    {
        var node = new Node("", proto.OpType, [], []) { Domain = proto.Domain == "ai.onnx" ? "" : proto.Domain };
        if (node.Is<LoopOperator>())
            return input < 2;
        OperatorSchema? schema = OperatorRegistry.Find(node) is { } op ? OperatorSchema.Of(op)
            : OperatorRegistry.FindStructural(node) is { } structural ? OperatorSchema.Of(structural)
            : OperatorSchema.OfRewritten(node.Domain, node.OpType);
        return schema?.Newest.Input(input)?.Fixed == true;
    }
}
