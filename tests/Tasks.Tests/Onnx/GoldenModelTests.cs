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
        { "ultraface/version-slim-320", "" },
    };

    [SharedTheory]
    [MemberData(nameof(Models))]
    public void Gives_what_ONNX_Runtime_gives(string model, string shapes)
    {
        ImportOptions options = ImportOptions.Default;
        if (shapes.Split('=') is [var input, var dimensions])
            options = options.WithShape(input, [.. dimensions.Split(',').Select(int.Parse)]);
        Graph graph = OnnxImporter.Import(SharedAssets.Path($"models/{model}.onnx"), options).Graph;
        var evaluator = new GraphEvaluator(graph);
        IReadOnlyList<BackendDataSet> sets = BackendSuite.DataSetsOf(SharedAssets.Path($"golden/{model}"));

        Assert.NotEmpty(sets);
        foreach (BackendDataSet set in sets)
        {
            Tensor[] outputs = evaluator.Evaluate([.. set.Inputs.Select(TensorProtoReader.Read)]);
            Assert.Equal(set.Outputs.Count, outputs.Length);
            for (int i = 0; i < outputs.Length; i++)
                TensorComparison.AssertClose(TensorProtoReader.Read(set.Outputs[i]), outputs[i], relative: 1e-4, absolute: 1e-5);
        }
    }
}
