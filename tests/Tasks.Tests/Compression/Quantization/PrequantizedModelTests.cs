using OptimizerBuild.Data;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>
/// Models that are quantised already run in integers with their own scales, within one level of what they compute in float.
/// </summary>
public sealed class PrequantizedModelTests
{
    /// <summary>Whether activations are s8, forms of weights and seeds.</summary>
    public static TheoryData<bool, WeightForm, int> Networks
    {
        get
        {
            var data = new TheoryData<bool, WeightForm, int>();
            foreach (bool isSigned in (bool[])[false, true])
                foreach (WeightForm weights in Enum.GetValues<WeightForm>())
                    for (int seed = 0; seed < 3; seed++)
                        data.Add(isSigned, weights, seed);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Networks))]
    public void ANetworkOfImages(bool isSigned, WeightForm weights, int seed)
    {
        var net = new QuantizedNetwork(seed, isSigned ? ElementType.Int8 : ElementType.UInt8, weights);
        string x = net.Input(1, 3, 12, 12);
        x = net.Conv(x, 8, 3, activation: "Relu", stride: 1 + (seed % 2));
        string branch = x;
        // A depthwise kernel reads a channel once, so that its weights have 8 bits with their sign.
        int groups = weights == WeightForm.UnsignedAsymmetric ? 4 : 8;
        x = net.Conv(x, 8, 3, group: groups, activation: "Relu");
        x = net.Conv(net.Conv(x, 8, 1, group: groups), 8, 1);
        x = net.Op("Add", [x, branch]);
        x = net.Move("MaxPool", [x], ("kernel_shape", new long[] { 2, 2 }), ("strides", new long[] { 2, 2 }));
        string left = net.Op("Sigmoid", [net.Conv(x, 6, 1)]), right = net.Conv(x, 10, 3, group: 2, dilation: 2);
        x = net.Op("Concat", [left, right], ("axis", 1));
        x = net.Op("AveragePool", [x], ("kernel_shape", new long[] { 2, 2 }), ("pads", new long[] { 1, 1, 0, 0 }));
        x = net.Op("GlobalAveragePool", [x]);
        x = net.Move("Flatten", [x]);
        Check(net, net.Gemm(x, 10));
    }

    [Theory]
    [MemberData(nameof(Networks))]
    public void ANetworkOfRows(bool isSigned, WeightForm weights, int seed)
    {
        var net = new QuantizedNetwork(seed, isSigned ? ElementType.Int8 : ElementType.UInt8, weights);
        string x = net.Input(4, 24);
        x = net.MatMul(x, 16);
        x = net.Op("Relu", [x]);
        string y = net.Op("Tanh", [net.MatMul(x, 16)]);
        x = net.Op("Mul", [x, y]);
        x = net.Move("Reshape", [x, net.Ints(2, 2, 16)]);
        x = net.Move("Transpose", [x], ("perm", new long[] { 0, 2, 1 }));
        x = net.Move("Reshape", [x, net.Ints(4, 16)]);
        Check(net, net.Gemm(x, 5));
    }

    [Theory]
    [MemberData(nameof(Networks))]
    public void ANetworkThatNormalisesRows(bool isSigned, WeightForm weights, int seed)
    {
        var net = new QuantizedNetwork(seed, isSigned ? ElementType.Int8 : ElementType.UInt8, weights);
        var random = new Random(seed);
        net.Model.Constant("gamma", Tensor.Of([.. Enumerable.Range(0, 24).Select(_ => (float)(random.NextDouble() + 0.5))], 24))
            .Constant("beta", Tensor.Of([.. Enumerable.Range(0, 24).Select(_ => (float)(random.NextDouble() - 0.5))], 24));
        string x = net.MatMul(net.Input(2, 3, 24), 24);
        x = seed == 2 ? net.Op("RMSNormalization", [x, "gamma"], ("axis", -1), ("epsilon", 1e-3f))
            : net.Op("LayerNormalization", seed == 1 ? [x, "gamma"] : [x, "gamma", "beta"], ("axis", -1), ("epsilon", 1e-3f));
        Check(net, net.MatMul(x, 7));
    }

    [Theory]
    [MemberData(nameof(Networks))]
    public void ANetworkThatResizes(bool isSigned, WeightForm weights, int seed)
    {
        foreach ((string method, string mode) in ((string, string)[])[("linear", "half_pixel"), ("linear", "pytorch_half_pixel"),
            ("linear", "align_corners"), ("linear", "asymmetric"), ("linear", "half_pixel_symmetric"), ("cubic", "half_pixel")])
        {
            var net = new QuantizedNetwork(seed, isSigned ? ElementType.Int8 : ElementType.UInt8, weights);

            // No halves: means of two levels would be ties, of which each is a level off, and which the layer behind adds up.
            net.Model.Constant("scales", Tensor.Of<float>(seed == 1 ? [1, 1, 2, 1.6f] : [1, 1, 0.6f, 2.3f], 4));
            string x = net.Conv(net.Input(1, 3, 6, 7), 17, 3, activation: "Relu");
            (string, object)[] attributes = [("mode", method), ("coordinate_transformation_mode", mode), ("antialias", seed / 2)];

            // Quantisers give the result the levels of the input, or levels of its own.
            x = seed == 0 ? net.Op("Resize", [x, "", "scales"], attributes) : net.Move("Resize", [x, "", "scales"], attributes);
            Check(net, net.Conv(x, 4, 3));
        }
    }

    // Without levels of their own behind them, sums are handed over with 32 bits and results are as near as float32 numbers.
    [Fact]
    public void TheLastSumsKeepTheirBits()
    {
        var net = new QuantizedNetwork(3, ElementType.UInt8, WeightForm.SignedPerChannel);
        string x = net.Gemm(net.Input(2, 12), 7);
        Check(net, net.Gemm(x, 3, rounds: false), 1e-4f);
    }

    private static void Check(QuantizedNetwork net, string output, float? quantum = null)
    {
        Graph imported = net.Model.Output(output).Import();
        Graph graph = PassPipeline.Run(imported);
        foreach (ModelPrecision precision in (ModelPrecision[])[ModelPrecision.Auto, ModelPrecision.Int8, ModelPrecision.Float32])
        {
            CompressionResult result = new Quantizer(new QuantizationOptions { Precision = precision })
                .Apply(new CompressedModel(graph), SampleSet.Empty, CancellationToken.None);
            GraphQuantization quantization = result.Model.Annotation<GraphQuantization>()!;
            if (precision != ModelPrecision.Float32)
            {
                Assert.True(quantization.HasScalesOfModel);
                Assert.Equal([], quantization.Nodes.Where(n => !n.Value.Integer).Select(n => $"{n.Key}: {n.Value.Reason}"));
                Assert.Empty(result.Diagnostics);
            }
            QuantizationInvariants.Check(result.Model.Graph, quantization);
            PlanExecutor executor = Plans.Execute(GraphLowerer.Lower(result.Model, new BoundaryOptions()));
            var random = new Random(5);
            for (int i = 0; i < 3; i++)
            {
                IReadOnlyList<Tensor> sample = net.Sample(random);
                float[] expected = new GraphEvaluator(imported).Evaluate(sample)[0].Values<float>();
                float[] actual = executor.Run(sample)[0].Values<float>();
                Assert.True(expected.Distinct().Count() > 4, "the output hardly moves");
                float step = quantum ?? net.Scale(output);
                for (int k = 0; k < expected.Length; k++)
                    Assert.True(Math.Abs(expected[k] - actual[k]) <= step * 1.01f,
                        $"{precision}: element {k} is {actual[k]} instead of {expected[k]}, {(actual[k] - expected[k]) / step} levels off");
            }
        }
    }
}
