namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;

/// <summary>
/// The two halves of resizing an image, in integers: rows are blended down the columns into one row of finer levels, from which pixels are
/// then gathered along the row. Weights are unsigned and their sum is 2^15; between the halves a level has 8 bits behind the point, so that
/// only the last rounding is to whole levels.
/// </summary>
internal static class ImageRows
{
    /// <summary>Bits of the weights.</summary>
    public const int WeightBits = 15;

    /// <summary>Bits behind the point of what <see cref="Blend"/> leaves.</summary>
    public const int FractionBits = 8;

    /// <summary>Values that <see cref="Gather"/> may read behind the last one of a row.</summary>
    public const int Padding = 8;

    private const int BlendShift = WeightBits - FractionBits;
    private const uint BlendHalf = 1u << (BlendShift - 1);
    private const int GatherShift = WeightBits + FractionBits;
    private const uint GatherHalf = 1u << (GatherShift - 1);

    /// <summary>The weighted mean of rows, place by place: (Σ weight · level + 2^6) / 2^7, rounded down.</summary>
    /// <param name="source">The first row's first byte; nothing behind <paramref name="count"/> bytes of a row is read.</param>
    /// <param name="stride">Bytes from one row to the next.</param>
    /// <param name="weights">A weight for each row.</param>
    /// <param name="target">Receives the means with <see cref="FractionBits"/> bits behind the point.</param>
    /// <param name="count">How many bytes a row has.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Blend(ref byte source, nint stride, ReadOnlySpan<uint> weights, ref ushort target, int count)
    {
        unchecked
        {
            int i = 0;
            if (Vector256.IsHardwareAccelerated)
            {
                for (; i <= count - 16; i += 16)
                {
                    Vector256<uint> low = Vector256.Create(BlendHalf);
                    Vector256<uint> high = low;
                    nint at = i;
                    for (int row = 0; row < weights.Length; row++)
                    {
                        Vector256<uint> weight = Vector256.Create(weights[row]);
                        Vector256<ushort> levels = Vector256.WidenLower(
                            Vector128.LoadUnsafe(ref Unsafe.Add(ref source, at)).ToVector256Unsafe());
                        low += Vector256.WidenLower(levels) * weight;
                        high += Vector256.WidenUpper(levels) * weight;
                        at += stride;
                    }

                    Vector256.Narrow(low >>> BlendShift, high >>> BlendShift).StoreUnsafe(ref target, (nuint)i);
                }
            }
            else if (Vector128.IsHardwareAccelerated)
            {
                for (; i <= count - 8; i += 8)
                {
                    Vector128<uint> low = Vector128.Create(BlendHalf);
                    Vector128<uint> high = low;
                    nint at = i;
                    for (int row = 0; row < weights.Length; row++)
                    {
                        Vector128<uint> weight = Vector128.Create(weights[row]);
                        Vector128<ushort> levels = Vector128.WidenLower(
                            Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref source, at))).AsByte());
                        low += Vector128.WidenLower(levels) * weight;
                        high += Vector128.WidenUpper(levels) * weight;
                        at += stride;
                    }

                    Vector128.Narrow(low >>> BlendShift, high >>> BlendShift).StoreUnsafe(ref target, (nuint)i);
                }
            }

            for (; i < count; i++)
            {
                uint sum = BlendHalf;
                for (int row = 0; row < weights.Length; row++)
                    sum += weights[row] * Unsafe.Add(ref source, i + (row * stride));
                Unsafe.Add(ref target, i) = (ushort)(sum >> BlendShift);
            }
        }
    }

    /// <summary>The weighted mean of neighbouring pixels of one channel: (Σ weight · value + 2^22) / 2^23, rounded down.</summary>
    /// <param name="first">The first pixel's value.</param>
    /// <param name="weights">A weight for each pixel.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte Gather(ref ushort first, ReadOnlySpan<uint> weights)
    {
        unchecked
        {
            uint sum = GatherHalf;
            int i = 0;
            if (Vector128.IsHardwareAccelerated && weights.Length >= 4)
            {
                Vector128<uint> sums = Vector128<uint>.Zero;
                for (; i <= weights.Length - 4; i += 4)
                {
                    sums += Four(ref Unsafe.Add(ref first, i))
                        * Vector128.LoadUnsafe(ref Unsafe.AsRef(in weights[0]), (nuint)i);
                }

                sum += Vector128.Sum(sums);
            }

            for (; i < weights.Length; i++)
                sum += weights[i] * Unsafe.Add(ref first, i);
            return (byte)(sum >> GatherShift);
        }
    }

    /// <summary>The same for the first three channels of pixels, as 24 bits, the first channel lowest.</summary>
    /// <param name="first">The first pixel's first value; up to <see cref="Padding"/> values behind the last one are read.</param>
    /// <param name="pixelStride">Values from one pixel to the next, 3 or 4.</param>
    /// <param name="weights">A weight for each pixel.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint GatherThree(ref ushort first, nint pixelStride, ReadOnlySpan<uint> weights)
    {
        unchecked
        {
            if (Vector128.IsHardwareAccelerated)
            {
                Vector128<uint> even = Vector128.Create(GatherHalf);
                Vector128<uint> odd = Vector128<uint>.Zero;
                int i = 0;
                for (; i <= weights.Length - 2; i += 2)
                {
                    even += Four(ref first) * Vector128.Create(weights[i]);
                    odd += Four(ref Unsafe.Add(ref first, pixelStride)) * Vector128.Create(weights[i + 1]);
                    first = ref Unsafe.Add(ref first, 2 * pixelStride);
                }

                if (i < weights.Length)
                    even += Four(ref first) * Vector128.Create(weights[i]);
                even = (even + odd) >>> GatherShift;
                return even.GetElement(0) | (even.GetElement(1) << 8) | (even.GetElement(2) << 16);
            }

            uint a = GatherHalf;
            uint b = GatherHalf;
            uint c = GatherHalf;
            for (int i = 0; i < weights.Length; i++)
            {
                a += weights[i] * first;
                b += weights[i] * Unsafe.Add(ref first, 1);
                c += weights[i] * Unsafe.Add(ref first, 2);
                first = ref Unsafe.Add(ref first, pixelStride);
            }

            return (a >> GatherShift) | ((b >> GatherShift) << 8) | ((c >> GatherShift) << 16);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> Four(ref ushort first) => Vector128.WidenLower(
        Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<ulong>(ref Unsafe.As<ushort, byte>(ref first))).AsUInt16());
}
