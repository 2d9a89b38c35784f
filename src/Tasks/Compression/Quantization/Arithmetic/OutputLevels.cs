namespace OptimizerBuild.Compression.Quantization.Arithmetic;

/// <summary>
/// The last step of an integer operation: zero point added, then clamped to the type's and the fused activation's bounds.
/// </summary>
internal readonly struct OutputLevels
{
    private readonly int _zeroPoint;

    /// <summary>The levels of an output.</summary>
    /// <param name="quantization">The output's quantisation.</param>
    /// <param name="bounds">The real bounds of the fused activation; infinite where there is none.</param>
    public OutputLevels(ActivationQuantization quantization, (double Minimum, double Maximum) bounds)
    {
        _zeroPoint = quantization.ZeroPoint;
        if (quantization.Type == ActivationType.S32)
        {
            Minimum = int.MinValue;
            Maximum = int.MaxValue;
            return;
        }
        Minimum = NearestLevels.Of(quantization, bounds.Minimum);
        Maximum = Math.Max(NearestLevels.Of(quantization, bounds.Maximum), Minimum);
    }

    /// <summary>The least level.</summary>
    public int Minimum { get; }

    /// <summary>The greatest level.</summary>
    public int Maximum { get; }

    /// <summary>The level of a requantised value.</summary>
    public int Of(long value) => (int)Math.Clamp(value + _zeroPoint, Minimum, Maximum);
}
