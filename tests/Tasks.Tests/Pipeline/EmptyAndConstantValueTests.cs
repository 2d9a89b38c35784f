using OptimizerBuild.Diagnostics;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Harness;
using OptimizerBuild.Onnx;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;

namespace OptimizerBuild.Pipeline;

/// <summary>Valid models with values of no elements, and with outputs that depend on no input, in every precision.</summary>
public sealed class EmptyAndConstantValueTests : IDisposable
{
    private static readonly Tensor Weights = Tensor.Of([.. Enumerable.Range(0, 32).Select(i => ((i * 7 % 13) - 6) / 8f)], 4, 8);

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Models => [.. Builders.Keys];

    private static Dictionary<string, Func<ModelBuilder>> Builders { get; } = new(StringComparer.Ordinal)
    {
        ["an initialiser is an output"] = () => Dense(1).Output("y", "w"),
        ["a folded constant is an output"] = () => Dense(1).Node("Mul", "w,w", "c").Output("y", "c"),
        ["only constants are outputs"] = () => Dense(1).Node("Mul", "w,w", "c").Output("c"),
        ["an input is an output"] = () => Dense(1).Output("y", "x"),
        ["a batch of none"] = () => Dense(0).Output("y"),
        ["a batch of none through a convolution"] = () => new ModelBuilder().Input("x", ElementType.Float32, 0, 1, 4, 4)
            .Constant("w", Tensor.Of([1f, 2f, 3f, 4f], 1, 1, 2, 2)).Node("Conv", "x,w", "c").Node("Relu", "c", "r")
            .Node("MaxPool", "r", "m", ("kernel_shape", new long[] { 2, 2 })).Node("GlobalAveragePool", "m", "y").Output("y"),
        ["a slice of nothing"] = () => Dense(2).Constant("at", Tensor.Of([1L], 1))
            .Node("Slice", "y,at,at,at", "n").Output("y", "n"),
        ["a slice of nothing between integer nodes"] = () => Dense(2)
            .Constant("at", Tensor.Of([1L], 1)).Constant("zero", Tensor.Of([0L], 1)).Node("Slice", "y,at,at,zero", "n")
            .Constant("v", Weights.Reshape(8, 4)).Node("MatMul", "n,v", "z").Output("y", "z"),
        ["a split with an empty part"] = () => Dense(2).Constant("sizes", Tensor.Of([0L, 8L], 2))
            .Node("Split", "y,sizes", "a,b", ("axis", 1)).Output("a", "b"),
        ["a concatenation with nothing"] = () => Dense(2).Constant("none", Tensor.Of(Array.Empty<float>(), 2, 0))
            .Node("Concat", "y,none", "z", ("axis", 1)).Node("Relu", "z", "r").Output("r"),
        ["a softmax of empty rows"] = () => Dense(2).Constant("at", Tensor.Of([1L], 1))
            .Node("Slice", "y,at,at,at", "n").Node("Softmax", "n", "s").Node("LogSoftmax", "n", "l").Output("s", "l", "y"),
        ["a reduction of nothing"] = () => Dense(2).Constant("at", Tensor.Of([1L], 1))
            .Node("Slice", "y,at,at,at", "n").Constant("axes", Tensor.Of([1L], 1)).Node("ReduceSum", "n,axes", "s").Output("s", "y"),
        ["a mean along an axis beside nothing"] = () => Dense(0).Constant("axes", Tensor.Of([1L], 1))
            .Node("ReduceMean", "y,axes", "s").Node("ReduceMax", "y,axes", "t").Output("s", "t"),
        ["a layer without outputs"] = () => new ModelBuilder().Input("x", 2, 4)
            .Constant("w", Tensor.Of(Array.Empty<float>(), 4, 0)).Node("MatMul", "x,w", "y").Output("y"),
        ["a layer without inputs"] = () => new ModelBuilder().Input("x", 2, 0)
            .Constant("w", Tensor.Of(Array.Empty<float>(), 0, 3)).Node("MatMul", "x,w", "y").Output("y"),
        ["normalisations of a batch of none"] = () => Dense(0).Constant("s", Tensor.Of(new float[8], 8))
            .Node("LayerNormalization", "y,s", "l").Node("BatchNormalization", "l,s,s,s,s", "b").Output("b"),
        ["a transposed, padded and tiled nothing"] = () => Dense(0).Node("Transpose", "y", "t").Constant("r", Tensor.Of([2L, 3L], 2))
            .Node("Tile", "t,r", "u").Constant("p", Tensor.Of([1L, 1L, 0L, 0L], 4)).Node("Pad", "u,p", "z").Output("z"),
    };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Models))]
    public void TheyBuildAndGiveWhatTheReferenceGives(string name)
    {
        File.WriteAllBytes(_folder["m.onnx"], Builders[name]().Bytes);
        foreach (ModelPrecision precision in Enum.GetValues<ModelPrecision>())
        {
            var options = new ModelOptions { ModelPath = _folder["m.onnx"], Name = "m", ClassName = "M", Precision = precision };
            Graph graph = OnnxImporter.Import(options.ModelPath, ImportOptions.Default).Graph;
            Tensor[] inputs = [.. graph.Inputs.Select(i => Values(graph.TypeOf(i)))];

            CompilationOutcome outcome = ModelCompiler.Compile(options, default);

            Tensor[] expected = new GraphEvaluator(graph).Evaluate(inputs);
            Tensor[] actual = new PlanExecutor(outcome.Plan, outcome.Weights).Run(inputs);
            double tolerance = precision == ModelPrecision.Float32 ? 1e-5 : 0.1;
            for (int i = 0; i < expected.Length; i++)
                TensorComparison.AssertClose(expected[i], actual[i], tolerance, tolerance);
        }
    }

    [Fact]
    public void AnInputWithoutANameIsRefused()
    {
        ModelBuilder model = new ModelBuilder().Input("", ElementType.Float32, 2).Input("x", 2).Node("Relu", "x", "y").Output("y");

        Assert.Equal("OPT0005", Assert.Throws<ModelException>(() => model.Import()).Diagnostic.Descriptor.Code);
    }

    [Fact]
    public void AnOutputWithoutANameIsRefused()
    {
        ModelBuilder model = new ModelBuilder().Input("x", 2).Node("Relu", "x", "y").Output("");

        Assert.Equal("OPT0005", Assert.Throws<ModelException>(() => model.Import()).Diagnostic.Descriptor.Code);
    }

    /// <summary>A scale of one element may stand beside a zero point of one element, whatever their ranks.</summary>
    [Theory]
    [InlineData("DequantizeLinear", "1", "")]
    [InlineData("DequantizeLinear", "", "1")]
    [InlineData("QuantizeLinear", "1", "")]
    [InlineData("QuantizeLinear", "", "1")]
    public void ScaleAndZeroPointOfOneElementFit(string operation, string scale, string zeroPoint)
    {
        bool quantises = operation == "QuantizeLinear";
        Tensor x = quantises ? Tensor.Of([1f, 2f, 3f], 3) : Tensor.Of((byte[])[1, 2, 3], 3);
        Graph graph = new ModelBuilder().Constant("c", x).Constant("s", Tensor.Of([0.5f], Shape(scale)))
            .Constant("z", Tensor.Of((byte[])[1], Shape(zeroPoint))).Node(operation, "c,s,z", "q").Input("x", 3)
            .Node("Cast", "q", "f", ("to", 1)).Node("Add", "x,f", "y").Output("y").Import();

        Assert.Equal(quantises ? [3f, 5f, 7f] : [0f, 0.5f, 1f],
            new GraphEvaluator(graph).Evaluate([Tensor.Of(new float[3], 3)])[0].Values<float>());

        static int[] Shape(string text) => text.Length == 0 ? [] : [1];
    }

    // x times a matrix, then Relu: y, with so many rows.
    private static ModelBuilder Dense(int rows) => new ModelBuilder().Input("x", rows, 4).Constant("w", Weights)
        .Node("MatMul", "x,w", "d").Node("Relu", "d", "y");

    private static Tensor Values(TensorType type) =>
        Tensor.Of([.. Enumerable.Range(0, type.Count).Select(i => ((i * 5 % 9) - 4) / 4f)], [.. type.Dimensions]);
}
