using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Operators;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Passes;

/// <summary>The real models of the development set compute the same after the passes, and the expected fusions have happened.</summary>
public sealed class RealModelPassTests
{
    [Theory]
    [InlineData("trained/digits-mlp", "Add:1 Gemm:3 Mul:1 Softmax:1")]
    [InlineData("trained/wine-mlp", "Add:1 Gemm:3 Mul:1 Softmax:1")]
    [InlineData("trained/cancer-mlp", "Add:1 Concat:1 Gemm:3 Mul:1 Sigmoid:1 Sub:1")]
    [InlineData("trained/mnist-lenet-300-100", "Gemm:3 Reshape:1")]
    [InlineData("trained/mnist-lenet5", "Conv:2 Gemm:2 MaxPool:2 Reshape:2")]
    [InlineData("trained/fashion-mobilenet", "Conv:11 Gemm:1 GlobalAveragePool:1 Reshape:2")]
    [InlineData("mlperf-tiny/ic_resnet8", "Add:3 Conv:9 Gemm:1 GlobalAveragePool:1 Reshape:1 Softmax:1")]
    [InlineData("mlperf-tiny/kws_dscnn", "Conv:9 Gemm:1 GlobalAveragePool:1 Reshape:1 Softmax:1")]
    [InlineData("mlperf-tiny/ad01", "Gemm:10")]
    [InlineData("cntk/cntk_mnist", "Conv:2 Gemm:1 MaxPool:2 Reshape:2")]
    [InlineData("paddleocr/ch_ppocr_mobile_v2.0_cls_infer",
        "Add:7 Conv:53 Gemm:1 GlobalAveragePool:10 HardSigmoid:9 HardSwish:18 MaxPool:1 Mul:9 Reshape:1 Softmax:1 Transpose:1")]
    [InlineData("ultraface/version-slim-320",
        "Add:2 Concat:3 Conv:42 FusedElementwise:1 Mul:2 Reshape:8 Slice:2 Softmax:1 Sub:1 Transpose:1")]
    [InlineData("magika/standard_v3_3",
        "Conv:1 Embedding:1 FusedElementwise:1 Gemm:1 GlobalMaxPool:1 LayerNormalization:2 Reshape:3 Softmax:1 Transpose:2")]
    [InlineData("tribuo/tinybert",
        "Add:5 Cast:1 FusedElementwise:2 Gather:3 Gemm:1 LayerNormalization:3 MatMul:8 Mul:1 Reshape:5 Softmax:1 Tanh:1 Transpose:1")]
    [InlineData("perf/mobilenet_v2", "Add:10 Conv:52 Gemm:1 GlobalAveragePool:1 Reshape:1 Transpose:1")]
    public void ComputesTheSameWithFewerNodes(string model, string census)
    {
        SharedAssets.Require();
        Graph graph = Import(model);
        Graph rewritten = PassPipeline.Run(graph);
        Assert.True(census == PassTests.Census(rewritten), $"{model}: {PassTests.Census(rewritten)} instead of {census}");
        PassTests.AssertConsistent(rewritten);
        AssertSame(graph, rewritten, model);
        // A technique that has changed the graph runs the passes again; they find nothing more to do where it has not.
        Assert.Equal(rewritten.Print(), PassPipeline.Run(rewritten).Print());
        foreach (Node node in rewritten.Nodes)
            if (node.OpType is "Conv" or "MaxPool" or "AveragePool" or "GlobalAveragePool" or "GlobalMaxPool")
                Assert.Equal(1, node.Int("channels_last", 0));
    }

    /// <summary>Relu and Relu6 stand in the nodes before them, so that none is left to compute.</summary>
    [Theory]
    [InlineData("mlperf-tiny/ic_resnet8", 7)]
    [InlineData("mlperf-tiny/kws_dscnn", 9)]
    [InlineData("trained/fashion-mobilenet", 11)]
    [InlineData("mlperf-tiny/ad01", 9)]
    public void ActivationsAreFused(string model, int activations)
    {
        SharedAssets.Require();
        Assert.Equal(activations, PassPipeline.Run(Import(model)).Nodes.Count(n => n.HasActivation()));
    }

    [Theory]
    [InlineData("trained/digits-mlp")]
    [InlineData("trained/mnist-lenet5")]
    [InlineData("trained/fashion-mobilenet")]
    [InlineData("mlperf-tiny/ic_resnet8")]
    [InlineData("mlperf-tiny/kws_dscnn")]
    [InlineData("cntk/cntk_mnist")]
    [InlineData("magika/standard_v3_3")]
    public void ComputesTheSameWithAnyPassTurnedOff(string model)
    {
        SharedAssets.Require();
        Graph graph = Import(model);
        foreach (IGraphPass pass in PassPipeline.All)
            AssertSame(graph, PassPipeline.Run(graph, off: new HashSet<string> { pass.Name }), $"{model} without {pass.Name}", samples: 1);
    }

    private static Graph Import(string model)
    {
        ImportOptions options = model.Split('/')[0] switch
        {
            "paddleocr" => ImportOptions.Default.WithShape("x", 1, 3, 48, 192),
            "tribuo" => ImportOptions.Default.WithShape("input_ids", 1, 16).WithShape("attention_mask", 1, 16).WithShape("token_type_ids",
                1, 16),
            _ => ImportOptions.Default,
        };
        return OnnxImporter.Import(SharedAssets.Path($"models/{model}.onnx"), options).Graph;
    }

    private static void AssertSame(Graph graph, Graph rewritten, string what, int samples = 2)
    {
        // Token types of the smallest vocabulary; bytes of files.
        int integers = what.StartsWith("tribuo", StringComparison.Ordinal) ? 2 : 257;
        var random = new Random(1);
        Tensor[][] inputs = [.. Enumerable.Range(0, samples).Select(_ => graph.Inputs.Select(i =>
            RandomTensors.Of(random, graph.TypeOf(i), integers)).ToArray())];
        Tensor[][] expected = new Operators.GraphEvaluator(graph).EvaluateMany(inputs),
            actual = new Operators.GraphEvaluator(rewritten).EvaluateMany(inputs);
        for (int s = 0; s < samples; s++)
            for (int o = 0; o < graph.Outputs.Length; o++)
                RandomTensors.AssertClose(expected[s][o], actual[s][o], 1e-4f, $"{what}, output {graph.Outputs[o]}");
    }
}
