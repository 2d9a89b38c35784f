namespace OptimizerBuild.Kernels;

#if NET9_0_OR_GREATER

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// Interleaves four input rows with 512-bit vectors into four planes: in plane j one group of 16 bytes for every 16 channels of a place,
/// the quads of channels 4j to 4j + 3 among them, groups and places following one another.
/// </summary>
/// <remarks>
/// So a vector of 32 bytes of a plane holds a quarter of the channels of a block of 32, in the order of <see cref="Int8DepthwiseLayout"/>,
/// or the same channels of two neighbouring places of a block of 16, and may begin at any place.
/// </remarks>
internal static class Int8DepthwisePlanes
{
    /// <summary>Bytes of a vector.</summary>
    private const int Vector = 64;

    /// <summary>Interleaves consecutive places.</summary>
    /// <param name="input">The first place's channels in the row that offsets count from.</param>
    /// <param name="placeStep">Bytes from one place to the next in the input.</param>
    /// <param name="places">How many places; in the planes they are rounded up to whole vectors.</param>
    /// <param name="unit">Channels of a place that are interleaved: 16, 32 or 64.</param>
    /// <param name="offsets">Bytes from a place to each of its four rows.</param>
    /// <param name="planes">The first plane.</param>
    /// <param name="pitch">Bytes from one plane to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Interleave(
        ref byte input, nint placeStep, int places, int unit, ReadOnlySpan<int> offsets, ref byte planes, nint pitch)
    {
        unchecked
        {
            if (unit == Vector || placeStep == unit)
            {
                Adjacent(
                    ref input, unit == Vector ? placeStep : Vector, ((places * unit) + Vector - 1) / Vector, offsets, ref planes, pitch);
            }
            else if (unit == Vector / 2)
                Pairs(ref input, placeStep, places, offsets, ref planes, pitch);
            else
                Fours(ref input, placeStep, places, offsets, ref planes, pitch);
        }
    }

    /// <summary>
    /// Interleaves two rows of every place with the same rows of the next one; parameters as of <see cref="Interleave"/>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void InterleavePairs(
        ref byte input, nint placeStep, int places, int unit, nint first, nint last, ref byte planes, nint pitch)
    {
        unchecked
        {
            if (unit == Vector)
            {
                Neighbours(ref input, placeStep, places, first, last, ref planes, pitch);
                return;
            }

            // The last place has no neighbour; what would be the neighbour's is not used.
            int step = (int)placeStep;
            int from = (int)first;
            int to = (int)last;
            places--;
            Interleave(ref input, placeStep, places, unit, [from, to, from + step, to + step], ref planes, pitch);
            Interleave(
                ref Unsafe.Add(ref input, places * placeStep), placeStep, 1, unit, [from, to, from, to],
                ref Unsafe.Add(ref planes, places * unit), pitch);
        }
    }

    /// <summary>Two rows of places of 64 channels: what is made of a place for the one before it serves it, too.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Neighbours(ref byte input, nint placeStep, int places, nint first, nint last, ref byte planes, nint pitch)
    {
        unchecked
        {
            Vector512<byte> row0 = Vector512.LoadUnsafe(ref Unsafe.Add(ref input, first));
            Vector512<byte> row1 = Vector512.LoadUnsafe(ref Unsafe.Add(ref input, last));
            Vector512<short> low = Avx512BW.UnpackLow(row0, row1).AsInt16();
            Vector512<short> high = Avx512BW.UnpackHigh(row0, row1).AsInt16();
            for (; places > 0; places--)
            {
                if (places > 1)
                    input = ref Unsafe.Add(ref input, placeStep);
                row0 = Vector512.LoadUnsafe(ref Unsafe.Add(ref input, first));
                row1 = Vector512.LoadUnsafe(ref Unsafe.Add(ref input, last));
                Vector512<short> nextLow = Avx512BW.UnpackLow(row0, row1).AsInt16();
                Vector512<short> nextHigh = Avx512BW.UnpackHigh(row0, row1).AsInt16();
                Store(low, high, nextLow, nextHigh, ref planes, pitch);
                low = nextLow;
                high = nextHigh;
                planes = ref Unsafe.Add(ref planes, Vector);
            }
        }
    }

    /// <summary>Places of 64 channels, or smaller ones without gaps: 64 adjacent bytes make a vector.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Adjacent(ref byte input, nint step, int vectors, ReadOnlySpan<int> offsets, ref byte planes, nint pitch)
    {
        unchecked
        {
            nint row0 = offsets[0];
            nint row1 = offsets[1];
            nint row2 = offsets[2];
            nint row3 = offsets[3];
            for (; vectors > 0; vectors--)
            {
                Vector512<byte> third = Vector512.LoadUnsafe(ref Unsafe.Add(ref input, row2));
                Write(
                    Vector512.LoadUnsafe(ref Unsafe.Add(ref input, row0)), Vector512.LoadUnsafe(ref Unsafe.Add(ref input, row1)), third,
                    row3 == row2 ? third : Vector512.LoadUnsafe(ref Unsafe.Add(ref input, row3)), ref planes, pitch);
                input = ref Unsafe.Add(ref input, step);
                planes = ref Unsafe.Add(ref planes, Vector);
            }
        }
    }

    /// <summary>Places of 32 channels, two to a vector. The last one stands beside itself where it has no neighbour.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pairs(ref byte input, nint placeStep, int places, ReadOnlySpan<int> offsets, ref byte planes, nint pitch)
    {
        unchecked
        {
            nint row0 = offsets[0];
            nint row1 = offsets[1];
            nint row2 = offsets[2];
            nint row3 = offsets[3];
            for (; places > 0; places -= 2)
            {
                ref byte next = ref Unsafe.Add(ref input, places > 1 ? placeStep : 0);
                Write(
                    Two(ref Unsafe.Add(ref input, row0), ref Unsafe.Add(ref next, row0)),
                    Two(ref Unsafe.Add(ref input, row1), ref Unsafe.Add(ref next, row1)),
                    Two(ref Unsafe.Add(ref input, row2), ref Unsafe.Add(ref next, row2)),
                    Two(ref Unsafe.Add(ref input, row3), ref Unsafe.Add(ref next, row3)), ref planes, pitch);
                input = ref Unsafe.Add(ref next, placeStep);
                planes = ref Unsafe.Add(ref planes, Vector);
            }
        }
    }

    /// <summary>Places of 16 channels, four to a vector. Those that are missing at the end are copies of the last one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Fours(ref byte input, nint placeStep, int places, ReadOnlySpan<int> offsets, ref byte planes, nint pitch)
    {
        unchecked
        {
            nint row0 = offsets[0];
            nint row1 = offsets[1];
            nint row2 = offsets[2];
            nint row3 = offsets[3];
            for (; places > 0; places -= 4)
            {
                nint second = places > 1 ? placeStep : 0;
                nint third = second + (places > 2 ? placeStep : 0);
                nint fourth = third + (places > 3 ? placeStep : 0);
                Write(
                    Four(ref Unsafe.Add(ref input, row0), second, third, fourth),
                    Four(ref Unsafe.Add(ref input, row1), second, third, fourth),
                    Four(ref Unsafe.Add(ref input, row2), second, third, fourth),
                    Four(ref Unsafe.Add(ref input, row3), second, third, fourth), ref planes, pitch);
                input = ref Unsafe.Add(ref input, 4 * placeStep);
                planes = ref Unsafe.Add(ref planes, Vector);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Two(ref byte first, ref byte second) =>
        Vector256.LoadUnsafe(ref first).ToVector512Unsafe().WithUpper(Vector256.LoadUnsafe(ref second));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Four(ref byte first, nint second, nint third, nint fourth)
    {
        Vector256<byte> lower = Vector128.LoadUnsafe(ref first).ToVector256Unsafe().WithUpper(
            Vector128.LoadUnsafe(ref Unsafe.Add(ref first, second)));
        Vector256<byte> upper = Vector128.LoadUnsafe(ref Unsafe.Add(ref first, third)).ToVector256Unsafe().WithUpper(
            Vector128.LoadUnsafe(ref Unsafe.Add(ref first, fourth)));
        return lower.ToVector512Unsafe().WithUpper(upper);
    }

    /// <summary>Interleaves 64 bytes of each of four rows within 128-bit lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Write(
        Vector512<byte> row0, Vector512<byte> row1, Vector512<byte> row2, Vector512<byte> row3, ref byte planes, nint pitch)
    {
        Store(
            Avx512BW.UnpackLow(row0, row1).AsInt16(), Avx512BW.UnpackHigh(row0, row1).AsInt16(), Avx512BW.UnpackLow(row2, row3).AsInt16(),
            Avx512BW.UnpackHigh(row2, row3).AsInt16(), ref planes, pitch);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(
        Vector512<short> low01, Vector512<short> high01, Vector512<short> low23, Vector512<short> high23, ref byte planes, nint pitch)
    {
        Avx512BW.UnpackLow(low01, low23).AsByte().StoreUnsafe(ref planes);
        Avx512BW.UnpackHigh(low01, low23).AsByte().StoreUnsafe(ref Unsafe.Add(ref planes, pitch));
        Avx512BW.UnpackLow(high01, high23).AsByte().StoreUnsafe(ref Unsafe.Add(ref planes, unchecked(2 * pitch)));
        Avx512BW.UnpackHigh(high01, high23).AsByte().StoreUnsafe(ref Unsafe.Add(ref planes, unchecked(3 * pitch)));
    }
}

#endif
