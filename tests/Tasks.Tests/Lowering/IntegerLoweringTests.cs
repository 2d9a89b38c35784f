using System.Collections.Immutable;
using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Simulation;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering.Int8;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Recurrent;

namespace OptimizerBuild.Lowering;

/// <summary>Integer forms that models rarely need, and what there is a lowering for.</summary>
public sealed class IntegerLoweringTests
{
    [Theory]
    [InlineData(70_000, "Int8DenseBlocked")]
    [InlineData(60_000, "Int8Dense")]
    public void SumsThatMayLeaveThirtyTwoBitsTakeTheKernelWithBlocks(int inputs, string kernel)
    {
        const int Outputs = 3;
        var random = new Random(1);
        var weights = new sbyte[inputs * Outputs];
        Array.Fill(weights, (sbyte)127);
        for (int i = 0; i < inputs / 10; i++)
            weights[random.Next(weights.Length)] = -127;
        var b = new Passes.GraphBuilder();
        string x = b.Input(1, inputs);
        Graph graph = b.Build(b.Add("Gemm", x, b.Constant(Tensor.Of(new float[inputs * Outputs], inputs, Outputs))));
        string y = graph.Outputs[0];
        string node = graph.Nodes[0].Name;
        var quantization = new GraphQuantization(
            Sorted((x, new ActivationQuantization(ActivationType.U8, 0.5, 3)),
                (y, new ActivationQuantization(ActivationType.S32, 1 / 1024.0, 0))),
            Sorted((node, new NodePrecision(true, "", null))),
            Sorted((node, new WeightQuantization(weights, [1e-6, 2e-6, 0.5e-6], [5, -7, 123456])
            {
                Layout = WeightLayout.Of(QuantizableNode.Of(graph, graph.Nodes[0]), isWide: true, addsBlocks: inputs > 65_000),
            })));

        LoweredModel lowered = GraphLowerer.Lower(new CompressedModel(graph, quantization), new BoundaryOptions());
        Assert.Equal(kernel, lowered.Calls.ElementAt(0).Kernel);
        Tensor sample = Tensor.Of([.. Enumerable.Range(0, inputs).Select(_ => random.NextSingle() * 126)], 1, inputs);
        Tensor[] expected = new QuantizedGraphEvaluator(graph, quantization).Evaluate([sample]);
        Assert.Equal(expected[0].Values<float>(), Plans.Execute(lowered).Run([sample])[0].Values<float>());
    }

    [Fact]
    public void AnInputThatIsAnOutputComesBackAsItWent()
    {
        var b = new Passes.GraphBuilder();
        string x = b.Input(1, 6);
        Graph graph = b.Build(b.Add("Sigmoid",
            b.Add("MatMul", x, b.Constant(Tensor.Of([.. Enumerable.Range(0, 18).Select(i => i / 9f)], 6, 3)))), x);
        PlanExecutor executor = Plans.Execute(GraphLowerer.Lower(Plans.Quantize(graph), new BoundaryOptions()));
        Tensor sample = Tensor.Of([0.1f, -0.2f, 0.333f, 1.9f, -1.7f, 0.01f], 1, 6);
        Assert.Equal(sample.Values<float>(), executor.Run([sample])[1].Values<float>());
        Assert.Contains(executor.Plan.Steps.OfType<Plan.PlanCall>(), s => s.Kernel.StartsWith("Int8", StringComparison.Ordinal));
    }

    [Fact]
    public void MultipliersLoseBitsRatherThanOverflow()
    {
        var b = new Passes.GraphBuilder();
        Graph graph = b.Build(b.Add("MatMul", b.Input(1, 200_000), b.Constant(Tensor.Of(new float[200_000], 200_000, 1))));
        var input = new ActivationQuantization(ActivationType.U8, 1, 255);
        var output = new ActivationQuantization(ActivationType.S32, 1, 0);
        var rows = new sbyte[200_000];
        Array.Fill(rows, (sbyte)127);
        var weights = new WeightQuantization(rows, [1.9], [0]);
        QuantizableNode node = QuantizableNode.Of(graph, graph.Nodes[0]);
        DotProductParameters parameters = DotProductParameters.Of(
            node.Node, weights, WeightLayout.Of(node, isWide: true, addsBlocks: true), input, output);
        Assert.Throws<InvalidOperationException>(() =>
            DotProductParameters.Of(node.Node, weights, WeightLayout.Of(node, isWide: true, addsBlocks: false), input, output));
        Int128 greatest = (Int128)(Math.Abs(parameters.Biases[0]) + (255L * 127 * rows.Length)) * parameters.Multipliers[0];
        Assert.True(greatest < (Int128)1 << 62);
        Assert.Equal(1.9, parameters.Multipliers[0] / Math.Pow(2, parameters.Shift), 1e-6);
    }

    [Fact]
    public void EveryOperatorThatCanRunInIntegersHasAnIntegerLoweringAndASimulation()
    {
        var operators = OperatorRegistry.All.Select(o =>
            new Node("n", o.OpType, ["x", "c", "c", "c", "c"], ["y"]) { Domain = o.Domain }.With("kernel_shape", 1, 1)).ToList();
        var missing = new List<string>();
        foreach (Node node in operators)
        {
            TensorType type = TensorType.Float32(1, 2, 3, 3);
            var context = new OperatorContext(
                node, [type, type, null, null, null], [null, Tensor.Zeros(type), null, null, null]);
            IntegerForm form;
            try
            {
                form = OperatorRegistry.Of(node).IntegerForm(context);
            }
            catch (ModelException)
            {
                continue;
            }
            // Recurrent layers of every kind are simulated by their reference evaluation on rounded weights.
            bool simulated = form == IntegerForm.Recurrent ? node.Is<RecurrentOperator>() : IntegerNode.Simulates(form, node);
            if (form != IntegerForm.None && (NodeLowerings.Find(LoweringForm.Integer, node) is null || !simulated))
                missing.Add($"{node.OpType} ({form})");
        }
        Assert.Empty(missing);
    }

    [Fact]
    public void EveryOperatorHasANativeLowering()
    {
        // Constants by definition, folded or expanded before lowering; nothing of them reaches it.
        string[] folded = ["Constant", "ConstantOfShape", "Shape", "Size", "Range"];
        Assert.Empty(OperatorRegistry.All.Where(o => !folded.Contains(o.OpType)
            && NodeLowerings.Find(LoweringForm.Native, new Node("n", o.OpType, [], []) { Domain = o.Domain }) is null)
            .Select(o => o.Domain + "::" + o.OpType));
    }

    [Fact]
    public void FormWithoutKernelIsACodedError()
    {
        var b = new Passes.GraphBuilder();
        Graph graph = b.Build(b.Add("Conv", b.Input(1, 2, 4, 4, 4), b.Weights(3, 2, 3, 3, 3)));
        string node = graph.Nodes[0].Name;
        var quantization = new GraphQuantization(
            Sorted((graph.Inputs[0], new ActivationQuantization(ActivationType.U8, 0.5, 3)),
                (graph.Outputs[0], new ActivationQuantization(ActivationType.U8, 1, 0))),
            Sorted((node, new NodePrecision(true, "", null))),
            Sorted((node, new WeightQuantization(new sbyte[162], [1, 1, 1], [0, 0, 0]))));
        ModelException error = Assert.Throws<ModelException>(() =>
            GraphLowerer.Lower(new CompressedModel(graph, quantization), new BoundaryOptions()));
        Assert.Equal("OPT0029", error.Diagnostic.Descriptor.Code);
        Assert.Contains(node, error.Diagnostic.Text, StringComparison.Ordinal);
    }

    private static ImmutableSortedDictionary<string, T> Sorted<T>(params ReadOnlySpan<(string Key, T Value)> entries)
    {
        var builder = ImmutableSortedDictionary.CreateBuilder<string, T>(StringComparer.Ordinal);
        foreach ((string key, T value) in entries)
            builder.Add(key, value);
        return builder.ToImmutable();
    }
}
