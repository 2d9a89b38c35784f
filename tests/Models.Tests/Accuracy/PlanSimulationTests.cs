using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Models.Accuracy;

/// <summary>
/// Plans run by the kernels against the quantiser's own simulation, which is plain 64-bit code that shares nothing with lowering and
/// kernels: the same bytes, sample for sample.
/// </summary>
public sealed class PlanSimulationTests
{
    private const int Samples = 6;

    public static TheoryData<string> Cases => SharedModels.Cases;

    [SharedTheory]
    [MemberData(nameof(Cases))]
    public void PlanGivesTheBytesOfTheSimulation(string name)
    {
        ModelOptions options = SharedModels.Options(name);
        ModelCompiler.Compression compression = SharedModels.Compress(name);
        CompressedModel model = compression.Model;
        LoweredModel lowered = GraphLowerer.Lower(model, new BoundaryOptions { ClassName = options.ClassName, Interface = compression.Imported.Graph });
        var executor = new PlanExecutor(SharedModels.PlanOf(options, lowered), lowered.Weights);
        var simulation = new QuantizedGraphEvaluator(model.Graph, model.Quantization!);
        IReadOnlyList<IReadOnlyList<Tensor>> samples = SharedModels.CalibrationSamples(options, compression.Imported.Graph, Samples);
        for (int i = 0; i < samples.Count; i++)
        {
            Tensor[] actual = executor.Run(samples[i]);
            Tensor[] expected = simulation.Evaluate(samples[i]);
            for (int o = 0; o < expected.Length; o++)
                TensorAssert.Equal(expected[o], actual[o], $"{name}, sample {i}, output {o}");
        }
    }
}
