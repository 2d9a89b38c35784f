using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Data;
using OptimizerBuild.Graphs;
using OptimizerBuild.Options;
using OptimizerBuild.Training;
using static OptimizerBuild.Compression.Recovery.RecoveryNetwork;

namespace OptimizerBuild.Compression.Recovery;

/// <summary>Recurrent layers that learn.</summary>
public sealed class RecurrentRecoveryTests
{
    /// <summary>Layers with a state win back what their weights lost, before and after rounding, in both directions.</summary>
    [Theory]
    [InlineData("Float32", "GRU")]
    [InlineData("Float32", "LSTM")]
    [InlineData("Int8", "GRU")]
    public void RecurrentLayersLearn(string arithmetic, string op)
    {
        ModelPrecision precision = Enum.Parse<ModelPrecision>(arithmetic);
        Graph graph = Recurrent(op);
        ModelOptions options = Item with { Sparsity = 0.7, Precision = precision };
        SampleSet judges = Samples(graph, 7, 200);
        CompressionRun without = Run(graph, options with { Recovery = false }, out CompressionContext plain);
        CompressionRun with = Run(graph, options, out CompressionContext context);
        double lost = 1 - plain.Measure(without.Model, judges).Accuracy, left = 1 - context.Measure(with.Model, judges).Accuracy;
        Assert.True(left < 0.7 * lost, $"of 1 − cosine {lost:g3} there is {left:g3} left");
        Node layer = Assert.Single(with.Model.Graph.Nodes, n => n.OpType == op);
        Assert.NotEqual(without.Model.Graph.Constants[layer.Inputs[1]].Values<float>(),
            with.Model.Graph.Constants[layer.Inputs[1]].Values<float>());
        if (precision == ModelPrecision.Float32)
            return;

        // Sixteen samples at a time, and the integers of the state's weights among what is trained.
        GraphQuantization quantization = without.Model.Annotation<GraphQuantization>()!;
        Assert.Contains(layer.Name, quantization.Weights.Keys);
        Assert.NotNull(BatchedGraph.Of(without.Model.Graph, 16));
        var student = new QuantizedStudent(without.Model.Graph, quantization, (_, _) => Quantization.Weights.WeightLevels.Bits8);
        Assert.Contains(student.Parameters, p => p.Name.StartsWith(layer.Name + "/weights", StringComparison.Ordinal));
    }

    /// <summary>Where states begin, and what a normalisation's values were like, is not learned.</summary>
    [Fact]
    public void StatesAndStatisticsStay()
    {
        Graph graph = Recurrent("LSTM", begins: true);
        var random = new RandomSource("test");
        Graph student = Students.StudentParameters.Of(graph, random, out IReadOnlyList<TrainedParameter> parameters);
        Assert.Equal(["b", "c.b", "c.w", "r", "scale", "shift", "w"], parameters.Select(p => p.Name).Order(StringComparer.Ordinal));
        foreach (string name in (string[])["h", "s", "mean", "variance"])
            Assert.True(graph.Constants[name].SameAs(student.Constants[name]));

        CompressionRun run = Run(graph, Item with { Sparsity = 0.7, Precision = ModelPrecision.Float32, RecoverySteps = 40 }, out _);
        Node layer = Assert.Single(run.Model.Graph.Nodes, n => n.OpType == "LSTM");
        Assert.Contains(run.Accounts, a => a.Technique == "Recovery");
        Assert.Equal(graph.Constants["h"].Values<float>(), run.Model.Graph.Constants[layer.Inputs[4]].Values<float>());
        Assert.Equal(graph.Constants["s"].Values<float>(), run.Model.Graph.Constants[layer.Inputs[5]].Values<float>());
    }

    // Six steps of eight numbers, of which the last state of both directions is read.
    internal static Graph Recurrent(string op, bool begins = false)
    {
        int gates = op == "GRU" ? 3 : 4;
        string[] functions = op == "GRU" ? ["Sigmoid", "Tanh"] : ["Sigmoid", "Tanh", "Tanh"];
        var g = new FloatGraph();
        string x = g.Add("steps", "Transpose", [g.Input("x", 1, 6, 8)], n => n.With("perm", 1, 0, 2));
        string products = g.Add("products", "Add",
            [g.Add("product", "MatMul", [x, g.Noise("w", 0.5, 8, 2 * gates * 12)]), g.Noise("wb", 0.1, 2 * gates * 12)]);
        string[] more = begins
            ? [g.Noise("b", 0.1, 2, 12), "", g.Noise("h", 0.5, 2, 1, 12), g.Noise("s", 0.5, 2, 1, 12)] : [];
        string state = g.Add("layer", op, [products, g.Noise("r", 0.3, 2, gates * 12, 12), .. more], n => RecurrentFunctions(n), 2);
        string flat = g.Add("flat", "Reshape",
            [g.Add("batch", "Transpose", [state + "1"], n => n.With("perm", 1, 0, 2)), g.Constant("shape", Tensor.Of([1L, 24], 2))]);
        if (begins)
            flat = g.Add("normal", "BatchNormalization", [flat, g.Noise("scale", 1, 24), g.Noise("shift", 0.1, 24),
                g.Noise("mean", 0.1, 24), g.Constant("variance", Tensor.Of(Enumerable.Repeat(0.2f, 24).ToArray(), 24))]);
        return g.Build(g.Dense("c", flat, 24, 6));

        Node RecurrentFunctions(Node node) => (node with { Domain = Node.InternalDomain })
            .With("direction", new AttributeValue.Text("bidirectional"))
            .With("activations", new AttributeValue.Texts([.. functions, .. functions]))
            .With("activation_alpha", new AttributeValue.Floats([.. functions.Concat(functions).Select(_ => 0f)]))
            .With("activation_beta", new AttributeValue.Floats([.. functions.Concat(functions).Select(_ => 0f)]));
    }
}
