using System.Diagnostics;

namespace OptimizerBuild.Predictors;

/// <summary>Durations of single runs in microseconds, measured alternately with a rival's so that both meet the same machine.</summary>
internal sealed class Timings
{
    private readonly List<double> _microseconds = [];

    /// <summary>The shortest.</summary>
    public double Min => Quantile(0);

    /// <summary>The median.</summary>
    public double Median => Quantile(0.5);

    /// <summary>The 95th percentile.</summary>
    public double P95 => Quantile(0.95);

    /// <summary>Measures several actions in turn: each round runs every action, in small batches where it is short.</summary>
    /// <param name="actions">The actions.</param>
    /// <param name="seconds">How long to measure all of them together.</param>
    public static Timings[] Interleave(IReadOnlyList<Action> actions, double seconds)
    {
        var timings = new Timings[actions.Count];
        var batches = new int[actions.Count];
        for (int i = 0; i < actions.Count; i++)
        {
            timings[i] = new();
            long start = Stopwatch.GetTimestamp();
            int warmUp = 0;
            for (; warmUp < 500 && Stopwatch.GetElapsedTime(start).TotalSeconds < seconds / 10; warmUp++)
                actions[i]();
            double each = Stopwatch.GetElapsedTime(start).TotalMicroseconds / warmUp;
            batches[i] = Math.Clamp((int)(200 / each), 1, 1000);
        }
        long begin = Stopwatch.GetTimestamp();
        for (int round = 0; round < 15 || (round < 5000 && Stopwatch.GetElapsedTime(begin).TotalSeconds < seconds); round++)
        {
            for (int i = 0; i < actions.Count; i++)
            {
                // The first run after the rival's finds its data gone from the caches: not counted.
                actions[i]();
                long start = Stopwatch.GetTimestamp();
                for (int run = 0; run < batches[i]; run++)
                    actions[i]();
                timings[i]._microseconds.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds / batches[i]);
            }
        }
        foreach (Timings t in timings)
            t._microseconds.Sort();
        return timings;
    }

    private double Quantile(double share) => _microseconds[Math.Min(_microseconds.Count - 1, (int)(share * _microseconds.Count))];
}
