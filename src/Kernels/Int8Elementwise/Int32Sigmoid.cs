namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>
/// Logistic function in fixed point: s32 logits to s32 probabilities of scale 2^−30 (docs/arithmetic.md, Fixed-point Sigmoid).
/// </summary>
internal static class Int32Sigmoid
{
    /// <summary>Adjacent values.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Arena offset of the first input (s32).</param>
    /// <param name="output">Arena offset of the first output (s32); may be the input's.</param>
    /// <param name="multiplier">The multiplier L of scale · log2(e) in Q16, 0…2^31 − 1.</param>
    /// <param name="shift">Its right shift l, 1…62.</param>
    /// <param name="count">Number of values.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(Workspace w, int input, int output, int multiplier, int shift, int count)
    {
        unchecked
        {
            for (int i = 0; i < count; i++)
            {
                long value = Unsafe.ReadUnaligned<int>(ref w.Arena(input + (i * 4)));
                ulong e = (uint)FixedPointExponential.Evaluate(value < 0 ? -value : value, multiplier, shift);
                ulong numerator = value < 0 ? e : 1ul << 30;
                uint p = (uint)((numerator << 30) / ((1ul << 30) + e));
                Unsafe.WriteUnaligned(ref w.Arena(output + (i * 4)), p);
            }
        }
    }
}
