using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Simulation;
using OptimizerBuild.Data;
using OptimizerBuild.Export;
using OptimizerBuild.Graphs;
using OptimizerBuild.Harness;
using OptimizerBuild.Lowering.Weights;
using OptimizerBuild.Onnx;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Recurrent;
using OptimizerBuild.Options;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Lowering;

/// <summary>
/// Recurrent layers in every form through import, passes, quantisation and lowering, beside ONNX Runtime; with rounded weights beside the
/// simulation; and exported, read back and run by ONNX Runtime.
/// </summary>
public sealed class RecurrentLayerTests
{
    private const int Steps = 7;
    private const int Batch = 2;
    private const int Inputs = 9;

    /// <summary>Layer, direction, and what is special: letters that <see cref="Model"/> explains.</summary>
    public static TheoryData<string, string, string> Forms
    {
        get
        {
            var data = new TheoryData<string, string, string>();
            foreach (string layer in (string[])["LSTM", "GRU", "RNN"])
            {
                foreach (string direction in (string[])["forward", "reverse", "bidirectional"])
                {
                    data.Add(layer, direction, "");
                    data.Add(layer, direction, "BHS");
                    data.Add(layer, direction, "BL");
                }
                data.Add(layer, "forward", "BK");
                data.Add(layer, "bidirectional", "BA");
            }
            foreach (string direction in (string[])["forward", "bidirectional"])
            {
                data.Add("LSTM", direction, "BPHCS");
                data.Add("LSTM", direction, "BCF");
                data.Add("GRU", direction, "BR");
                data.Add("GRU", direction, "RHS");
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void FloatPlansGiveWhatOnnxRuntimeGives(string layer, string direction, string form)
    {
        (ModelBuilder model, Tensor[] sample) = Model(layer, direction, form, 1);
        Graph graph = PassPipeline.Run(model.Import());
        Assert.Contains(graph.Nodes, n => n.Is<RecurrentOperator>());
        Tensor[] expected = OnnxRuntimeModel.Run(model.Bytes, graph, sample);
        Near(expected, new GraphEvaluator(graph).Evaluate(sample), "reference");
        Near(expected, Plans.Execute(GraphLowerer.Lower(new CompressedModel(graph), new BoundaryOptions())).Run(sample), "plan");
        byte[] exported = QdqExporter.Export(new CompressedModel(graph));
        Near(expected, OnnxRuntimeModel.Run(exported, graph, sample), "export");
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void RoundedPlansGiveWhatTheSimulationGives(string layer, string direction, string form)
    {
        Graph graph = PassPipeline.Run(Model(layer, direction, form, 1).Model.Import());
        SampleSet samples = new([.. Enumerable.Range(1, 8).Select(i => Model(layer, direction, form, i).Sample)], false);
        CompressedModel model = new Quantizer(new QuantizationOptions { Precision = ModelPrecision.Auto })
            .Apply(new CompressedModel(graph), samples, CancellationToken.None).Model;
        GraphQuantization quantization = model.Annotation<GraphQuantization>()!;
        QuantizationInvariants.Check(model.Graph, quantization);
        Node node = Assert.Single(model.Graph.Nodes, n => n.Is<RecurrentOperator>());
        Assert.True(quantization.Nodes[node.Name].Integer, quantization.Nodes[node.Name].Reason);
        Assert.Equal(1, quantization.IntegerMacShare(model.Graph));

        LoweredModel lowered = GraphLowerer.Lower(model, new BoundaryOptions());
        WeightSection[] sections = [.. lowered.Sections.Where(s => s.Node == node.Name)];
        Assert.Equal(RecurrentOperator.Directions(node), sections.Length);
        Assert.All(sections, s => Assert.Equal("s8", s.Storage.Name));
        Evaluation.PlanExecutor executor = Plans.Execute(lowered);
        var simulation = new QuantizedGraphEvaluator(model.Graph, quantization);
        byte[] exported = QdqExporter.Export(model);
        for (int i = 20; i < 24; i++)
        {
            Tensor[] sample = Model(layer, direction, form, i).Sample;
            Tensor[] actual = executor.Run(sample), expected = simulation.Evaluate(sample);
            Near(expected, actual, "simulation", 2e-4);
            Cosine(new GraphEvaluator(graph).Evaluate(sample), actual, "float", 0.995);
            Cosine(OnnxRuntimeModel.Run(exported, graph, sample), actual, "export", 0.999);
        }
    }

    [Fact]
    public void WeightsKnownAtRunTimeGiveTheSame()
    {
        foreach (string layer in (string[])["LSTM", "GRU", "RNN"])
        {
            (ModelBuilder model, Tensor[] sample) = Model(layer, "bidirectional", "BW", 3);
            Graph graph = PassPipeline.Run(model.Import());
            Tensor[] expected = OnnxRuntimeModel.Run(model.Bytes, graph, sample);
            Near(expected, Plans.Execute(GraphLowerer.Lower(new CompressedModel(graph), new BoundaryOptions())).Run(sample), layer);
        }
    }

    [Theory]
    [InlineData("LSTM")]
    [InlineData("GRU")]
    [InlineData("RNN")]
    public void TheBatchMayComeFirst(string layer)
    {
        (ModelBuilder model, Tensor[] sample) = Model(layer, "bidirectional", "B", 4);
        Tensor[] expected = new GraphEvaluator(model.Import()).Evaluate(sample);
        (ModelBuilder first, Tensor[] _) = Model(layer, "bidirectional", "B1", 4);
        Graph graph = PassPipeline.Run(first.Import());
        float[] x = sample[0].Values<float>();
        var swapped = new float[x.Length];
        for (int i = 0; i < x.Length; i++)
            swapped[(((i / Inputs % Batch * Steps) + (i / Inputs / Batch)) * Inputs) + (i % Inputs)] = x[i];
        Tensor[] actual = Plans.Execute(GraphLowerer.Lower(new CompressedModel(graph), new BoundaryOptions()))
            .Run([Tensor.Of(swapped, Batch, Steps, Inputs)]);

        // [steps, directions, batch, size] against [batch, steps, directions, size], and states with the batch first.
        int size = expected[0].Dimensions[3];
        Assert.Equal([Batch, Steps, 2, size], actual[0].Dimensions);
        Assert.Equal([Batch, 2, size], actual[1].Dimensions);
        for (int b = 0; b < Batch; b++)
            for (int d = 0; d < 2; d++)
                for (int k = 0; k < size; k++)
                {
                    Assert.Equal(expected[1].Values<float>()[(((d * Batch) + b) * size) + k],
                        actual[1].Values<float>()[(((b * 2) + d) * size) + k], 1e-5f);
                    for (int t = 0; t < Steps; t++)
                        Assert.Equal(expected[0].Values<float>()[(((((t * 2) + d) * Batch) + b) * size) + k],
                            actual[0].Values<float>()[(((((b * Steps) + t) * 2) + d) * size) + k], 1e-5f);
                }
    }

    [Fact]
    public void AThousandStepsAreOneStepOfThePlan()
    {
        var random = new Random(5);
        var model = new ModelBuilder().Input("x", 5000, 1, 4)
            .Constant("w", Noise(random, 0.5f, 1, 24, 4)).Constant("r", Noise(random, 0.4f, 1, 24, 6))
            .Node("LSTM", "x,w,r", "y,h,c", ("hidden_size", 6)).Output("h");
        LoweredModel lowered = GraphLowerer.Lower(new CompressedModel(PassPipeline.Run(model.Import())), new BoundaryOptions());
        Assert.True(lowered.Calls.Count() <= 3);
        Tensor sample = Noise(random, 1, 5000, 1, 4);
        Near(OnnxRuntimeModel.Run(model.Bytes, model.Import(), [sample]), Plans.Execute(lowered).Run([sample]), "5,000 steps");
    }

    // B: biases, H: first hidden state as an input, C: first cell state, S: lengths of sequences, P: peepholes, F: coupled gates,
    // R: the reset gate meets the product, L: clip, A: other activations, K: names in any case where ONNX Runtime knows them, W: weights as
    // inputs,
    // 1: the batch comes first.
    private static (ModelBuilder Model, Tensor[] Sample) Model(string layer, string direction, string form, int seed)
    {
        var weights = new Random(77);
        var random = new Random(seed);
        int directions = direction == "bidirectional" ? 2 : 1, size = 11, rows = size * (layer == "LSTM" ? 4 : layer == "GRU" ? 3 : 1);
        var model = new ModelBuilder(14);
        var sample = new List<Tensor>();
        string[] names = ["x", "w", "r", "", "", "", "", ""];
        Variable("x", Noise(random, 1, form.Contains('1') ? [Batch, Steps, Inputs] : [Steps, Batch, Inputs]));
        Weight("w", Noise(weights, 0.5f, directions, rows, Inputs));
        Weight("r", Noise(weights, 0.4f, directions, rows, size));
        if (form.Contains('B'))
            Weight(names[3] = "b", Noise(weights, 0.3f, directions, 2 * rows));
        if (form.Contains('S'))
            Variable(names[4] = "lengths", Tensor.Of([5, 2], Batch));
        if (form.Contains('H'))
            Variable(names[5] = "h0", Noise(random, 1, directions, Batch, size));
        if (form.Contains('C'))
            Variable(names[6] = "c0", Noise(random, 1, directions, Batch, size));
        if (form.Contains('P'))
            Weight(names[7] = "p", Noise(weights, 0.5f, directions, 3 * size));
        var attributes = new List<(string, object)> { ("hidden_size", size), ("direction", direction) };
        if (form.Contains('F'))
            attributes.Add(("input_forget", 1));
        if (form.Contains('R'))
            attributes.Add(("linear_before_reset", 1));
        if (form.Contains('L'))
            attributes.Add(("clip", 0.7f));
        if (form.Contains('1'))
            attributes.Add(("layout", 1));
        string[] one = layer == "LSTM" ? ["HardSigmoid", "Affine", "ScaledTanh"] : layer == "GRU" ? ["HardSigmoid", "Softsign"]
            : ["ScaledTanh"];
        string[] other = layer == "LSTM" ? ["Sigmoid", "LeakyRelu", "Tanh"] : layer == "GRU" ? ["Sigmoid", "ScaledTanh"] : ["Softsign"];
        if (form.Contains('A'))
        {
            attributes.Add(("activations", (string[])[.. one, .. other]));
            attributes.Add(("activation_alpha", layer == "LSTM" ? (float[])[0.3f, 0.8f, 0.9f, 0.1f]
                : layer == "GRU" ? [0.3f, 0.9f] : (float[])[0.9f]));
            attributes.Add(("activation_beta", layer == "LSTM" ? (float[])[0.4f, 0.1f, 0.7f]
                : layer == "GRU" ? [0.4f, 0.7f] : (float[])[0.7f]));
        }
        if (form.Contains('K'))
            attributes.Add(("activations", layer == "LSTM" ? (string[])["sigmoid", "TANH", "Tanh"]
                : layer == "GRU" ? ["SIGMOID", "tanh"] : (string[])["Relu"]));
        string[] outputs = layer == "LSTM" ? ["y", "yh", "yc"] : ["y", "yh"];
        return (model.Node(layer, string.Join(',', names).TrimEnd(','), string.Join(',', outputs), [.. attributes]).Output(outputs),
            [.. sample]);

        void Variable(string name, Tensor value)
        {
            model.Input(name, value.Element, [.. value.Dimensions.Cast<object?>()]);
            sample.Add(value);
        }

        void Weight(string name, Tensor value)
        {
            if (form.Contains('W'))
                Variable(name, value);
            else
                model.Constant(name, value);
        }
    }

    private static Tensor Noise(Random random, float greatest, params int[] dimensions) => Tensor.Of(
        [.. Enumerable.Range(0, Shapes.Count(dimensions)).Select(_ => ((2 * random.NextSingle()) - 1) * greatest)], dimensions);

    private static void Near(Tensor[] expected, Tensor[] actual, string what, double tolerance = 2e-5)
    {
        for (int o = 0; o < expected.Length; o++)
        {
            Assert.Equal(expected[o].Type, actual[o].Type);
            float[] e = expected[o].Values<float>(), a = actual[o].Values<float>();
            for (int i = 0; i < e.Length; i++)
                Assert.True(Math.Abs(e[i] - a[i]) <= tolerance, $"{what}: output {o}, element {i} is {a[i]} instead of {e[i]}");
        }
    }

    private static void Cosine(Tensor[] expected, Tensor[] actual, string what, double least)
    {
        for (int o = 0; o < expected.Length; o++)
        {
            double product = 0, first = 0, second = 0;
            foreach ((float e, float a) in expected[o].Values<float>().Zip(actual[o].Values<float>()))
                (product, first, second) = (product + (e * (double)a), first + (e * (double)e), second + (a * (double)a));
            Assert.True(product / Math.Sqrt(first * second) >= least, $"{what}: output {o} {product / Math.Sqrt(first * second)}");
        }
    }
}
