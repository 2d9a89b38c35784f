using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Simulation;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Recurrent;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Models.Accuracy;

/// <summary>
/// Plans run by the kernels against the quantiser's own simulation, which is plain 64-bit code that calls no kernel and shares only the
/// choice of multipliers and shifts with lowering: the same bytes, sample for sample. Where nodes stay in float32 the simulation uses the
/// reference evaluator, whose sums and
/// functions may round otherwise: there the outputs must agree up to that.
/// </summary>
public sealed class PlanSimulationTests
{
    // The simulation takes its time: 200 samples of the small models, 4 of the largest, beside the hostile inputs.
    private const long Budget = 100_000_000;
    private const int MostSamples = 200;

    public static TheoryData<string> Cases => SharedModels.Cases;

    // What the reference evaluator and the kernels compute alike, rounding included.
    private static readonly string[] ExactInFloat = ["Add", "Sub", "Mul", "Div", "Concat", "Reshape", "Transpose", "Slice", "Embedding",
        "Gather", "Clip"];

    [Theory]
    [MemberData(nameof(Cases))]
    public void PlanGivesTheBytesOfTheSimulation(string name)
    {
        SharedAssets.Require();
        ModelOptions options = SharedModels.Options(name);
        ModelCompiler.Compression compression = SharedModels.Compress(name);
        CompressedModel model = compression.Model;
        LoweredModel lowered = GraphLowerer.Lower(model,
            new BoundaryOptions { ClassName = options.ClassName, Interface = compression.Imported.Graph });
        Assert.Equal(model.Annotation<GraphQuantization>()!.Weights.Where(w => w.Value.Layout is not null).Select(w =>
            (w.Key, w.Value.PairSumsBounded)),
            lowered.PairSumsBounded.Select(p => (p.Key, p.Value)));
        var executor = new PlanExecutor(SharedModels.PlanOf(options, lowered), lowered.Weights);
        var simulation = new QuantizedGraphEvaluator(model.Graph, model.Annotation<GraphQuantization>()!);
        List<Tensor[]> samples = ModelInputs.Of(name, executor.Plan, Budget, MostSamples);
        bool exact = model.Graph.Nodes.All(n =>
            (model.Annotation<GraphQuantization>()!.Nodes[n.Name].Integer && !n.Is<RecurrentOperator>())
            || ExactInFloat.Contains(n.OpType));
        for (int i = 0; i < samples.Count; i++)
        {
            Tensor[] actual = executor.Run(samples[i]);
            Tensor[] expected = simulation.Evaluate(samples[i]);
            for (int o = 0; o < expected.Length; o++)
            {
                string what = $"{name}, sample {i}, output {o}";
                if (exact)
                    TensorAssert.Equal(expected[o], actual[o], what);
                else
                    Assert.True(TensorAssert.Cosine(expected[o], actual[o]) > 0.9999, what);
            }
        }
    }
}
