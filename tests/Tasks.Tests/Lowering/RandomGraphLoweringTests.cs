using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Simulation;
using OptimizerBuild.Data;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;
using OptimizerBuild.Passes;
using OptimizerBuild.Plan;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Lowering;

/// <summary>
/// Drawn graphs through passes, quantisation, lowering and the kernels: against the quantiser's simulation bit for bit, and in
/// float32 against the reference evaluator.
/// </summary>
public sealed class RandomGraphLoweringTests
{
    // What the reference evaluator and the kernels compute alike, rounding included.
    private static readonly string[] ExactInFloat =
        ["Add", "Sub", "Mul", "Div", "Concat", "Reshape", "Transpose", "Slice", "Pad", "Expand", "Gather", "Clip", "MaxPool",
            "GlobalMaxPool", "Neg", "Abs", "Relu", "Identity"];

    [Fact]
    public void IntegerPlansGiveTheBytesOfTheSimulation()
    {
        int exact = 0;
        PropertyCheck.Holds(GraphDescription.All, d => exact += CheckInteger(d) ? 1 : 0, 250);
        Assert.True(exact > 150, $"only {exact} graphs could be compared bit for bit");
    }

    [Fact]
    public void FloatPlansGiveWhatTheReferenceEvaluatorGives() =>
        PropertyCheck.Holds(GraphDescription.All, CheckFloat, 250);

    // Whether pixels do not follow one another, as in a view: taps then are segments of their own, which the quantiser does not foresee.
    private static bool HasGaps(LoweredModel lowered, string node)
    {
        PlanCall step = lowered.Calls.Last(s => s.Node == node);
        return step.Kernel is "Int8Convolution" or "Int8WinogradConvolution"
            && Value("inputPixelStride") != Value("groups") * Value("inputChannelsPerGroup");

        long Value(string argument) => step.Arguments.OfType<PlanArgument.Integer>().Single(a => a.Name == argument).Value;
    }

    private static bool CheckInteger(GraphDescription description)
    {
        Graph graph = PassPipeline.Run(description.Build());
        List<IReadOnlyList<Tensor>> samples = [.. Enumerable.Range(0, 6).Select(i => description.Sample(graph, i))];
        var options = new QuantizationOptions { Precision = ModelPrecision.Int8, SearchWeightScales = false, CorrectBiases = false,
            Calibration = CalibrationMethod.MinMax };
        CompressedModel model = new Quantizer(options).Apply(new CompressedModel(graph), new SampleSet(samples, false),
            CancellationToken.None).Model;
        if (!model.Graph.Nodes.All(n => model.Annotation<GraphQuantization>()!.Nodes[n.Name].Integer || ExactInFloat.Contains(n.OpType)))
            return false;
        LoweredModel lowered = GraphLowerer.Lower(model, new BoundaryOptions());
        foreach ((string node, WeightQuantization weights) in model.Annotation<GraphQuantization>()!.Weights)
            Assert.True(
                weights.PairSumsBounded == lowered.PairSumsBounded[node] || HasGaps(lowered, node), $"pair sums of {node}");
        PlanExecutor executor = Plans.Execute(lowered);
        var simulation = new QuantizedGraphEvaluator(model.Graph, model.Annotation<GraphQuantization>()!);
        foreach (IReadOnlyList<Tensor> sample in samples)
        {
            Tensor[] expected = simulation.Evaluate(sample);
            Tensor[] actual = executor.Run(sample);
            for (int o = 0; o < expected.Length; o++)
                for (int i = 0; i < expected[o].Count; i++)
                    if (!expected[o].Data.GetValue(i)!.Equals(actual[o].Data.GetValue(i)))
                        Assert.Fail($"output {o}, element {i}: {actual[o].Data.GetValue(i)} "
                            + $"instead of {expected[o].Data.GetValue(i)}\n{model.Graph.Print()}");
        }
        return true;
    }

    private static void CheckFloat(GraphDescription description)
    {
        Graph graph = PassPipeline.Run(description.Build());
        PlanExecutor executor = Plans.Execute(GraphLowerer.Lower(new CompressedModel(graph), new BoundaryOptions()));
        var evaluator = new GraphEvaluator(graph);
        for (int run = 0; run < 2; run++)
        {
            IReadOnlyList<Tensor> sample = description.Sample(graph, run);
            Tensor[] expected = evaluator.Evaluate(sample);
            Tensor[] actual = executor.Run(sample);
            for (int o = 0; o < expected.Length; o++)
                RandomTensors.AssertClose(expected[o], actual[o], 1e-3f, $"output {o}\n{graph.Print()}");
        }
    }
}
