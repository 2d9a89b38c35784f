using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Onnx.Schema;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Models.Conformance;

/// <summary>One data set of a test of the ONNX backend suite.</summary>
/// <param name="Test">The test.</param>
/// <param name="Set">The data set.</param>
/// <param name="Model">The model's message, for its facts.</param>
internal sealed record ConformanceCase(BackendTest Test, BackendDataSet Set, ModelProto Model)
{
    /// <summary>The operators whose conformance <c>docs/operators.md</c> states.</summary>
    public static readonly IReadOnlyList<string> Operators =
    [
        "Add", "AveragePool", "BatchNormalization", "Cast", "Clip", "Concat", "Constant", "ConstantOfShape", "Conv", "Div", "Dropout",
        "Elu", "Equal", "Erf", "Exp", "Expand", "Flatten", "Gather", "Gemm", "GlobalAveragePool", "GlobalMaxPool", "HardSigmoid",
        "HardSwish", "Identity", "LeakyRelu", "Log", "LogSoftmax", "MatMul", "Max", "MaxPool", "Min", "Mul", "Neg", "PRelu", "Pad", "Pow",
        "Reciprocal", "ReduceMax", "ReduceMean", "ReduceSum", "Relu", "Reshape", "Shape", "Sigmoid", "Slice", "Softmax", "Split", "Sqrt",
        "Squeeze", "Sub", "Tanh", "Transpose", "Unsqueeze", "Where",
    ];

    /// <summary>
    /// The operators that the build supports beyond those; not the ones that it reads in exported models but generates no code for.
    /// </summary>
    public static readonly IReadOnlyList<string> FurtherOperators =
    [
        .. OptimizerBuild.Operators.OperatorRegistry.All.Concat(OptimizerBuild.Operators.OperatorRegistry.OnlyStructural)
            .Where(o => o.Domain is not Node.InternalDomain).Select(o => o.OpType).Except(Operators)
            .Except(["QuantizeLinear", "DequantizeLinear"]),
    ];

    // Inputs that decide on shapes or on which elements are meant. An app's model has them as constants; the suite feeds them.
    private static readonly Dictionary<string, int[]> ShapeInputs = new(StringComparer.Ordinal)
    {
        ["Reshape"] = [1], ["Squeeze"] = [1], ["Unsqueeze"] = [1], ["Expand"] = [1], ["Split"] = [1], ["ConstantOfShape"] = [0],
        ["Slice"] = [1, 2, 3, 4], ["Pad"] = [1, 3], ["ReduceMean"] = [1], ["ReduceMax"] = [1], ["ReduceSum"] = [1], ["Dropout"] = [2],
        ["ReduceMin"] = [1], ["ReduceProd"] = [1], ["Tile"] = [1], ["Range"] = [0, 1, 2],
        ["Loop"] = [0, 1], ["SequenceAt"] = [1], ["SequenceInsert"] = [2], ["SequenceErase"] = [1], ["SplitToSequence"] = [1],
    };

    /// <summary>The operators that the test belongs to.</summary>
    public IReadOnlyList<string> Belongs { get; } = [.. OperatorsOf(Model)];

    /// <summary>The version of the standard operator set, or of the only one that the model has.</summary>
    public long Opset => Model.OpsetImport.OrderBy(o => o.Domain.Length).Select(o => o.Version).FirstOrDefault();

    /// <summary>The model's own inputs, without those that have initialisers.</summary>
    public IReadOnlyList<ValueInfoProto> Inputs { get; } =
        [.. Model.Graph.Input.Where(i => Model.Graph.Initializer.All(constant => constant.Name != i.Name))];

    /// <summary>Inputs that become constants.</summary>
    public IReadOnlySet<string> Fixed { get; } = FixedInputs(Model);

    /// <summary>The element types of the model's own inputs.</summary>
    public IEnumerable<ElementType> InputElements => Inputs.Where(i => !Fixed.Contains(i.Name)).Select(i => ElementOf(i.Type));

    /// <summary>
    /// All data sets of the tests that consist of given operators: in the part <c>node</c> of one of them, elsewhere of any
    /// number. Expansions of other operators (<c>_expanded</c>) belong to those.
    /// </summary>
    /// <param name="operators">The operators.</param>
    public static IEnumerable<ConformanceCase> All(IReadOnlyList<string> operators)
    {
        var listed = new HashSet<string>(operators, StringComparer.Ordinal);
        foreach (string suite in (string[])["node", "simple", "pytorch-operator", "pytorch-converted"])
        {
            foreach (BackendTest test in BackendSuite.Tests(suite))
            {
                if (test.Name.Contains("_expanded", StringComparison.Ordinal))
                    continue;
                ModelProto model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(test.ModelPath));
                string[] own = [.. OperatorsOf(model)];
                int nodes = model.Graph.Node.Count(n => n.OpType != "Constant");
                if (own.Length == 0 || !own.All(listed.Contains) || (suite == "node" && nodes > 1))
                    continue;
                foreach (BackendDataSet set in test.DataSets)
                    yield return new(test, set, model);
            }
        }
    }

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
        .. model.Graph.Node.SelectMany(
            n => ShapeInputs.GetValueOrDefault(n.OpType, []).Where(i => i < n.Input.Count).Select(i => n.Input[i])),

        // Of two texts one is the model's own; a condition that decides on the length of a sequence is known.
        .. model.Graph.Node.Where(n => n.OpType == "Equal" && model.Graph.Input.Any(i => ElementOf(i.Type) == ElementType.String))
            .Select(n => n.Input[1]),
        .. model.Graph.Node.Where(n => n.OpType == "If" && model.Graph.Output.Any(o => o.Type?.TensorType is null)).Select(n => n.Input[0]),
    ];
}
