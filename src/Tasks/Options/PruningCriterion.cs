namespace OptimizerBuild.Options;

/// <summary>How channels that are left out, or weights that become zero, are chosen, and what becomes of the others.</summary>
internal enum PruningCriterion
{
    /// <summary>
    /// The least error of the layers that read the channels, after the best change of their weights; amounts by the measured sensitivity
    /// of the outputs; then all layers behind are fitted on the samples.
    /// </summary>
    Reconstruction,

    /// <summary>
    /// The least change of the outputs by gradients, which also says the amounts of groups; then all layers behind are fitted on the
    /// samples. Single weights are chosen as with <see cref="Reconstruction"/>.
    /// </summary>
    Taylor,

    /// <summary>The least weights, the same share of each group; other weights stay as they are.</summary>
    Magnitude,
}
