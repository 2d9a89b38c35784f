using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Data;
using OptimizerBuild.Graphs;
using OptimizerBuild.Options;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Compression.Recovery;

/// <summary>A small network, samples of it, and what a build makes of it.</summary>
internal static class RecoveryNetwork
{
    /// <summary>Recovery in 200 steps from samples that are given.</summary>
    public static readonly ModelOptions Item = TestContext.Options with
    {
        CalibrationData = new DataSpec("given", "/"), Recovery = true, RecoverySteps = 200,
    };

    /// <summary>What the techniques of an item make of a network, by 1,600 samples.</summary>
    public static CompressionRun Run(Graph graph, ModelOptions options, out CompressionContext context)
    {
        var source = new TestContext(graph, Samples(graph, 3, 1600));
        context = source.Context(options);
        return CompressionTechniques.Run(new(PassPipeline.Run(graph)), context);
    }

    /// <summary>Three dense layers, with a Softmax or without.</summary>
    public static Graph Network(bool classes = false)
    {
        var g = new FloatGraph();
        string hidden = g.Dense("a", g.Input("x", 1, 24), 24, 64, relu: true);
        string y = g.Dense("c", g.Dense("b", hidden, 64, 32, relu: true), 32, 6);
        return g.Build(classes ? g.Add("scores", "Softmax", [y]) : y);
    }

    /// <summary>Numbers from −1 to 1 for all inputs.</summary>
    public static SampleSet Samples(Graph graph, int seed, int count)
    {
        var random = new Random(seed);
        return new([.. Enumerable.Range(0, count).Select(_ => (IReadOnlyList<Tensor>)[.. graph.Inputs.Select(Drawn)])], Synthetic: false);

        Tensor Drawn(string input) => Tensor.Of(
            [.. Enumerable.Range(0, graph.TypeOf(input).Count).Select(_ => (random.NextSingle() * 2) - 1)],
            graph.TypeOf(input).Dimensions.AsSpan());
    }
}
