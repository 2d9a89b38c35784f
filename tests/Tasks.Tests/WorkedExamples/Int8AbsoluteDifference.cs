namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;

/// <summary>The absolute difference of two u8 tensors of different scales and equal shape.</summary>
internal static class Int8AbsoluteDifference
{
    /// <summary>|Ma · (a − za) − Mb · (b − zb)| / 2^shift, rounded half up, plus the output's zero point, of all elements.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="first">Operand offset of the first operand.</param>
    /// <param name="second">Operand offset of the second operand.</param>
    /// <param name="output">Arena offset of the output.</param>
    /// <param name="firstZeroPoint">The first operand's zero point za.</param>
    /// <param name="firstMultiplier">The multiplier Ma that takes the first operand to the output's scale.</param>
    /// <param name="secondZeroPoint">The second operand's zero point zb.</param>
    /// <param name="secondMultiplier">The multiplier Mb that takes the second operand to the output's scale.</param>
    /// <param name="shift">The right shift, 1…62.</param>
    /// <param name="outputZeroPoint">The output's zero point.</param>
    /// <param name="minimum">The least output.</param>
    /// <param name="maximum">The greatest output.</param>
    /// <param name="count">The number of elements.</param>
    public static void Run(
        Workspace w,
        int first,
        int second,
        int output,
        int firstZeroPoint,
        int firstMultiplier,
        int secondZeroPoint,
        int secondMultiplier,
        int shift,
        int outputZeroPoint,
        int minimum,
        int maximum,
        int count)
    {
        ref byte a = ref w.Operand(first);
        ref byte b = ref w.Operand(second);
        ref byte y = ref w.Arena(output);
        unchecked
        {
            for (nint i = 0; i < count; i++)
            {
                long difference = ((long)firstMultiplier * (Unsafe.Add(ref a, i) - firstZeroPoint))
                    - ((long)secondMultiplier * (Unsafe.Add(ref b, i) - secondZeroPoint));
                long level = ((Math.Abs(difference) + (1L << (shift - 1))) >> shift) + outputZeroPoint;
                Unsafe.Add(ref y, i) = (byte)Math.Clamp(level, minimum, maximum);
            }
        }
    }
}
