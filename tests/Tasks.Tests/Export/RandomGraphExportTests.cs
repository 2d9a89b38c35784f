using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Simulation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Harness;
using OptimizerBuild.Lowering;
using OptimizerBuild.Onnx;
using OptimizerBuild.Operators;
using OptimizerBuild.Passes;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Export;

/// <summary>Drawn graphs through passes, quantisation and export, read back by the importer.</summary>
public sealed class RandomGraphExportTests
{
    [Fact]
    public void FloatModelsComputeTheSame() => PropertyCheck.Holds(GraphDescription.All, description =>
    {
        Graph graph = PassPipeline.Run(description.Build());
        byte[] file = QdqExporter.Export(new CompressedModel(graph));
        Graph exported = Import(file);
        IReadOnlyList<Tensor> sample = description.Sample(graph, 0);
        Tensor[] expected = new GraphEvaluator(graph).Evaluate(sample), actual = new GraphEvaluator(exported).Evaluate(sample);
        Assert.Equal<IEnumerable<string>>(graph.Outputs, exported.Outputs);
        for (int o = 0; o < expected.Length; o++)
            RandomTensors.AssertClose(expected[o], actual[o], 1e-4f, $"output {o}\n{graph.Print()}\n{exported.Print()}");
        Tensor[] runtime = OnnxRuntimeModel.Run(file, exported, sample);
        for (int o = 0; o < expected.Length; o++)
            RandomTensors.AssertClose(expected[o], runtime[o], 1e-3f, $"output {o} in ONNX Runtime\n{exported.Print()}");
    }, 200);

    [Fact]
    public void CompressedModelsComputeTheSameUpToRounding()
    {
        double worst = 1;
        int compared = 0;
        PropertyCheck.Holds(GraphDescription.All, description =>
        {
            CompressedModel model = Plans.Quantize(PassPipeline.Run(description.Build()));
            byte[] file = QdqExporter.Export(model);
            Graph exported = Import(file);
            var simulation = new QuantizedGraphEvaluator(model.Graph, model.Annotation<GraphQuantization>()!);
            var evaluator = new GraphEvaluator(exported);
            IReadOnlyList<Tensor> sample = description.Sample(model.Graph, 0);
            Tensor[] expected = simulation.Evaluate(sample), actual = evaluator.Evaluate(sample);
            Tensor[] runtime = OnnxRuntimeModel.Run(file, exported, sample);
            for (int o = 0; o < expected.Length; o++)
            {
                Assert.Equal(expected[o].Type, actual[o].Type);
                float[] e = expected[o].Values<float>(), a = actual[o].Values<float>();

                // Of an output that hardly moves, a step of its scale turns everything round; zeros have no direction.
                double step = model.Annotation<GraphQuantization>()!.Values.TryGetValue(model.Graph.Outputs[o],
                    out ActivationQuantization? q) ? q.Scale : 0;
                if (e.Zip(a).All(p => Math.Abs(p.First - p.Second) <= Math.Max(1.5 * step, 1e-6)))
                {
                    compared++;
                    continue;
                }
                double cosine = Cosine(e, a);
                Assert.True(cosine > 0.97, $"output {o}: cosine {cosine}\n{model.Graph.Print()}\n{exported.Print()}");
                double inRuntime = Cosine(a, runtime[o].Values<float>());
                Assert.True(inRuntime > 0.97, $"output {o}: cosine {inRuntime} in ONNX Runtime\n{exported.Print()}");
                worst = Math.Min(worst, cosine);
                compared++;
            }
        }, 200);
        Assert.True(compared >= 200);
    }

    private static Graph Import(byte[] file) => OnnxImporter.Import(file, "exported.onnx", ImportOptions.Default).Graph;

    private static double Cosine(float[] a, float[] b)
    {
        double ab = 0, aa = 0, bb = 0;
        for (int i = 0; i < a.Length; i++)
        {
            ab += (double)a[i] * b[i];
            aa += (double)a[i] * a[i];
            bb += (double)b[i] * b[i];
        }
        return aa == 0 || bb == 0 ? (aa == bb ? 1 : 0) : ab / Math.Sqrt(aa * bb);
    }
}
