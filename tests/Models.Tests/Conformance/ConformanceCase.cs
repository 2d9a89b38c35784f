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
        .. OptimizerBuild.Operators.OperatorRegistry.All.Where(o => o.Domain.Length == 0).Select(o => o.OpType).Except(Operators)
            .Except(["QuantizeLinear", "DequantizeLinear"]),
    ];

    // Inputs that decide on shapes or on which elements are meant. An app's model has them as constants; the suite feeds them.
    private static readonly Dictionary<string, int[]> ShapeInputs = new(StringComparer.Ordinal)
    {
        ["Reshape"] = [1], ["Squeeze"] = [1], ["Unsqueeze"] = [1], ["Expand"] = [1], ["Split"] = [1], ["ConstantOfShape"] = [0],
        ["Slice"] = [1, 2, 3, 4], ["Pad"] = [1, 3], ["ReduceMean"] = [1], ["ReduceMax"] = [1], ["ReduceSum"] = [1], ["Dropout"] = [2],
        ["ReduceMin"] = [1], ["ReduceProd"] = [1], ["Tile"] = [1], ["Range"] = [0, 1, 2],
        ["Loop"] = [0, 1],
    };

    /// <summary>The operators that the test belongs to.</summary>
    public IReadOnlyList<string> Belongs { get; } = [.. OperatorsOf(Model)];

    /// <summary>The version of the standard operator set.</summary>
    public long Opset => Model.OpsetImport.Where(o => o.Domain.Length == 0).Select(o => o.Version).FirstOrDefault();

    /// <summary>Names of the model's own inputs, without those that have initialisers.</summary>
    public IReadOnlyList<string> Inputs { get; } =
        [.. Model.Graph.Input.Select(i => i.Name).Except(Model.Graph.Initializer.Select(i => i.Name))];

    /// <summary>Inputs that become constants.</summary>
    public IReadOnlySet<string> Fixed { get; } = FixedInputs(Model);

    /// <summary>The element types of the model's own inputs.</summary>
    public IEnumerable<ElementType> InputElements => Model.Graph.Input.Where(i => Inputs.Contains(i.Name) && !Fixed.Contains(i.Name))
        .Select(i => (ElementType)(i.Type?.TensorType?.ElemType ?? 0));

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
    /// <param name="inputs">The data set's inputs.</param>
    public ImportOptions Options(IReadOnlyList<Tensor> inputs)
    {
        ImportOptions options = ImportOptions.Default;
        for (int i = 0; i < inputs.Count; i++)
        {
            options = Fixed.Contains(Inputs[i])
                ? options.WithConstant(Inputs[i], inputs[i])
                : options.WithShape(Inputs[i], inputs[i].Dimensions.AsSpan());
        }
        return options;
    }

    /// <summary>The data set's inputs.</summary>
    public Tensor[] ReadInputs() => [.. Set.Inputs.Select(TensorProtoReader.Read)];

    /// <summary>The data set's outputs.</summary>
    public Tensor[] ReadOutputs() => [.. Set.Outputs.Select(TensorProtoReader.Read)];

    private static IEnumerable<string> OperatorsOf(ModelProto model)
    {
        string[] others = [.. model.Graph.Node.Where(n => n.OpType != "Constant").Select(n => n.OpType).Distinct(StringComparer.Ordinal)];
        return others.Length > 0 || model.Graph.Node.Count == 0 ? others : ["Constant"];
    }

    private static HashSet<string> FixedInputs(ModelProto model) =>
    [
        .. model.Graph.Node.SelectMany(
            n => ShapeInputs.GetValueOrDefault(n.OpType, []).Where(i => i < n.Input.Count).Select(i => n.Input[i])),
    ];
}
