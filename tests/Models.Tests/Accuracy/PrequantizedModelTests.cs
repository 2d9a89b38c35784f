using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Data;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Export;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering;
using OptimizerBuild.Models.Conformance;
using OptimizerBuild.Models.Harness;
using OptimizerBuild.Onnx;
using OptimizerBuild.Options;
using OptimizerBuild.Passes;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Models.Accuracy;

/// <summary>
/// Models that are quantised already, without data and through generated code: the real models in the form in which this build exports
/// them, and the cases of the development set.
/// </summary>
public sealed class PrequantizedModelTests
{
    private const int Samples = 12;

    public static TheoryData<string> Names => SharedModels.Cases;

    [Theory]
    [MemberData(nameof(Names))]
    public void AnExportedModelGivesTheSameAnswersAgain(string name)
    {
        SharedAssets.Require();
        ModelOptions options = SharedModels.Options(name);
        ModelCompiler.Compression original = SharedModels.Compress(name);
        var boundary = new BoundaryOptions { ClassName = options.ClassName, Interface = original.Imported.Graph };
        LoweredModel lowered = GraphLowerer.Lower(original.Model, boundary);
        var executor = new PlanExecutor(SharedModels.PlanOf(options, lowered), lowered.Weights);

        Graph exported = OnnxImporter.Import(QdqExporter.Export(original.Model), name, ImportOptions.Default).Graph;
        (CompressedModel again, GraphQuantization quantization) = Quantize(exported, ModelPrecision.Auto);
        Assert.True(quantization.HasScalesOfModel);
        Assert.Equal(original.Model.Annotation<GraphQuantization>()!.IntegerMacShare(original.Model.Graph),
            quantization.IntegerMacShare(again.Graph), 0.002);
        using GeneratedModels generated = GeneratedModels.Compile(
            PlannedModel.Of(GraphLowerer.Lower(again, boundary), options.ClassName));
        foreach (IReadOnlyList<Tensor> sample in SharedModels.CalibrationSamples(options, original.Imported.Graph, Samples))
        {
            Tensor[] expected = executor.Run(sample), actual = generated.Run(0, [.. sample]);
            for (int o = 0; o < expected.Length; o++)
            {
                double cosine = TensorAssert.Cosine(expected[o], actual[o]);
                Assert.True(cosine > 0.9995, $"output {o}: cosine {cosine}");
            }
        }
    }

    /// <summary>The cases with a model that is quantised, and how far real numbers may be off.</summary>
    public static TheoryData<string, double> Cases => new() { { "qdq_conv_per_channel", 0.1 }, { "dynamic_quantize_matmulinteger", 0.05 } };

    [Theory]
    [MemberData(nameof(Cases))]
    public void CasesRunInIntegers(string name, double absolute)
    {
        string folder = Path.Combine(SharedAssets.Cases, name);
        Graph imported = OnnxImporter.Import(Path.Combine(folder, "model.onnx"), ImportOptions.Default).Graph;
        (CompressedModel model, GraphQuantization quantization) = Quantize(imported, ModelPrecision.Int8);
        Assert.Equal(1, quantization.IntegerMacShare(model.Graph));
        using GeneratedModels generated = GeneratedModels.Compile(
            PlannedModel.Of(GraphLowerer.Lower(model, new BoundaryOptions { ClassName = "Quantised" }), "Quantised"));
        foreach (BackendDataSet set in BackendSuite.DataSetsOf(folder))
        {
            Tensor[] inputs = Read(set.Inputs), expected = Read(set.Outputs);
            Tensor[] actual = generated.Run(0, inputs);
            for (int o = 0; o < expected.Length; o++)
                Assert.Null(Tolerance.Difference(expected[o], actual[o], absolute));
        }
    }

    private static Tensor[] Read(IReadOnlyList<string> files) => [.. files.Select(f => TensorProtoReader.Read(f))];

    private static (CompressedModel Model, GraphQuantization Quantization) Quantize(Graph imported, ModelPrecision precision)
    {
        CompressedModel model = new Quantizer(new QuantizationOptions { Precision = precision })
            .Apply(new CompressedModel(PassPipeline.Run(imported)), SampleSet.Empty, CancellationToken.None).Model;
        return (model, model.Annotation<GraphQuantization>()!);
    }
}
