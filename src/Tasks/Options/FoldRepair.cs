namespace OptimizerBuild.Options;

/// <summary>What is done to a model after channels have been merged.</summary>
internal enum FoldRepair
{
    /// <summary>All layers behind are fitted by least squares on samples to what the whole model gives.</summary>
    Fit,

    /// <summary>Mean and standard deviation of each channel are measured on samples and restored.</summary>
    Statistics,

    /// <summary>
    /// The merged weights are enlarged by what averages of so similar channels lose of their variance. Needs no samples (Fold-AR of D. Wang
    /// et al. 2025, arXiv 2502.10216, section 4.2).
    /// </summary>
    Approximate,
}
