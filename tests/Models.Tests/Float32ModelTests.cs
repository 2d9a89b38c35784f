using OptimizerBuild.Compression;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering;
using OptimizerBuild.Models.Harness;
using OptimizerBuild.Onnx;
using OptimizerBuild.Operators;
using OptimizerBuild.Passes;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Models;

/// <summary>Real models in float32: the plan's execution against the reference evaluation, and the generated code against both.</summary>
public class Float32ModelTests
{
    [Theory]
    [InlineData("trained/fashion-mobilenet")]
    [InlineData("trained/mnist-lenet5")]
    [InlineData("trained/mnist-lenet-300-100")]
    [InlineData("trained/digits-mlp")]
    [InlineData("cntk/cntk_mnist")]
    [InlineData("mlperf-tiny/ic_resnet8")]
    [InlineData("mlperf-tiny/kws_dscnn")]
    [InlineData("mlperf-tiny/ad01")]
    [InlineData("magika/standard_v3_3")]
    [InlineData("ultraface/version-slim-320")]
    [InlineData("paddleocr/ch_ppocr_mobile_v2.0_cls_infer", "x=1,3,48,192")]
    public void APlanComputesWhatTheGraphMeans(string model, string shape = "")
    {
        SharedAssets.Require();
        Graph graph = Import(model, shape);
        LoweredModel lowered = GraphLowerer.Lower(new CompressedModel(PassPipeline.Run(graph)), new BoundaryOptions { ClassName = "Net" });
        PlannedModel planned = PlannedModel.Of(lowered, "Net");
        var executor = new PlanExecutor(planned.Plan, planned.Weights);
        using GeneratedModels generated = GeneratedModels.Compile(planned);
        var reference = new GraphEvaluator(graph);
        for (int seed = 0; seed < 2; seed++)
        {
            Tensor[] inputs = Inputs(graph, seed);
            Tensor[] expected = reference.Evaluate(inputs);
            Tensor[] actual = executor.Run(inputs);
            Tensor[] early = generated.Run(0, inputs);
            generated.WarmUp(0);
            Tensor[] shipped = generated.Run(0, inputs);
            for (int o = 0; o < expected.Length; o++)
            {
                Assert.Equal(actual[o].Data, early[o].Data);
                Assert.Equal(actual[o].Data, shipped[o].Data);
                AssertClose(expected[o], actual[o]);
            }
        }
    }

    private static Graph Import(string model, string shape)
    {
        ImportOptions options = ImportOptions.Default;
        if (shape.Length > 0)
            options = options.WithShape(shape.Split('=')[0], [.. shape.Split('=')[1].Split(',').Select(int.Parse)]);
        return OnnxImporter.Import(SharedAssets.Path("models/" + model + ".onnx"), options).Graph;
    }

    private static Tensor[] Inputs(Graph graph, int seed)
    {
        var random = new Random(seed);
        return [.. graph.Inputs.Select(name =>
        {
            TensorType type = graph.TypeOf(name);
            return type.Element switch
            {
                ElementType.Float32 => new Tensor(type, Enumerable.Range(0, type.Count).Select(_ => random.NextSingle()).ToArray()),
                ElementType.Int32 => new Tensor(type, Enumerable.Range(0, type.Count).Select(_ => random.Next(256)).ToArray()),
                _ => Tensor.Zeros(type),
            };
        })];
    }

    // Sums run in another order than the reference's; an error of 2^-13 of the greatest value is still rounding.
    private static void AssertClose(Tensor expected, Tensor actual)
    {
        Assert.Equal(expected.Type, actual.Type);
        if (expected.Element != ElementType.Float32)
        {
            Assert.Equal(expected.Data, actual.Data);
            return;
        }
        float[] e = expected.Values<float>();
        float[] a = actual.Values<float>();
        float scale = Math.Max(e.Max(Math.Abs), 1e-3f);
        for (int i = 0; i < e.Length; i++)
            Assert.True(Math.Abs(e[i] - a[i]) <= scale * 1.2e-4f, $"element {i} is {a[i]} instead of {e[i]}");
    }
}
