using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.Quantization.Calibration;

/// <summary>A way of choosing the range of a tensor's 256 levels from the distribution of its values.</summary>
internal interface IRangeObserver
{
    /// <summary>The method it implements.</summary>
    CalibrationMethod Method { get; }

    /// <summary>The range for a distribution.</summary>
    ActivationRange Choose(Histogram values);
}
