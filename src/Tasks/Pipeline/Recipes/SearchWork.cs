using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Pipeline.Recipes;

/// <summary>
/// What a search may do, counted in multiply-accumulates of the model so that it tries the same on every machine, however fast. Small
/// models never come to the end of it; of large ones fewer candidates are tried.
/// </summary>
/// <param name="ofCandidate">What a candidate takes.</param>
/// <param name="ofBits">What it takes to measure what fewer bits cost in each layer.</param>
internal sealed class SearchWork(double ofCandidate, double ofBits)
{
    // Some minutes of two cores: the evaluators in the build do 2 to 4 thousand million in a second.
    private const double Most = 1.5e12;

    // What the kernels that ship do for one of the evaluators'.
    private const double Kernels = 8;

    // How often each sample is evaluated for ranges, second moments and the first plan.
    private const int Passes = 4;

    // What judging a candidate may take.
    private const double MostJudged = 1e11;
    private const int FewestJudges = 32;

    private double _spent;

    /// <summary>What a search over a model takes.</summary>
    /// <param name="graph">The model.</param>
    /// <param name="fitted">The samples that candidates may be fitted on.</param>
    /// <param name="judges">Those that they are judged by.</param>
    public static SearchWork Of(Graph graph, int fitted, int judges)
    {
        double macs = MultiplyAccumulates(graph);
        double read = Math.Min(fitted, Math.Max(QuantizationOptions.Default.CalibrationBudget / macs, 16));
        double noise = Math.Clamp(OutputNoise.WorkOfPlan / macs, OutputNoise.Fewest, OutputNoise.Most);
        int layers = graph.Nodes.Count(n => n.Is<IDotProduct>());
        return new(macs * ((Passes * read) + (judges / Kernels)), macs * ((Passes * read) + (layers * 3 * noise)));
    }

    /// <summary>How many samples may judge the candidates of a model: of large models fewer.</summary>
    public static int Judges(Graph graph) => (int)Math.Max(Math.Min(MostJudged / MultiplyAccumulates(graph), int.MaxValue), FewestJudges);

    /// <summary>Whether there is enough left for one more candidate.</summary>
    public bool AllowsCandidate => _spent + ofCandidate <= Most;

    /// <summary>Whether there is enough left to measure what fewer bits cost, and for a candidate that has them.</summary>
    public bool AllowsBits => _spent + ofBits + ofCandidate <= Most;

    /// <summary>Counts a candidate.</summary>
    public void CountCandidate() => _spent += ofCandidate;

    /// <summary>Counts the measurement of what fewer bits cost.</summary>
    public void CountBits() => _spent += ofBits;

    private static double MultiplyAccumulates(Graph graph) =>
        Math.Max(graph.Nodes.Sum(n => (double)OperatorRegistry.Of(n).MultiplyAccumulates(OperatorContext.Of(graph, n))), 1);
}
