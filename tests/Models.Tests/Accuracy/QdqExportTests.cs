using OptimizerBuild.Evaluation;
using OptimizerBuild.Export;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering;
using OptimizerBuild.Onnx;
using OptimizerBuild.Onnx.Schema;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Models.Accuracy;

/// <summary>
/// The real models as exported ONNX files, read back by the importer and run in float arithmetic, against what the kernels give for the
/// same samples at build time.
/// </summary>
public sealed class QdqExportTests
{
    private const int Samples = 12;

    // The attributes that the ONNX operators in these models have; runtimes refuse any other.
    private static readonly HashSet<string> StandardAttributes =
    [
        "allowzero", "alpha", "approximate", "axis", "beta", "ceil_mode", "count_include_pad", "dilations", "epsilon", "group",
        "kernel_shape", "keepdims", "mode", "noop_with_empty_axes", "num_outputs", "pads", "perm", "select_last_index", "stash_type",
        "storage_order", "strides", "to", "transA", "transB",
        // Of recurrent layers.
        "activations", "direction", "hidden_size", "linear_before_reset",
    ];

    public static TheoryData<string> Cases => SharedModels.Cases;

    [Theory]
    [MemberData(nameof(Cases))]
    public void TheExportedModelGivesTheSameAnswers(string name)
    {
        SharedAssets.Require();
        ModelOptions options = SharedModels.Options(name);
        ModelCompiler.Compression compression = SharedModels.Compress(name);
        LoweredModel lowered = GraphLowerer.Lower(compression.Model,
            new BoundaryOptions { ClassName = options.ClassName, Interface = compression.Imported.Graph });
        var executor = new PlanExecutor(SharedModels.PlanOf(options, lowered), lowered.Weights);
        byte[] file = QdqExporter.Export(compression.Model);
        Assert.All(ModelProto.Parser.ParseFrom(file).Graph.Node, n =>
        {
            Assert.Equal("", n.Domain);
            Assert.Subset(StandardAttributes, n.Attribute.Select(a => a.Name).ToHashSet());
        });
        Graph exported = OnnxImporter.Import(file, name, ImportOptions.Default).Graph;
        var evaluator = new GraphEvaluator(exported);

        foreach (IReadOnlyList<Tensor> sample in SharedModels.CalibrationSamples(options, compression.Imported.Graph, Samples))
        {
            Tensor[] expected = executor.Run(sample), actual = evaluator.Evaluate(sample);
            for (int o = 0; o < expected.Length; o++)
            {
                Assert.Equal(expected[o].Type, actual[o].Type);
                double cosine = TensorAssert.Cosine(expected[o], actual[o]);
                Assert.True(cosine > 0.9985, $"output {o}: cosine {cosine}");
            }
        }
    }
}
