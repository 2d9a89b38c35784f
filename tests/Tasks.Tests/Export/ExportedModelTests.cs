using OptimizerBuild.Compression;
using OptimizerBuild.Graphs;
using OptimizerBuild.Harness;
using OptimizerBuild.Lowering;
using OptimizerBuild.Onnx;
using OptimizerBuild.Operators;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Export;

/// <summary>Exported models in ONNX Runtime: no attribute of this build's own reaches the file, and none is lost either.</summary>
public sealed class ExportedModelTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AnActivationInsideAFusedFunctionIsWritten(bool quantised) => Check(
        new ModelBuilder().Input("x", 2, 8).Node("Add", "x,x", "a").Node("Relu", "a", "r").Node("Sigmoid", "r", "y").Output("y"),
        quantised, x => 1 / (1 + Math.Exp(-Math.Max(2 * x, 0))));

    [Theory]
    [InlineData(13)]
    [InlineData(18)]
    public void ASplitWithoutSizesNamesItsParts(int opset)
    {
        ModelBuilder model = new ModelBuilder(opset).Input("x", 2, 8);
        if (opset < 18)
            model.Node("Split", "x", "p,q", ("axis", 1));
        else
            model.Node("Split", "x", "p,q", ("axis", 1), ("num_outputs", 2));
        Check(model.Node("Concat", "q,p", "s", ("axis", 1)).Node("Neg", "s", "t").Node("Split", "t", "u,v",
            opset < 18 ? [("axis", 1)] : [("axis", 1), ("num_outputs", 2)])
            .Node("Concat", "v,u", "y", ("axis", 1)).Output("y"), false, x => -x);
    }

    private static void Check(ModelBuilder model, bool quantised, Func<double, double> function)
    {
        Graph graph = PassPipeline.Run(model.Import());
        CompressedModel compressed = quantised ? Plans.Quantize(graph) : new CompressedModel(graph);
        byte[] file = QdqExporter.Export(compressed);
        Graph exported = OnnxImporter.Import(file, "exported.onnx", ImportOptions.Default).Graph;
        float[] x = [.. Enumerable.Range(0, 16).Select(i => (i - 7.5f) / 4)];
        Tensor input = Tensor.Of(x, 2, 8);
        float[] runtime = OnnxRuntimeModel.Run(file, exported, [input])[0].Values<float>();
        float[] reference = new GraphEvaluator(exported).Evaluate([input])[0].Values<float>();
        for (int i = 0; i < x.Length; i++)
        {
            Assert.Equal(function(x[i]), runtime[i], quantised ? 0.02 : 1e-5);
            Assert.Equal(reference[i], runtime[i], quantised ? 0.02f : 1e-5f);
        }
    }
}
