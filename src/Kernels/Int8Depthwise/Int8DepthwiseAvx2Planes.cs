namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// Interleaves input rows into four planes: in plane j of every 16 channels of a place the channels 4j to 4j + 3, in a 32-bit lane each the
/// bytes of four rows, or those of two rows widened to 16 bits.
/// </summary>
/// <remarks>
/// So a vector of a plane holds a quarter of the channels of a block of 32, in the order of <see cref="Int8DepthwiseLayout"/>, or the same
/// four channels of two neighbouring places of a block of 16, and may begin at any place.
/// </remarks>
internal static class Int8DepthwiseAvx2Planes
{
    /// <summary>Interleaves consecutive places.</summary>
    /// <param name="input">The first place's channels in the first row.</param>
    /// <param name="placeStep">Bytes from one place to the next in the input.</param>
    /// <param name="places">How many places; in the planes they are rounded up to whole vectors.</param>
    /// <param name="size">Channels of a place that are interleaved: 16 or 32.</param>
    /// <param name="row1">Bytes from a place to the second row.</param>
    /// <param name="row2">Bytes from a place to the third row, where there are four.</param>
    /// <param name="row3">Bytes from a place to the fourth row, where there are four.</param>
    /// <param name="planes">The first plane.</param>
    /// <param name="pitch">Bytes from one plane to the next.</param>
    /// <typeparam name="TTaps">What lanes hold.</typeparam>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Interleave<TTaps>(
        ref byte input, nint placeStep, int places, int size, nint row1, nint row2, nint row3, ref byte planes, nint pitch)
        where TTaps : struct, IDepthwiseTaps
    {
        unchecked
        {
            if (size == 32 || placeStep == size)
            {
                int vectors = ((places * size) + 31) >> 5;
                nint step = size == 32 ? placeStep : 32;
                for (; vectors > 0; vectors--)
                {
                    Vector256<byte> first = Vector256.LoadUnsafe(ref input);
                    Vector256<byte> second = Vector256.LoadUnsafe(ref Unsafe.Add(ref input, row1));
                    if (TTaps.Rows == 2)
                    {
                        Words(first, second, ref planes, pitch);
                    }
                    else
                    {
                        Bytes(
                            first, second, Vector256.LoadUnsafe(ref Unsafe.Add(ref input, row2)),
                            Vector256.LoadUnsafe(ref Unsafe.Add(ref input, row3)), ref planes, pitch);
                    }

                    input = ref Unsafe.Add(ref input, step);
                    planes = ref Unsafe.Add(ref planes, 32);
                }

                return;
            }

            for (; places > 0; places -= 2)
            {
                // What stands beside the last place of an odd number is not used: the place itself serves.
                nint next = places > 1 ? placeStep : 0;
                Vector256<byte> first = Two(ref input, next);
                Vector256<byte> second = Two(ref Unsafe.Add(ref input, row1), next);
                if (TTaps.Rows == 2)
                {
                    Words(first, second, ref planes, pitch);
                }
                else
                {
                    Bytes(
                        first, second, Two(ref Unsafe.Add(ref input, row2), next), Two(ref Unsafe.Add(ref input, row3), next), ref planes,
                        pitch);
                }

                input = ref Unsafe.Add(ref input, 2 * placeStep);
                planes = ref Unsafe.Add(ref planes, 32);
            }
        }
    }

    /// <summary>Sixteen channels of two places.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Two(ref byte place, nint next) =>
        Vector256.Create(Vector128.LoadUnsafe(ref place), Vector128.LoadUnsafe(ref Unsafe.Add(ref place, next)));

    /// <summary>One vector of each plane: two rows of 16 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Words(Vector256<byte> first, Vector256<byte> second, ref byte planes, nint pitch)
    {
        Vector256<byte> low = Avx2.UnpackLow(first, second);
        Vector256<byte> high = Avx2.UnpackHigh(first, second);
        Store(
            Avx2.UnpackLow(low, Vector256<byte>.Zero), Avx2.UnpackHigh(low, Vector256<byte>.Zero),
            Avx2.UnpackLow(high, Vector256<byte>.Zero), Avx2.UnpackHigh(high, Vector256<byte>.Zero), ref planes, pitch);
    }

    /// <summary>One vector of each plane: four rows of bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Bytes(
        Vector256<byte> first, Vector256<byte> second, Vector256<byte> third, Vector256<byte> fourth, ref byte planes, nint pitch)
    {
        Vector256<short> low = Avx2.UnpackLow(first, second).AsInt16();
        Vector256<short> high = Avx2.UnpackHigh(first, second).AsInt16();
        Vector256<short> lowBelow = Avx2.UnpackLow(third, fourth).AsInt16();
        Vector256<short> highBelow = Avx2.UnpackHigh(third, fourth).AsInt16();
        Store(
            Avx2.UnpackLow(low, lowBelow).AsByte(), Avx2.UnpackHigh(low, lowBelow).AsByte(), Avx2.UnpackLow(high, highBelow).AsByte(),
            Avx2.UnpackHigh(high, highBelow).AsByte(), ref planes, pitch);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(
        Vector256<byte> quarter0, Vector256<byte> quarter1, Vector256<byte> quarter2, Vector256<byte> quarter3, ref byte planes, nint pitch)
    {
        quarter0.StoreUnsafe(ref planes);
        quarter1.StoreUnsafe(ref Unsafe.Add(ref planes, pitch));
        quarter2.StoreUnsafe(ref Unsafe.Add(ref planes, unchecked(2 * pitch)));
        quarter3.StoreUnsafe(ref Unsafe.Add(ref planes, unchecked(3 * pitch)));
    }
}
