using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Simulation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Options;
using OptimizerBuild.Training;
using static OptimizerBuild.Compression.Recovery.RecoveryNetwork;

namespace OptimizerBuild.Compression.Recovery;

/// <summary>Integers of weights, their scales, biases and ranges, as they are trained.</summary>
public sealed class QuantizedStudentTests
{
    /// <summary>What is trained is what will run: the student computes what the integers do, up to a level.</summary>
    [Fact]
    public void TheStudentComputesWhatTheIntegersDo()
    {
        Graph graph = Network();
        CompressedModel model = Run(graph, Item with { Recovery = false, Precision = ModelPrecision.Int8 }, out _).Model;
        GraphQuantization quantization = model.Annotation<GraphQuantization>()!;
        Assert.NotEmpty(quantization.Weights);
        var student = new QuantizedStudent(model.Graph, quantization, (_, _) => Quantization.Weights.WeightLevels.Bits8);
        foreach (TrainedParameter parameter in student.Parameters)
            parameter.Show(parameter.Values);
        var tape = new GradientTape<float>(student.Graph, []);
        var integers = new QuantizedGraphEvaluator(model.Graph, quantization);
        double scale = quantization.Values[model.Graph.Outputs[0]].Scale;
        foreach (IReadOnlyList<Tensor> sample in Samples(graph, 11, 50).Samples)
        {
            tape.Forward(sample);
            float[] expected = integers.Evaluate(sample)[0].Values<float>();
            float[] found = tape.Value(student.Renamed(model.Graph.Outputs[0])).Values<float>();
            for (int i = 0; i < expected.Length; i++)
                Assert.True(Math.Abs(expected[i] - found[i]) <= Math.Max(1.01 * scale, 0.02), $"{found[i]} instead of {expected[i]}");
        }

        // Untrained it gives back what it was made from.
        CompressedModel same = student.WriteBack(model, []);
        foreach ((string node, WeightQuantization weights) in same.Annotation<GraphQuantization>()!.Weights)
        {
            Assert.Equal(quantization.Weights[node].Values, weights.Values);
            Assert.All(quantization.Weights[node].Bias.Zip(weights.Bias), b =>
                Assert.InRange(Math.Abs((long)b.First - b.Second), 0, 1 + (Math.Abs(b.First) >> 20)));
        }
    }

    /// <summary>Layers of equal weights are one parameter: their integers are equal still, their scales in the same proportion.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void LayersOfEqualWeightsStayEqual(float factor)
    {
        var g = new FloatGraph();
        string x = g.Input("x", 1, 32), hidden = g.Dense("a", x, 32, 32, relu: true);
        Tensor weights = g.Build(hidden).Constants["a.w"];
        string copy = g.Constant("b.w", Tensor.Of([.. weights.Values<float>().Select(w => w * factor)], 32, 32));
        string again = g.Add("b", "Gemm", [hidden, copy, g.Noise("b.b", 0.1, 32)], n => n.With("transB", 1));
        Graph graph = g.Build(g.Dense("c", again, 32, 6));
        CompressionRun before = Run(graph, Item with { Precision = ModelPrecision.Int8, Recovery = false }, out _);
        CompressionRun after = Run(graph, Item with { Precision = ModelPrecision.Int8 }, out _);
        WeightQuantization[] Layers(CompressionRun run) => [.. run.Model.Graph.Nodes.Where(n => n.Origin is "a/node" or "b/node")
            .Select(n => run.Model.Annotation<GraphQuantization>()!.Weights[n.Name])];
        Assert.Equal(Layers(before)[0].Values, Layers(before)[1].Values);
        Assert.NotEqual(Layers(before)[0].Values, Layers(after)[0].Values);
        Assert.Equal(Layers(after)[0].Values, Layers(after)[1].Values);
        Assert.All(Layers(after)[0].Scales.Zip(Layers(after)[1].Scales), s => Assert.Equal(factor, s.Second / s.First, 4));

        // And in floats, before they are rounded: what they read is one constant, or a multiple of it.
        CompressionRun floats = Run(graph, Item with
        {
            Precision = ModelPrecision.Float32, SparsityPattern = SparsityPattern.TwoOfFour, PruningCriterion = PruningCriterion.Magnitude,
        }, out _);
        Assert.Contains(floats.Accounts, a => a.Technique == "Recovery");
        string[] names = [.. floats.Model.Graph.Nodes.Where(n => n.Origin is "a/node" or "b/node").Select(n => n.Inputs[1]).Distinct()];
        Assert.Equal(factor == 1 ? 1 : 2, names.Length);
        Assert.NotEqual(weights.Values<float>(), floats.Model.Graph.Constants[names[0]].Values<float>());
        Assert.Equal([.. floats.Model.Graph.Constants[names[0]].Values<float>().Select(w => w * factor)],
            floats.Model.Graph.Constants[names[^1]].Values<float>());
    }

    /// <summary>Where levels are few, ranges are trained: scales change together where they were equal, and biases with them.</summary>
    [Fact]
    public void RangesAreTrainedWhereLevelsAreFew()
    {
        Graph graph = Network();
        foreach (ModelPrecision precision in (ModelPrecision[])[ModelPrecision.Int8, ModelPrecision.Ternary])
        {
            CompressedModel before = Run(graph, Item with { Precision = precision, Recovery = false }, out _).Model;
            CompressedModel after = Run(graph, Item with { Precision = precision }, out _).Model;
            var (was, now) = (before.Annotation<GraphQuantization>()!.Values, after.Annotation<GraphQuantization>()!.Values);
            Assert.Equal(was.Keys, now.Keys);
            Assert.All(was, v => Assert.Equal((v.Value.Type, v.Value.ZeroPoint), (now[v.Key].Type, now[v.Key].ZeroPoint)));
            Assert.All(was, v => Assert.InRange(now[v.Key].Scale / v.Value.Scale, 0.5, 2));
            Assert.All(was, v => Assert.Equal((float)now[v.Key].Scale, now[v.Key].Scale));
            Assert.Equal(was[graph.Inputs[0]], now[graph.Inputs[0]]);
            Assert.Equal(precision != ModelPrecision.Int8, was.Any(v => now[v.Key].Scale != v.Value.Scale));
            foreach (IGrouping<ActivationQuantization, string> group in was.GroupBy(v => v.Value, v => v.Key))
                Assert.Single(group.Select(v => now[v]).Distinct());
        }
    }

    /// <summary>The student that rounds by factors of ranges has the gradients of LSQ.</summary>
    [Fact]
    public void FactorsOfRangesHaveTheGradientsOfSteps()
    {
        var range = new ActivationQuantization(ActivationType.U8, 0.5, 10);
        var g = new FloatGraph();
        Graph graph = g.Build(g.Add("v", "Relu", [g.Input("x", 1, 4)]));
        var quantization = new GraphQuantization(
            System.Collections.Immutable.ImmutableSortedDictionary<string, ActivationQuantization>.Empty.Add("v", range),
            System.Collections.Immutable.ImmutableSortedDictionary<string, NodePrecision>.Empty,
            System.Collections.Immutable.ImmutableSortedDictionary<string, WeightQuantization>.Empty);
        var ranges = new LearnedRanges(graph, quantization, _ => false, isOn: true);
        TrainedParameter factor = Assert.Single(ranges.Parameters);
        var types = graph.Types.ToBuilder();
        Node[] rounding = [.. ranges.Round("v", "r", range, graph.TypeOf("v"), types)];
        Graph student = graph with
        {
            Nodes = [.. graph.Nodes, .. rounding], Types = types.ToImmutable(), Outputs = ["r"],
            Constants = graph.Constants.AddRange(ranges.Constants),
        };
        var tape = new GradientTape<float>(student, [factor.Name]);
        tape.Forward([Tensor.Of([0.6f, 0.9f, 3.2f, 500f], 1, 4)]);
        Assert.Equal([0.5f, 1f, 3f, 122.5f], tape.Value("r").Values<float>());
        foreach ((int place, float expected) in new[] { (0, -0.1f), (1, 0.1f), (2, -0.2f), (3, 122.5f) })
        {
            var seed = new float[4];
            seed[place] = 1;
            tape.Backward(new Dictionary<string, float[]> { ["r"] = seed });
            Assert.Equal(expected, tape.Gradient(factor.Name)[0], 4);
        }
        factor.Values[0] = 3;
        Assert.Equal(range with { Scale = 1 }, ranges.Trained(range));
    }

    /// <summary>The integers of a layer with a factor of its own are trained, and its float weights are without the factor.</summary>
    [Fact]
    public void LayersWithFactorsLearn()
    {
        var g = new FloatGraph();
        string hidden = g.Dense("a", g.Input("x", 1, 32), 32, 32, relu: true);
        string scaled = g.Add("b", "Gemm", [hidden, "a.w", g.Noise("b.b", 0.1, 32)],
            n => n.With("transB", 1).With("alpha", new AttributeValue.Float(1.5f)).With("beta", new AttributeValue.Float(2)));
        Graph graph = g.Build(g.Dense("c", scaled, 32, 6));
        // The passes would make the factor part of the weights.
        CompressedModel Compressed(ModelOptions options) => CompressionTechniques.Run(
            new(graph), new TestContext(graph, Samples(graph, 3, 1600)).Context(options)).Model;
        CompressedModel before = Compressed(Item with { Precision = ModelPrecision.Int4, Recovery = false });
        CompressedModel after = Compressed(Item with { Precision = ModelPrecision.Int4 });
        Node layer = Assert.Single(after.Graph.Nodes, n => n.Origin == "b/node");
        Assert.Equal(1.5f, layer.Float("alpha", 1));
        WeightQuantization was = before.Annotation<GraphQuantization>()!.Weights[layer.Name];
        WeightQuantization now = after.Annotation<GraphQuantization>()!.Weights[layer.Name];
        Assert.NotEqual(was.Values, now.Values);
        float[] bias = after.Graph.Constant(layer.Inputs[2])!.Values<float>();
        double input = after.Annotation<GraphQuantization>()!.Values[layer.Inputs[0]].Scale;
        for (int c = 0; c < bias.Length; c++)
            Assert.Equal(2 * bias[c], now.Bias[c] * input * now.Scales[c], 0.51 * input * now.Scales[c]);
    }

    /// <summary>Products that were added up in 16 bits still are.</summary>
    [Fact]
    public void PairsOfTrainedWeightsKeepTheirBound()
    {
        Graph graph = Network();
        GraphQuantization before = Quantized(Item with { Precision = ModelPrecision.Int8, Recovery = false });
        GraphQuantization after = Quantized(Item with { Precision = ModelPrecision.Int8 });
        Assert.Contains(before.Weights.Values, w => w.PairSumsBounded && w.Values.Max(v => Math.Abs((int)v)) > 64);
        foreach ((string node, WeightQuantization weights) in before.Weights)
        {
            Assert.NotEqual(weights.Values, after.Weights[node].Values);
            Assert.True(!weights.PairSumsBounded || after.Weights[node].PairSumsBounded, node);
        }

        // To the nearest, so that there is something to win.
        GraphQuantization Quantized(ModelOptions options) => Run(
            graph, options with { PairSums = PairSums.Bounded, Rounding = WeightRounding.Nearest }, out _)
            .Model.Annotation<GraphQuantization>()!;
    }
}
