namespace OptimizerBuild.Compression.Quantization.Arithmetic;

/// <summary>From real numbers to the u8 levels nearest to them.</summary>
internal static class NearestLevels
{
    /// <summary>The level of a float32 number as a quantise step computes it (docs/arithmetic.md, Between float and integer).</summary>
    /// <param name="real">The number.</param>
    /// <param name="inverseScale">1 / scale in float32.</param>
    /// <param name="zeroPoint">The level of 0, and of NaN.</param>
    public static byte Of(float real, float inverseScale, int zeroPoint)
    {
        float v = MathF.FusedMultiplyAdd(real, inverseScale, zeroPoint);
        return float.IsNaN(v) ? (byte)zeroPoint : (byte)MathF.Floor(Math.Clamp(v, 0f, 255f) + 0.5f);
    }

    /// <summary>The levels of float32 numbers.</summary>
    /// <param name="reals">The numbers.</param>
    /// <param name="quantization">Scale and zero point.</param>
    public static byte[] Of(float[] reals, ActivationQuantization quantization)
    {
        float inverse = 1f / (float)quantization.Scale;
        return Array.ConvertAll(reals, v => Of(v, inverse, quantization.ZeroPoint));
    }

    /// <summary>The level of a number in double precision, half up: tables and the bounds of fused activations. NaN gives the zero
    /// point.</summary>
    /// <param name="quantization">Scale and zero point.</param>
    /// <param name="real">The number, which may be infinite.</param>
    public static byte Of(ActivationQuantization quantization, double real) => double.IsNaN(real)
        ? (byte)quantization.ZeroPoint
        : (byte)Math.Clamp(Math.Floor((real / quantization.Scale) + 0.5) + quantization.ZeroPoint, 0, 255);
}
