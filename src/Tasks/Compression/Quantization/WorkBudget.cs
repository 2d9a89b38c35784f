using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>
/// How much a quantisation may evaluate, counted in node evaluations by their work (multiply-accumulates and elements written), so that
/// what it tries does not depend on the machine's speed. Everything is counted; only what is tried beyond the first plan asks beforehand.
/// </summary>
/// <param name="total">The work allowed.</param>
internal sealed class WorkBudget(long total)
{
    /// <summary>How often each calibration sample may be evaluated unless told otherwise.</summary>
    public const int EvaluationsOfASample = 20;

    /// <summary>What any model may spend, even where its samples are few or small.</summary>
    public const long Least = 1L << 35;

    /// <summary>The work allowed.</summary>
    public long Total => total;

    /// <summary>The work done.</summary>
    public long Spent { get; private set; }

    /// <summary>The share of the work that has been done, 0 to 1.</summary>
    public double Share => Math.Min((double)Spent / total, 1);

    /// <summary>The budget of a graph.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="samples">The calibration samples that are evaluated.</param>
    /// <param name="options">How often each may be evaluated, and what may be spent in any case.</param>
    public static WorkBudget Of(Graph graph, int samples, QuantizationOptions options) => new(Math.Max(
        graph.Nodes.Sum(n => Work(OperatorContext.Of(graph, n))) * options.EvaluationsOfASample * samples, Math.Max(options.LeastWork, 1)));

    /// <summary>The work of one evaluation of a node: its multiply-accumulates and the elements that it writes.</summary>
    public static long Work(OperatorContext context) =>
        OperatorRegistry.Of(context.Node).MultiplyAccumulates(context) + context.OutputTypes.Sum(t => (long)t.Count);

    /// <summary>Counts work that is being done.</summary>
    public void Count(long work) => Spent += work;

    /// <summary>Whether there is enough left for some more work.</summary>
    public bool Allows(long work) => Spent + work <= total;
}
