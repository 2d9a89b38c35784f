using System.Diagnostics;

namespace OptimizerBuild.Predictors;

/// <summary>The shortest duration of an action that is repeated.</summary>
internal static class Stopwatches
{
    /// <summary>Runs an action again and again, in batches that last some microseconds, and returns the shortest time of one run.</summary>
    /// <param name="action">The action.</param>
    /// <param name="seconds">How long to go on.</param>
    /// <returns>Microseconds.</returns>
    public static double Fastest(Action action, double seconds)
    {
        long begin = Stopwatch.GetTimestamp();
        double first = double.MaxValue;
        for (int i = 0; i < 100 || (i < 5000 && Stopwatch.GetElapsedTime(begin).TotalSeconds < seconds / 4); i++)
            first = Math.Min(first, Once(action, 1));
        int batch = Math.Clamp((int)(20 / first), 1, 10_000);
        double fastest = first;
        begin = Stopwatch.GetTimestamp();
        for (int i = 0; i < 10 || Stopwatch.GetElapsedTime(begin).TotalSeconds < seconds; i++)
            fastest = Math.Min(fastest, Once(action, batch));
        return fastest;
    }

    /// <summary>How long an action takes, once.</summary>
    /// <returns>Milliseconds.</returns>
    public static double Milliseconds(Action action) => Once(action, 1) / 1e3;

    private static double Once(Action action, int batch)
    {
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < batch; i++)
            action();
        return (Stopwatch.GetTimestamp() - start) * 1e6 / Stopwatch.Frequency / batch;
    }
}
