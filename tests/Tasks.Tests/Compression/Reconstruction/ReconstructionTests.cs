using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Calibration;
using OptimizerBuild.Compression.Quantization.Simulation;
using OptimizerBuild.Compression.Recovery;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;
using OptimizerBuild.Training;

namespace OptimizerBuild.Compression.Reconstruction;

/// <summary>Weights rounded by what layers and blocks make of samples, on a small network with a residual block.</summary>
public sealed class ReconstructionTests
{
    private static readonly ModelOptions Item = TestContext.Options with
    {
        CalibrationData = new DataSpec("given", "/"), Precision = ModelPrecision.Int4, Layers = LayerRules.Parse("*:Int4")!,
    };

    [Theory]
    [InlineData(false, "a,c,d,e,f")]
    [InlineData(true, "a,c d,e f")]
    public void PartsFollowEachOtherAndComeToTheWhole(bool inBlocks, string layers)
    {
        Graph graph = Network();
        CompressedModel model = Run(graph, Item).Model;
        GraphQuantization quantization = model.Annotation<GraphQuantization>()!;
        var student = new QuantizedStudent(model.Graph, quantization, (n, v) => QuantizedStudent.LevelsOf(Item, n, v));
        foreach (TrainedParameter parameter in student.Parameters)
            parameter.Show(parameter.Values);
        var parts = new GraphParts(model.Graph, student.Graph, student.Renamed, n => quantization.Weights.ContainsKey(n.Name), inBlocks);
        Assert.Equal(layers, string.Join(',', Enumerable.Range(0, parts.Count).Select(p => string.Join(' ', parts.OfGraph(p).Nodes
            .Where(n => quantization.Weights.ContainsKey(n.Name)).Select(n => n.Outputs[0][..1])))));

        // One after the other they give what the whole graphs give, of which each node belongs to one part.
        IReadOnlyList<Tensor> sample = FloatGraph.Samples(graph, 1, seed: 9).Samples[0];
        foreach ((Graph whole, Func<int, Graph> part) in
            ((Graph, Func<int, Graph>)[])[(model.Graph, parts.OfGraph), (student.Graph, parts.OfStudent)])
        {
            Assert.Equal(whole.Nodes.Select(n => n.Name),
                Enumerable.Range(0, parts.Count).SelectMany(p => part(p).Nodes).Select(n => n.Name));
            var values = whole.Inputs.Zip(sample).ToDictionary(i => i.First, i => i.Second);
            for (int p = 0; p < parts.Count; p++)
                foreach ((string name, Tensor value) in part(p).Outputs.Zip(new GraphEvaluator(part(p)).Evaluate(
                    [.. part(p).Inputs.Select(i => values[i])])))
                    values[name] = value;
            Assert.Equal(new GraphEvaluator(whole).Evaluate(sample)[0].Values<float>(), values[whole.Outputs[0]].Values<float>());
        }
        Assert.Empty(parts.Alive(parts.Count));
        Assert.All(Enumerable.Range(0, parts.Count), p => Assert.NotEmpty(parts.Compared(p)));
    }

    /// <summary>The item's number of steps is taken, and is part of what a cached build is known by.</summary>
    [Fact]
    public void StepsCanBeAskedFor()
    {
        ModelOptions options = Item with { Rounding = WeightRounding.Adaptive, RecoverySteps = 3 };
        IReadOnlyList<string> notes = Run(Network(), options).Accounts.Single(a => a.Technique == "Reconstruction").Notes;
        Assert.Contains(" in 3 steps of ", notes[0], StringComparison.Ordinal);
        Assert.Empty(options.ChoicesWithoutEffect());
        Assert.NotEqual(OptionsText.Write(options), OptionsText.Write(options with { RecoverySteps = null }));
    }

    [Theory]
    [InlineData("Adaptive")]
    [InlineData("Block")]
    public void OutputsComeCloserToTheFloatModels(string name)
    {
        WeightRounding rounding = Enum.Parse<WeightRounding>(name);
        Graph graph = Network();
        CompressionRun before = Run(graph, Item), after = Run(graph, Item with { Rounding = rounding });
        double noise = Noise(graph, before.Model), left = Noise(graph, after.Model);
        Assert.True(left < 0.97 * noise, $"of noise of {noise:g3} there is {left:g3} left");
        IReadOnlyList<string> notes = after.Accounts.Single(a => a.Technique == "Reconstruction").Notes;
        Assert.Contains(rounding == WeightRounding.Block ? "of 3 blocks rounded anew" : "of 5 layers rounded anew", notes[0],
            StringComparison.Ordinal);
        Assert.Contains("outputs' signal to noise", notes[1], StringComparison.Ordinal);

        // Nothing but weights by one level and biases has changed, and a second build gives the same ones.
        GraphQuantization old = before.Model.Annotation<GraphQuantization>()!, now = after.Model.Annotation<GraphQuantization>()!;
        GraphQuantization again = Run(graph, Item with { Rounding = rounding }).Model.Annotation<GraphQuantization>()!;
        Assert.Equal(old.Values, now.Values);
        int moved = 0;
        foreach ((string node, WeightQuantization weights) in now.Weights)
        {
            Assert.Equal(old.Weights[node].Scales.Select(s => (float)s), weights.Scales.Select(s => (float)s));
            Assert.All(weights.Values, v => Assert.InRange(v, -7, 7));
            Assert.All(weights.Values.Zip(old.Weights[node].Values), v => Assert.InRange(v.First - v.Second, -1, 1));
            moved += weights.Values.Zip(old.Weights[node].Values).Count(v => v.First != v.Second);
            Assert.Equal(weights.Values, again.Weights[node].Values);
            Assert.Equal(weights.Bias, again.Weights[node].Bias);
        }
        Assert.True(moved > 0);
        Assert.True(now.OutputSignalToNoise > old.OutputSignalToNoise);
    }

    [Fact]
    public void WhereNothingCanBeChosenItIsSaid()
    {
        Graph graph = Network();
        CompressionRun few = Run(graph, Item with { Rounding = WeightRounding.Block }, samples: 8);
        Assert.Contains(few.Accounts, a => a.Technique == "Reconstruction"
            && a.Notes.Single().StartsWith("fewer than 16 samples", StringComparison.Ordinal));
        CompressionRun plain = Run(graph, Item, samples: 8);
        Assert.Equal(plain.Model.Annotation<GraphQuantization>()!.Weights.Select(w => w.Value.Values),
            few.Model.Annotation<GraphQuantization>()!.Weights.Select(w => w.Value.Values));
        Assert.Contains(Run(graph, Item with { Rounding = WeightRounding.Adaptive, Layers = LayerRules.Parse("*:Float32")! }).Accounts,
            a => a.Technique == "Reconstruction" && a.Notes.Single() == "no weights that the build has rounded");
        Assert.DoesNotContain(plain.Accounts, a => a.Technique == "Reconstruction");
    }

    private static double Noise(Graph graph, CompressedModel model)
    {
        var evaluator = new GraphEvaluator(graph);
        var integers = new QuantizedGraphEvaluator(model.Graph, model.Annotation<GraphQuantization>()!);
        return FloatGraph.Samples(graph, 64, seed: 77).Samples.Aggregate(default(ErrorPower), (sum, s) =>
            sum + ErrorPower.Between(integers.Evaluate(s)[0], evaluator.Evaluate(s)[0])).Relative;
    }

    private static CompressionRun Run(Graph graph, ModelOptions options, int samples = 160) => CompressionTechniques.Run(
        new(graph), new TestContext(graph, FloatGraph.Samples(graph, samples, seed: 3)).Context(options));

    // A layer, a residual block of two, a depthwise layer and the one behind it.
    private static Graph Network()
    {
        var g = new FloatGraph();
        string a = g.Conv("a", g.Input("x", 1, 6, 6, 4), 4, 8, 3, relu: true);
        string d = g.Conv("d", g.Conv("c", a, 8, 8, 3, relu: true), 8, 8, 3);
        string s = g.Add("s", "Add", [a, d], n => FloatGraph.Relu(n));
        return g.Build(g.Conv("f", g.Conv("e", s, 8, 8, 3, relu: true, groups: 8), 8, 6, 1));
    }
}
