namespace OptimizerBuild.Testing;

/// <summary>Measures what code allocates by itself.</summary>
public static class Allocation
{
    private const int Attempts = 4;

    /// <summary>
    /// The bytes that the calling thread allocates while an action runs: the least of several runs. The runtime allocates, too, for types
    /// and methods that are used for the first time or compiled again, on whichever thread that falls; code that allocates does so every
    /// time.
    /// </summary>
    /// <param name="action">The action.</param>
    public static long Of(Action action) => Least(() =>
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        action();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    });

    /// <summary>The least of several measurements of that kind, which code elsewhere makes.</summary>
    /// <param name="measure">Makes one: bytes.</param>
    public static long Least(Func<long> measure)
    {
        long least = long.MaxValue;
        for (int i = 0; i < Attempts && least > 0; i++)
            least = Math.Min(least, measure());
        return least;
    }
}
