using OptimizerBuild.Diagnostics;

namespace OptimizerBuild.Operators;

/// <summary>
/// One evaluation of a model on one thread, with everything that it evaluates inside: bodies of loops run in evaluators of their own, which
/// nobody hands a token or a count. A loop that runs without end would hold up the build; so would loops in loops, each within its limit.
/// </summary>
internal readonly ref struct EvaluationScope
{
    /// <summary>
    /// The most trips of all loops together, in the reference evaluation and in the plan's executor: about a second of the smallest bodies.
    /// </summary>
    public const long MostTrips = 1_000_000;

    [ThreadStatic]
    private static CancellationToken t_cancellation;

    [ThreadStatic]
    private static int t_depth;

    [ThreadStatic]
    private static long t_trips;

    private readonly CancellationToken _outer;

    private EvaluationScope(CancellationToken outer) => _outer = outer;

    /// <summary>Begins an evaluation, which ends when the result is disposed of. One inside another one belongs to that.</summary>
    /// <param name="cancellation">Stops it; that of the evaluation around it where it is none.</param>
    public static EvaluationScope Begin(CancellationToken cancellation)
    {
        var scope = new EvaluationScope(t_cancellation);
        if (cancellation.CanBeCanceled)
            t_cancellation = cancellation;
        if (t_depth++ == 0)
            t_trips = 0;
        return scope;
    }

    /// <summary>Stops the evaluation under way where that is wanted: for operators that take long by themselves.</summary>
    /// <exception cref="OperationCanceledException">The evaluation was cancelled.</exception>
    public static void ThrowIfCancelled() => t_cancellation.ThrowIfCancellationRequested();

    /// <summary>Counts a trip of a loop.</summary>
    /// <param name="node">The loop's node.</param>
    /// <exception cref="ModelException">There have been too many.</exception>
    /// <exception cref="OperationCanceledException">The evaluation was cancelled.</exception>
    public static void CountTrip(string node)
    {
        t_cancellation.ThrowIfCancellationRequested();
        if (t_trips++ >= MostTrips)
            throw new ModelException(DiagnosticCatalog.InvalidNode, node, "Loop", $"it has not ended after {MostTrips} trips");
    }

    /// <summary>Ends the evaluation.</summary>
    public void Dispose()
    {
        t_cancellation = _outer;
        t_depth--;
    }
}
