namespace OptimizerBuild.Options;

/// <summary>Whether sums of two neighbouring products are kept within 16 bits.</summary>
internal enum PairSums
{
    /// <summary>Wherever it costs a layer little.</summary>
    Bounded,

    /// <summary>Only where weights happen to do so.</summary>
    Free,
}
