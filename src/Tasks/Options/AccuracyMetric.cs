namespace OptimizerBuild.Options;

/// <summary>How accuracy is measured.</summary>
internal enum AccuracyMetric
{
    /// <summary>Share of samples whose highest score is that of the label.</summary>
    Top1,

    /// <summary>Share of samples whose label is among the five highest scores.</summary>
    Top5,

    /// <summary>Mean squared error against the targets.</summary>
    MeanSquaredError,

    /// <summary>Mean cosine of the angle between outputs and targets.</summary>
    Cosine,

    /// <summary>Coefficient of determination against the targets.</summary>
    R2,
}
