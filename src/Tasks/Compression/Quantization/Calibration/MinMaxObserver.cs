using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.Quantization.Calibration;

/// <summary>Covers every value that was seen: no clipping, and steps as wide as the outliers make them.</summary>
internal sealed class MinMaxObserver : IRangeObserver
{
    /// <inheritdoc/>
    public CalibrationMethod Method => CalibrationMethod.MinMax;

    /// <inheritdoc/>
    public ActivationRange Choose(Histogram values) => ActivationRange.Of(values.Low, values.High);
}
