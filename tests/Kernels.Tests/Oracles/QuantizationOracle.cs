namespace OptimizerBuild.Kernels.Tests.Oracles;

/// <summary>Between float and integer (docs/arithmetic.md).</summary>
internal static class QuantizationOracle
{
    /// <summary>float32 to u8.</summary>
    public static byte Quantize(float value, float inverseScale, int zeroPoint)
    {
        // A product of two float32 is exact in float64, and so is the sum with a small integer unless the product is tiny or huge,
        // where the result is clamped or lies next to the zero point all the same; rounding once more to float32 is the fused step
        // except in halfway cases, which the decimal below settles exactly.
        float v = Fused(value, inverseScale, zeroPoint);
        if (float.IsNaN(v))
            return (byte)zeroPoint;
        float clamped = v < 0 ? 0 : v > 255 ? 255 : v;
        return (byte)(int)MathF.Floor(clamped + 0.5f);
    }

    /// <summary>a · b + c rounded once, by exact rational arithmetic on the bits.</summary>
    private static float Fused(float a, float b, int c)
    {
        double product = (double)a * b;
        if (double.IsNaN(product) || double.IsInfinity(product) || Math.Abs(product) > 1e6)
            return (float)(product + c);
        double sum = product + c;

        // The error of the float64 addition (Knuth's TwoSum) tells on which side of a float32 midpoint the exact sum lies.
        double back = sum - product;
        double error = (product - (sum - back)) + (c - back);
        float nearest = (float)sum;
        if (error == 0 || (double)nearest == sum)
            return nearest;
        float other = (double)nearest > sum ? MathF.BitDecrement(nearest) : MathF.BitIncrement(nearest);
        double middle = ((double)nearest + other) / 2;
        if (middle != sum)
            return nearest;
        return error > 0 == other > nearest ? other : nearest;
    }
}
