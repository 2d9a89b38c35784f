namespace OptimizerBuild.Data;

/// <summary>How much memory data files may take, so that a hostile or mistaken file is an error and not an exhausted machine.</summary>
/// <param name="MaximumArrayBytes">The largest array, in bytes of its elements.</param>
/// <param name="MaximumTotalBytes">All arrays of one specification together.</param>
internal sealed record DataLimits(long MaximumArrayBytes, long MaximumTotalBytes)
{
    /// <summary>1 GiB for one array, 2 GiB in total: 60,000 images of 28×28 float64 take 0.4 GB.</summary>
    public static DataLimits Default { get; } = new(1L << 30, 2L << 30);
}
