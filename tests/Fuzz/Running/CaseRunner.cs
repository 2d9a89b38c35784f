using System.Diagnostics;
using OptimizerBuild.Diagnostics;

namespace OptimizerBuild.Fuzz.Running;

/// <summary>How one input ended.</summary>
/// <param name="Verdict">The verdict; null where the input failed.</param>
/// <param name="Failure">What went wrong; null where nothing did.</param>
/// <param name="Detail">The exception with its stack; empty without.</param>
/// <param name="HasEnded">Whether the work on it has come to its end.</param>
internal sealed record CaseResult(Verdict? Verdict, string? Failure, string Detail, bool HasEnded = true)
{
    /// <summary>What equal faults have in common: the kind of failure and the places in the code where it arose.</summary>
    public string Signature
    {
        get
        {
            IEnumerable<string> places = Detail.Split('\n').Select(l => l.Trim())
                .Where(l => l.StartsWith("at OptimizerBuild.", StringComparison.Ordinal) && !l.Contains(".Fuzz.", StringComparison.Ordinal))
                .Select(l => l.Split('(')[0][3..]).Take(2);
            return string.Join(" < ", places.Prepend(MessageShape.Of(Failure ?? "")));
        }
    }
}

/// <summary>
/// Runs inputs one at a time, each on a thread of its own, which has as little stack as a thread has on Windows, and watches its time and
/// its memory. What counts is the time in which the process runs, so that a busy machine makes no failures.
/// </summary>
internal static class CaseRunner
{
    private const int StackBytes = 1 << 20;

    // How many times as long as it may run an input may take: where it waits for ever, it does not run.
    private const int MostWaiting = 30;

    // What was cancelled has so long to end; cancellation is only looked at between pieces of work.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

    /// <summary>Runs an input.</summary>
    public static CaseResult Run(FuzzTarget target, byte[] input)
    {
        using var cancellation = new CancellationTokenSource();
        Verdict? verdict = null;
        Exception? error = null;
        var thread = new Thread(() => error = Check(target, input, cancellation.Token, out verdict), StackBytes) { IsBackground = true };
        string? excess = null;
        long baseline = GC.GetTotalMemory(false);
        var time = Stopwatch.StartNew();
        TimeSpan before = Environment.CpuUsage.TotalTime;
        thread.Start();
        for (int wait = 5; !thread.Join(wait); wait = 100)
        {
            if (excess is null && HasRunFor(target.Deadline))
                excess = $"takes longer than {target.Deadline.TotalSeconds:0} s";
            else if (excess is null && Uses(target.MostBytes + baseline))
                excess = $"takes more than {target.MostBytes >> 20} MB";
            if (excess is not null)
                cancellation.Cancel();
            if (HasRunFor(target.Deadline + Grace))
                return new(null, "hangs: it does not end when it is cancelled", "", HasEnded: false);
        }
        return excess is not null ? new(null, excess, error?.ToString() ?? "")
            : error is not null ? new(null, error is ContractException ? error.Message : error.GetType().Name, Describe(error))
            : new(verdict, null, "");

        bool HasRunFor(TimeSpan limit) => Environment.CpuUsage.TotalTime - before > limit || time.Elapsed > limit * MostWaiting;
    }

    private static string Describe(Exception error) =>
        string.Join('\n', error.Data.Values.Cast<object?>().Select(d => d?.ToString()).Prepend(error.ToString()));

    private static Exception? Check(FuzzTarget target, byte[] input, CancellationToken cancellation, out Verdict? verdict)
    {
        verdict = null;
        try
        {
            verdict = target.Check(input, cancellation);
            return null;
        }
        catch (Exception e)
        {
            // As the build's task takes it: work on all cores wraps what a thread throws.
            Exception cause = e;
            while (cause is AggregateException { InnerExceptions: [var first, ..] })
                cause = first;
            if (cause is not ModelException known)
                return cause;
            if (known.Diagnostics.Any(d => d.Descriptor == DiagnosticCatalog.InternalError || d.Descriptor.Severity != Severity.Error))
                return new ContractException("refused with " + string.Join(", ", known.Diagnostics.Select(d => d.Descriptor.Code)));
            verdict = Verdict.Refused(known);
            return null;
        }
    }

    // Garbage does not count.
    private static bool Uses(long bytes) => GC.GetTotalMemory(false) > bytes && GC.GetTotalMemory(true) > bytes;
}
