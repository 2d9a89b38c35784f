using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Onnx;

/// <summary>The models of the development set, evaluated in float and compared with ONNX Runtime's outputs.</summary>
public sealed class GoldenModelTests
{
    /// <summary>Model (below models and golden) and the shapes it needs.</summary>
    public static TheoryData<string, string> Models => new()
    {
        { "cntk/cntk_mnist", "" },
        { "magika/standard_v3_3", "" },
        { "mlperf-tiny/ad01", "" },
        { "mlperf-tiny/ic_resnet8", "" },
        { "mlperf-tiny/kws_dscnn", "" },
        { "paddleocr/ch_ppocr_mobile_v2.0_cls_infer", "x=1,3,48,192" },
        { "tribuo/tinybert", "" },
        { "ultraface/version-slim-320", "" },
    };

    [Theory]
    [InlineData("trained/fashion-mobilenet", 3.28, 3.3)]
    [InlineData("perf/mobilenet_v2", 299, 302)]
    public void Multiply_accumulates_are_counted(string model, double atLeast, double atMost)
    {
        SharedAssets.Require();
        Graph graph = OnnxImporter.Import(SharedAssets.Path($"models/{model}.onnx"), ImportOptions.Default).Graph;

        Assert.InRange(new GraphEvaluator(graph).MultiplyAccumulates / 1e6, atLeast, atMost);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Gives_what_ONNX_Runtime_gives(string model, string shapes)
    {
        SharedAssets.Require();
        ImportOptions options = ImportOptions.Default;
        if (shapes.Split('=') is [var input, var dimensions])
            options = options.WithShape(input, [.. dimensions.Split(',').Select(int.Parse)]);
        string file = SharedAssets.Path($"models/{model}.onnx");
        IReadOnlyList<BackendDataSet> sets = BackendSuite.DataSetsOf(SharedAssets.Path($"golden/{model}"));

        Assert.NotEmpty(sets);
        foreach (BackendDataSet set in sets)
        {
            Tensor[] inputs = [.. set.Inputs.Select(TensorProtoReader.Read)];
            if (model == "tribuo/tinybert")
                options = ((string[])["input_ids", "attention_mask", "token_type_ids"]).Zip(inputs)
                    .Aggregate(options, (o, i) => o.WithShape(i.First, i.Second.Dimensions.AsSpan()));
            Tensor[] outputs = new GraphEvaluator(OnnxImporter.Import(file, options).Graph).Evaluate(inputs);
            Assert.Equal(set.Outputs.Count, outputs.Length);
            for (int i = 0; i < outputs.Length; i++)
                TensorComparison.AssertClose(TensorProtoReader.Read(set.Outputs[i]), outputs[i], relative: 1e-4, absolute: 1e-5);
        }
    }
}
