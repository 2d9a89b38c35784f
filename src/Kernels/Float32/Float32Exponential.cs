namespace OptimizerBuild.Kernels;

using global::System;

/// <summary>
/// e^x of one float32: the same steps and the same bits as <c>Float32Math.Exp</c> of a vector's lanes, without its types, so that a
/// classifier's confidence costs one short method.
/// </summary>
internal static class Float32Exponential
{
    private const float Log2E = 1.4426950408889634f;
    private const float Ln2High = 0.6931472f;
    private const float Ln2Low = -1.9046542e-09f;
    private const float RoundingShift = 12582912f;
    private const int RoundingShiftBits = 0x4B400000;

    /// <summary>e^x.</summary>
    public static float Of(float x)
    {
        unchecked
        {
            // NaN passes both bounds.
            float bounded = x < -104f ? -104f : x > 89f ? 89f : x;
            float shifted = MathF.FusedMultiplyAdd(bounded, Log2E, RoundingShift);
            float power = shifted - RoundingShift;
            float r = MathF.FusedMultiplyAdd(power, -Ln2High, bounded);
            r = MathF.FusedMultiplyAdd(power, -Ln2Low, r);
            float q = MathF.FusedMultiplyAdd(0.0013820719f, r, 0.0083686765f);
            q = MathF.FusedMultiplyAdd(q, r, 0.041668266f);
            q = MathF.FusedMultiplyAdd(q, r, 0.16666521f);
            q = MathF.FusedMultiplyAdd(q, r, 0.49999994f);
            float p = 1f + MathF.FusedMultiplyAdd(q, r * r, r);
            int n = BitConverter.SingleToInt32Bits(shifted) - RoundingShiftBits;
            int half = n >> 1;
            p *= BitConverter.Int32BitsToSingle((half + 127) << 23);
            return p * BitConverter.Int32BitsToSingle((n - half + 127) << 23);
        }
    }
}
