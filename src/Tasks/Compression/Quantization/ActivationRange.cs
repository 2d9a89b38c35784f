namespace OptimizerBuild.Compression.Quantization;

/// <summary>The real interval that a tensor's 256 levels cover. It always contains 0, which padding and ReLU need to be exact.</summary>
/// <param name="Low">The lower end, at most 0.</param>
/// <param name="High">The upper end, at least 0.</param>
internal readonly record struct ActivationRange(double Low, double High)
{
    /// <summary>The highest level of a u8 value.</summary>
    public const int Levels = 255;

    /// <summary>The range that holds both ends and 0.</summary>
    public static ActivationRange Of(double low, double high) => new(Math.Min(low, 0), Math.Max(high, 0));

    /// <summary>
    /// The u8 quantisation that covers the range: the scale as a float32, the zero point as the level nearest to the real 0. A
    /// range without negative values has zero point 0, one without positive values 255. A range of no extent, that of a tensor
    /// which is always 0, gets the scale 1/255, so that whatever does arrive is not amplified.
    /// </summary>
    public ActivationQuantization ToQuantization()
    {
        double low = Math.Min(Low, 0);
        double high = Math.Max(High, 0);
        double extent = high - low;
        if (!(extent > 0) || !double.IsFinite(extent))
            return new(ActivationType.U8, (float)(1.0 / Levels), 0);
        double scale = RepresentableScale(extent / Levels);
        int zeroPoint = (int)Math.Clamp(Math.Floor((-low / scale) + 0.5), 0, Levels);
        if (zeroPoint is 0 or Levels)
            scale = RepresentableScale(Math.Max(high, -low) / Levels);
        return new(ActivationType.U8, scale, zeroPoint);
    }

    /// <summary>The float32 nearest to a scale, kept normal: kernels multiply by its reciprocal in float32.</summary>
    public static double RepresentableScale(double scale) => (float)Math.Clamp(scale, 1e-30, 1e30);
}
