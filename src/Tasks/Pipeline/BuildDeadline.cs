using System.Globalization;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Options;

namespace OptimizerBuild.Pipeline;

/// <summary>
/// The minutes that an item allows its build. They stop whatever is at work when they are over, by the way that cancels a build, and never
/// change what is built.
/// </summary>
internal static class BuildDeadline
{
    // What a timer takes: its steps, and a little less than the 49 days of its own limit.
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Longest = TimeSpan.FromDays(49);

    /// <summary>Builds within the time that an item allows; for as long as it takes where it says nothing.</summary>
    /// <param name="options">The item.</param>
    /// <param name="build">The build, which stops when it is told to.</param>
    /// <param name="cancellation">Stops the build for other reasons.</param>
    /// <exception cref="ModelException">The time is over.</exception>
    public static T Within<T>(ModelOptions options, Func<CancellationToken, T> build, CancellationToken cancellation)
    {
        if (options.MaxBuildMinutes is not { } minutes)
            return build(cancellation);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        TimeSpan allowed = TimeSpan.FromMinutes(minutes);
        if (allowed < Shortest)
            deadline.Cancel();
        else
            deadline.CancelAfter(allowed < Longest ? allowed : Longest);
        try
        {
            return build(deadline.Token);
        }
        catch (Exception e) when (IsCancellation(e) && deadline.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new ModelException(
                DiagnosticCatalog.BuildTakesTooLong, options.Name, minutes.ToString("0.##", CultureInfo.InvariantCulture));
        }
    }

    // Work on all cores wraps what its threads throw.
    private static bool IsCancellation(Exception e) =>
        e is OperationCanceledException || (e is AggregateException all && all.InnerExceptions.All(IsCancellation));
}
