using OptimizerBuild.Evaluation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Harness;
using OptimizerBuild.Onnx;
using OptimizerBuild.Onnx.Schema;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;

namespace OptimizerBuild.Pipeline;

/// <summary>
/// Layers that multiply signs by signs, from the model file to the plan: scales and biases are such that float32 sums are exact.
/// </summary>
public sealed class SignModelTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>
    /// Strides, gaps between taps, groups, signs that are an output of the model and that other nodes read, several shapes and batches;
    /// also where an input is no number, which no sum may lose.
    /// </summary>
    [Theory]
    [InlineData("Float32")]
    [InlineData("Auto")]
    public void EveryEntryIsExact(string precision)
    {
        int[][] sets = [[1, 2, 8, 6], [1, 2, 6, 8], [3, 2, 8, 6]];
        ModelBuilder model = new ModelBuilder().Input("x", "n", 2, "h", "w")
            .Constant("aw", Signs(1, 24, 2, 3, 3)).Constant("ab", Biases(24)).Constant("bw", Signs(2, 9, 24, 3, 3))
            .Constant("cw", Signs(3, 24, 8, 1, 1)).Constant("dw", Signs(4, 7, 24, 2, 3)).Constant("db", Biases(7))
            .Constant("shape", Tensor.Of([0L, 0, -1], 3)).Constant("ew", Transposed(Signs(5, 11, 48)))
            .Node("Sign", "x", "xs")
            .Node("Conv", "xs,aw,ab", "a", ("pads", new long[] { 1, 1, 1, 1 }))
            .Node("Sign", "a", "s")
            .Node("Conv", "s,bw", "b",
                ("pads", new long[] { 2, 2, 2, 2 }), ("dilations", new long[] { 2, 2 }), ("strides", new long[] { 2, 1 }))
            .Node("Conv", "s,cw", "c", ("group", 3))
            .Node("Conv", "s,dw,db", "d", ("pads", new long[] { 1, 0, 0, 2 }))
            .Node("Relu", "d", "dr")
            .Node("Reshape", "s,shape", "rows")
            .Node("MatMul", "rows,ew", "e")
            .Output("s", "b", "dr", "e", "c");
        CompilationOutcome outcome = ModelCompiler.Compile(
            Options(model, "x=1,2,8,6 | Portrait: x=1,2,6,8 | x=3,2,8,6", precision), CancellationToken.None);
        for (int entry = 0; entry < sets.Length; entry++)
        {
            Graph graph = model.Import(ImportOptions.Default.WithShape("x", sets[entry]));
            Assert.Equal(4, outcome.Plan.Entries[entry].Calls.Count(c => c.Kernel == "SignConvolution"));
            for (int seed = 0; seed < 3; seed++)
            {
                Tensor sample = Sample(sets[entry], seed);
                Tensor[] expected = new GraphEvaluator(graph).Evaluate([sample]).ToArray();
                Tensor[] actual = new PlanExecutor(outcome.Plan, outcome.Weights, entry).Run([sample]);
                for (int i = 0; i < (precision == "Float32" ? 5 : 4); i++)
                    Assert.Equal(expected[i].Values<float>(), actual[i].Values<float>());
            }
        }
    }

    /// <summary>What stands between two such layers is computed in numbers, not in levels, of which many a small one would be 0.</summary>
    [Theory]
    [InlineData("Float32")]
    [InlineData("Auto")]
    public void WhatLiesBetweenLayersIsNotRounded(string precision)
    {
        ModelBuilder model = new ModelBuilder().Input("x", 1, 32, 12, 12)
            .Constant("aw", Signs(1, 48, 32, 3, 3)).Constant("m", Tensor.Of(Signs(6, 48).Values<float>(), 48, 1, 1))
            .Constant("k", Tensor.Of(Biases(48).Values<float>(), 48, 1, 1)).Constant("bw", Signs(2, 24, 48, 3, 3))
            .Node("Sign", "x", "xs")
            .Node("Conv", "xs,aw", "a", ("pads", new long[] { 1, 1, 1, 1 }))
            .Node("MaxPool", "a", "p", ("kernel_shape", new long[] { 2, 2 }), ("strides", new long[] { 2, 2 }))
            .Node("Mul", "p,m", "pm").Node("Add", "pm,k", "n").Node("Sign", "n", "s")
            .Node("Conv", "s,bw", "y").Output("y");
        CompilationOutcome outcome = ModelCompiler.Compile(Options(model, "", precision), CancellationToken.None);
        Assert.Equal(2, outcome.Plan.Main.Calls.Count(c => c.Kernel == "SignConvolution"));
        Tensor sample = Sample([1, 32, 12, 12], 1);
        Assert.Equal(
            new GraphEvaluator(model.Import()).Evaluate([sample])[0].Values<float>(),
            new PlanExecutor(outcome.Plan, outcome.Weights).Run([sample])[0].Values<float>());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void BodiesThatReadSignsOrMakeThemAreExact(bool condition)
    {
        // Both halves have layers of the same weights; one reads signs, also those made around it, which it does not know as such;
        // the other what is none.
        ModelBuilder model = new ModelBuilder().Input("x", 2, 40).Input("c", ElementType.Bool)
            .Constant("w", Transposed(Signs(1, 40, 40)))
            .Node("Sign", "x", "s")
            .Node("MatMul", "s,w", "a")
            .Node("If", "c", "y",
                ("then_branch", Branch(("MatMul", "s,w", "t"), ("Sign", "t", "u"), ("MatMul", "u,w", "v"), ("Add", "v,s", "out"))),
                ("else_branch", Branch(("Abs", "s", "t"), ("MatMul", "t,w", "u"), ("MatMul", "a,w", "v"), ("Add", "u,v", "out"))))
            .Node("Sub", "y,a", "z").Output("z");
        CompilationOutcome outcome = ModelCompiler.Compile(Options(model, "", "Float32"), CancellationToken.None);
        Assert.Equal(2, outcome.Plan.Main.Calls.Count(c => c.Kernel == "SignConvolution"));
        Tensor sample = Sample([2, 40], 1);
        Assert.Equal(
            new GraphEvaluator(model.Import()).Evaluate([sample, Tensor.Scalar(condition)])[0].Values<float>(),
            new PlanExecutor(outcome.Plan, outcome.Weights).Run([sample, Tensor.Scalar(condition)])[0].Values<float>());
    }

    private static GraphProto Branch(params (string Operation, string Inputs, string Output)[] nodes)
    {
        var graph = new GraphProto { Name = "branch" };
        foreach ((string operation, string inputs, string output) in nodes)
            graph.Node.Add(ModelBuilder.NewNode(operation, inputs, output));
        graph.Output.Add(new ValueInfoProto { Name = nodes[^1].Output });
        return graph;
    }

    private ModelOptions Options(ModelBuilder model, string shapes, string precision)
    {
        string path = _folder["signs.onnx"];
        File.WriteAllBytes(path, model.Bytes);
        var metadata = new Dictionary<string, string> { ["Precision"] = precision };
        if (shapes.Length > 0)
            metadata["Shapes"] = shapes;
        return ItemMetadata.Parse(path, metadata, _folder.Path, "App");
    }

    // Both zeros among them; the last seed has a place that is no number.
    private static Tensor Sample(IEnumerable<int> dimensions, int seed)
    {
        Tensor sample = Tensor.Zeros(TensorType.Float32([.. dimensions]));
        float[] values = sample.Values<float>();
        for (int i = 0; i < values.Length; i++)
            values[i] = ((i + seed) * 37 % 11) switch { 0 => 0f, 1 => -0f, var v => v - 6.5f };
        if (seed == 2)
            values[values.Length / 3] = float.NaN;
        return sample;
    }

    // Signs times powers of two.
    private static Tensor Signs(int seed, params int[] dimensions)
    {
        var random = new Random(seed);
        int length = Shapes.Count(dimensions) / dimensions[0];
        return Tensor.Of([.. Enumerable.Range(0, dimensions[0] * length)
            .Select(i => (random.Next(2) == 0 ? -1 : 1) * MathF.ScaleB(1, -(i / length % 4)))], dimensions);
    }

    private static Tensor Transposed(Tensor matrix)
    {
        (int rows, int columns) = (matrix.Dimensions[0], matrix.Dimensions[1]);
        float[] values = matrix.Values<float>();
        return Tensor.Of([.. Enumerable.Range(0, rows * columns).Select(i => values[(i % rows * columns) + (i / rows)])], columns, rows);
    }

    private static Tensor Biases(int count) => Tensor.Of([.. Enumerable.Range(0, count).Select(i => (i % 5) - 2f)], count);
}
