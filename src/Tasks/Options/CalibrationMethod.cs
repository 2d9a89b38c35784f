namespace OptimizerBuild.Options;

/// <summary>How the range of an activation is chosen from its values on the calibration data.</summary>
internal enum CalibrationMethod
{
    /// <summary>For each tensor the method with the least error at its readers.</summary>
    Auto,

    /// <summary>The least and the greatest value.</summary>
    MinMax,

    /// <summary>The range that holds all but a small share of the values.</summary>
    Percentile,

    /// <summary>The range that loses least information (Kullback–Leibler divergence).</summary>
    Entropy,

    /// <summary>The range with the least mean squared quantisation error.</summary>
    MeanSquaredError,
}
