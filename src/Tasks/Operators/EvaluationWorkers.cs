namespace OptimizerBuild.Operators;

/// <summary>
/// How many samples are evaluated at the same time: as many as there are cores, but no more than their values find room for. Results
/// never depend on the number.
/// </summary>
internal static class EvaluationWorkers
{
    /// <summary>The memory for the values of all samples that are evaluated at the same time: 256 MB. One sample is always
    /// evaluated.</summary>
    public const long MemoryBytes = 256L << 20;

    /// <summary>Options of a parallel loop over samples.</summary>
    /// <param name="bytes">What the values of one sample take at most.</param>
    /// <param name="cancellation">Stops the loop.</param>
    public static ParallelOptions Of(long bytes, CancellationToken cancellation) => new()
    {
        CancellationToken = cancellation,
        MaxDegreeOfParallelism = (int)Math.Clamp(MemoryBytes / Math.Max(bytes, 1), 1, Environment.ProcessorCount),
    };
}
