using System.Globalization;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Operators;
using OptimizerBuild.Testing;
using Xunit.Abstractions;

namespace OptimizerBuild.Passes;

/// <summary>The real models of the development set compute the same after the passes, and the expected fusions have happened.</summary>
public sealed class RealModelPassTests(ITestOutputHelper log)
{
    [SharedTheory]
    [InlineData("trained/digits-mlp")]
    [InlineData("trained/wine-mlp")]
    [InlineData("trained/cancer-mlp")]
    [InlineData("trained/mnist-lenet-300-100")]
    [InlineData("trained/mnist-lenet5")]
    [InlineData("trained/fashion-mobilenet")]
    [InlineData("mlperf-tiny/ic_resnet8")]
    [InlineData("mlperf-tiny/kws_dscnn")]
    [InlineData("mlperf-tiny/ad01")]
    [InlineData("cntk/cntk_mnist")]
    [InlineData("paddleocr/ch_ppocr_mobile_v2.0_cls_infer")]
    [InlineData("ultraface/version-slim-320")]
    [InlineData("magika/standard_v3_3")]
    [InlineData("tribuo/tinybert")]
    public void ComputesTheSameWithFewerNodes(string model)
    {
        Graph graph = Import(model);
        Graph rewritten = PassPipeline.Run(graph);
        log.WriteLine(rewritten.Print());
        log.WriteLine(Census(rewritten));
        AssertSame(graph, rewritten, model);
    }

    private static Graph Import(string model)
    {
        ImportOptions options = model.StartsWith("paddleocr", StringComparison.Ordinal) ? ImportOptions.Default.WithShape("x", 1, 3, 48, 192) : model.StartsWith("tribuo", StringComparison.Ordinal) ? ImportOptions.Default.WithShape("input_ids", 1, 16).WithShape("attention_mask", 1, 16).WithShape("token_type_ids", 1, 16)
            : ImportOptions.Default;
        return OnnxImporter.Import(SharedAssets.Path($"models/{model}.onnx"), options).Graph;
    }

    private static string Census(Graph graph) => string.Join(' ', graph.Nodes.GroupBy(n => n.OpType, StringComparer.Ordinal)
        .OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => string.Create(CultureInfo.InvariantCulture, $"{g.Key}:{g.Count()}")));

    private static void AssertSame(Graph graph, Graph rewritten, string model)
    {
        Assert.Equal(graph.Inputs.ToArray(), rewritten.Inputs.ToArray());
        Assert.Equal(graph.Outputs.ToArray(), rewritten.Outputs.ToArray());
        var random = new Random(1);
        for (int sample = 0; sample < 2; sample++)
        {
            Tensor[] inputs = [.. graph.Inputs.Select(i => RandomTensors.Of(random, graph.TypeOf(i), integers: 200))];
            Tensor[] expected = new GraphEvaluator(graph).Evaluate(inputs), actual = new GraphEvaluator(rewritten).Evaluate(inputs);
            for (int o = 0; o < expected.Length; o++)
                RandomTensors.AssertClose(expected[o], actual[o], 1e-4f, $"{model}, output {graph.Outputs[o]}");
        }
    }
}
