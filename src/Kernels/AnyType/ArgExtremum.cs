namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Numerics;
using global::System.Runtime.CompilerServices;

/// <summary>
/// Index of the greatest or least element over the middle dimension of <c>[outer, count, inner]</c>, as 64-bit integers: the first
/// of equal ones, or the last.
/// </summary>
internal static class ArgExtremum
{
    /// <summary>The index of the greatest element.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Operand offset of the input.</param>
    /// <param name="output">Arena offset of the indices.</param>
    /// <param name="elementType">The element type, a number of <see cref="NumericType"/>.</param>
    /// <param name="outer">The product of the dimensions before the axis.</param>
    /// <param name="count">The axis's extent, at least 1.</param>
    /// <param name="inner">The product of the dimensions after it.</param>
    /// <param name="last">1 for the last of equal elements, 0 for the first.</param>
    public static void Max(Workspace w, int input, int output, int elementType, int outer, int count, int inner, int last) =>
        Dispatch(w, input, output, elementType, outer, count, inner, last != 0, true);

    /// <summary>The index of the least element; parameters as for the greatest.</summary>
    public static void Min(Workspace w, int input, int output, int elementType, int outer, int count, int inner, int last) =>
        Dispatch(w, input, output, elementType, outer, count, inner, last != 0, false);

    private static void Dispatch(
        Workspace w, int input, int output, int elementType, int outer, int count, int inner, bool last, bool greatest)
    {
        ref byte from = ref w.Operand(input);
        ref long to = ref Unsafe.As<byte, long>(ref w.Arena(output));
        switch (elementType)
        {
            case NumericType.UInt8:
            case NumericType.Bool:
                Run<byte>(ref from, ref to, outer, count, inner, last, greatest);
                break;
            case NumericType.Int8:
                Run<sbyte>(ref from, ref to, outer, count, inner, last, greatest);
                break;
            case NumericType.UInt16:
                Run<ushort>(ref from, ref to, outer, count, inner, last, greatest);
                break;
            case NumericType.Int16:
                Run<short>(ref from, ref to, outer, count, inner, last, greatest);
                break;
            case NumericType.Int32:
                Run<int>(ref from, ref to, outer, count, inner, last, greatest);
                break;
            case NumericType.UInt32:
                Run<uint>(ref from, ref to, outer, count, inner, last, greatest);
                break;
            case NumericType.Int64:
                Run<long>(ref from, ref to, outer, count, inner, last, greatest);
                break;
            case NumericType.UInt64:
                Run<ulong>(ref from, ref to, outer, count, inner, last, greatest);
                break;
            case NumericType.Float16:
                Run<Half>(ref from, ref to, outer, count, inner, last, greatest);
                break;
            case NumericType.Float64:
                Run<double>(ref from, ref to, outer, count, inner, last, greatest);
                break;
            default:
                Run<float>(ref from, ref to, outer, count, inner, last, greatest);
                break;
        }
    }

    private static void Run<T>(ref byte input, ref long to, int outer, int count, int inner, bool last, bool greatest)
        where T : unmanaged, INumber<T>
    {
        ref T from = ref Unsafe.As<byte, T>(ref input);
        for (nint o = 0; o < outer; o++)
        {
            for (nint i = 0; i < inner; i++)
            {
                ref T column = ref Unsafe.Add(ref from, (o * count * inner) + i);
                T best = column;
                int index = 0;
                for (int k = 1; k < count; k++)
                {
                    T x = Unsafe.Add(ref column, (nint)k * inner);
                    if ((greatest ? x > best : x < best) || (last && x == best))
                    {
                        best = x;
                        index = k;
                    }
                }
                Unsafe.Add(ref to, (o * inner) + i) = index;
            }
        }
    }
}
