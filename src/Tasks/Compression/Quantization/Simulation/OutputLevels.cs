namespace OptimizerBuild.Compression.Quantization.Simulation;

/// <summary>The last step of an integer operation: zero point added, then clamped to the type's and the fused activation's bounds.</summary>
internal readonly struct OutputLevels
{
    private readonly int _zeroPoint;
    private readonly long _minimum;
    private readonly long _maximum;

    /// <summary>The levels of an output.</summary>
    /// <param name="quantization">The output's quantisation.</param>
    /// <param name="bounds">The real bounds of the fused activation.</param>
    public OutputLevels(ActivationQuantization quantization, (double Minimum, double Maximum) bounds)
    {
        _zeroPoint = quantization.ZeroPoint;
        if (quantization.Type == ActivationType.S32)
        {
            _minimum = int.MinValue;
            _maximum = int.MaxValue;
            return;
        }
        _minimum = Level(quantization, bounds.Minimum);
        _maximum = Math.Max(Level(quantization, bounds.Maximum), _minimum);
    }

    /// <summary>The u8 level nearest to a real number, half up.</summary>
    public static int Level(ActivationQuantization quantization, double real) =>
        (int)Math.Clamp(Math.Floor((real / quantization.Scale) + 0.5) + quantization.ZeroPoint, 0, 255);

    /// <summary>The level of a requantised value.</summary>
    public int Of(long value) => (int)Math.Clamp(value + _zeroPoint, _minimum, _maximum);
}
