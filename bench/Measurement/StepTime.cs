using System.Diagnostics;

namespace OptimizerBuild.Bench.Measurement;

/// <summary>
/// The shortest time of a single step. A step of many milliseconds is run a few times only, so that a sweep over many of them ends; that is
/// enough as the benchmark's code is compiled once (<c>TieredCompilation</c> is off).
/// </summary>
internal static class StepTime
{
    private const int FewestRuns = 10;

    /// <summary>How many microseconds a batch lasts, at least: the clock's own time is lost in it.</summary>
    private const double BatchMicroseconds = 20;

    /// <summary>The shortest time of one run, in microseconds, of batches of runs.</summary>
    /// <param name="step">The step.</param>
    /// <param name="seconds">How long to go on.</param>
    public static double Fastest(Action step, double seconds)
    {
        step();
        double first = Enumerable.Range(0, 3).Min(_ => Once(step, 1));
        int batch = (int)Math.Clamp(BatchMicroseconds / first, 1, 10_000);
        return Math.Min(first, Repeated(() => Once(step, batch), seconds));
    }

    /// <summary>The shortest time of one run, in microseconds, of single runs that all find the same memory.</summary>
    /// <param name="step">The step, of some microseconds at least.</param>
    /// <param name="seconds">How long to go on, preparations included.</param>
    /// <param name="prepare">What writes that memory; not in the time.</param>
    public static double Fastest(Action step, double seconds, Action prepare)
    {
        prepare();
        step();
        return Repeated(
            () =>
            {
                prepare();
                return Once(step, 1);
            },
            seconds);
    }

    private static double Repeated(Func<double> measure, double seconds)
    {
        long begin = Stopwatch.GetTimestamp();
        double fastest = double.MaxValue;
        for (int i = 0; i < FewestRuns || Stopwatch.GetElapsedTime(begin).TotalSeconds < seconds; i++)
            fastest = Math.Min(fastest, measure());
        return fastest;
    }

    private static double Once(Action step, int batch)
    {
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < batch; i++)
            step();
        return (Stopwatch.GetTimestamp() - start) * 1e6 / Stopwatch.Frequency / batch;
    }
}
