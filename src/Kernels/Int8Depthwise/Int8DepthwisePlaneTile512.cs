namespace OptimizerBuild.Kernels;

#if NET11_0_OR_GREATER

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// The register tile of depthwise kernels of 3×3 and 5×5 with AVX-512 VNNI: <see cref="Int8DepthwisePlaneTile"/> with vectors of 64 bytes,
/// which are a quarter of 64 channels, or of 32 or 16 channels of two or four neighbouring pixels.
/// </summary>
/// <remarks>Sums need not be joined to be requantised, and a load serves twice as many outputs.</remarks>
internal static class Int8DepthwisePlaneTile512
{
    /// <summary>Bytes of a vector of sums.</summary>
    public const int VectorBytes = 64;

    /// <summary>Bytes of one side's values of two vectors of channels, packed to 16 bits.</summary>
    private const int SideBytes = 4 * VectorBytes;

    /// <summary>Sums the products of a stretch, requantises and stores them.</summary>
    /// <param name="stretch">What to compute.</param>
    /// <param name="quads">The planes of columns (<see cref="Int8DepthwisePlanes"/>).</param>
    /// <param name="table">The block's parameters (<see cref="Int8DepthwiseTable"/>).</param>
    /// <param name="upper">Where the first pixel's first output goes.</param>
    /// <param name="lower">The same of the output row below; of the same row where there is only one.</param>
    /// <param name="spare">1024 bytes for values packed to 16 bits, and for the outputs of tiles where these are not adjacent.</param>
    /// <typeparam name="TVectors">Vectors of outputs of a side: 3 or 4. The stretch has at least as many.</typeparam>
    /// <typeparam name="TRows">Output rows: 1 or 2.</typeparam>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<TVectors, TRows>(
        in Int8DepthwiseStretch stretch, ref byte quads, ref byte table, ref byte upper, ref byte lower, ref byte spare)
        where TVectors : struct, IExtent
        where TRows : struct, IExtent
    {
        unchecked
        {
            Vector512<int> addend = Vector512.Create(stretch.Requantization.Addend);
            Vector512<uint> shift = Vector512.Create((uint)stretch.Requantization.UpperShift);
            int width = TVectors.Value * stretch.VectorPixels;
            int last = stretch.Pixels - width;
            nint step = stretch.VectorPixels * stretch.PixelStep;
            int channels = VectorBytes / stretch.VectorPixels;
            bool adjacent = stretch.Count >= channels && (stretch.VectorPixels == 1 || stretch.OutputPixelStride == channels);
            int recordBytes = Int8DepthwiseTable.RecordBytes(stretch.Columns, VectorBytes);
            for (int x = 0; x < stretch.Pixels;)
            {
                int above = x < last ? x : last;
                x += width;
                int below = above;
                if (TRows.Value == 1)
                {
                    below = x < last ? x : last;
                    x += width;
                }

                // From the last vector to the first one: what is packed behind waits in memory, from where it can be an operand.
                ref byte a = ref Unsafe.Add(ref quads, (above * stretch.PixelStep) + (3 * stretch.Pitch));
                ref byte b = ref Unsafe.Add(ref quads, (below * stretch.PixelStep) + (3 * stretch.Pitch));
                ref byte record = ref Unsafe.Add(ref table, 3 * recordBytes);
                ref byte words = ref Unsafe.Add(ref spare, 2 * SideBytes);
                for (int pair = 0; pair < 2; pair++)
                {
                    Values<TVectors, TRows>(
                        in stretch, ref a, ref b, step, ref record, addend, shift, out Vector512<int> a0, out Vector512<int> a1,
                        out Vector512<int> a2, out Vector512<int> a3, out Vector512<int> b0, out Vector512<int> b1, out Vector512<int> b2,
                        out Vector512<int> b3);
                    a = ref Unsafe.Subtract(ref a, stretch.Pitch);
                    b = ref Unsafe.Subtract(ref b, stretch.Pitch);
                    record = ref Unsafe.Subtract(ref record, recordBytes);
                    Values<TVectors, TRows>(
                        in stretch, ref a, ref b, step, ref record, addend, shift, out Vector512<int> c0, out Vector512<int> c1,
                        out Vector512<int> c2, out Vector512<int> c3, out Vector512<int> d0, out Vector512<int> d1, out Vector512<int> d2,
                        out Vector512<int> d3);
                    a = ref Unsafe.Subtract(ref a, stretch.Pitch);
                    b = ref Unsafe.Subtract(ref b, stretch.Pitch);
                    record = ref Unsafe.Subtract(ref record, recordBytes);
                    Avx512BW.PackSignedSaturate(c0, a0).AsByte().StoreUnsafe(ref words);
                    Avx512BW.PackSignedSaturate(c1, a1).AsByte().StoreUnsafe(ref words, 64);
                    Avx512BW.PackSignedSaturate(c2, a2).AsByte().StoreUnsafe(ref words, 128);
                    if (TVectors.Value > 3)
                        Avx512BW.PackSignedSaturate(c3, a3).AsByte().StoreUnsafe(ref words, 192);
                    Avx512BW.PackSignedSaturate(d0, b0).AsByte().StoreUnsafe(ref words, SideBytes);
                    Avx512BW.PackSignedSaturate(d1, b1).AsByte().StoreUnsafe(ref words, SideBytes + 64);
                    Avx512BW.PackSignedSaturate(d2, b2).AsByte().StoreUnsafe(ref words, SideBytes + 128);
                    if (TVectors.Value > 3)
                        Avx512BW.PackSignedSaturate(d3, b3).AsByte().StoreUnsafe(ref words, SideBytes + 192);
                    words = ref Unsafe.Subtract(ref words, 2 * SideBytes);
                }

                ref byte to = ref Unsafe.Add(ref upper, above * stretch.OutputPixelStride);
                Store<TVectors>(in stretch, adjacent, ref spare, ref to);
                to = ref Unsafe.Add(ref lower, below * stretch.OutputPixelStride);
                Store<TVectors>(in stretch, adjacent, ref Unsafe.Add(ref spare, SideBytes), ref to);
            }
        }
    }

    /// <summary>The requantised sums of one vector of channels, of both sides.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Values<TVectors, TRows>(
        in Int8DepthwiseStretch stretch, ref byte a, ref byte b, nint step, ref byte record, Vector512<int> addend, Vector512<uint> shift,
        out Vector512<int> a0, out Vector512<int> a1, out Vector512<int> a2, out Vector512<int> a3, out Vector512<int> b0,
        out Vector512<int> b1, out Vector512<int> b2, out Vector512<int> b3)
        where TVectors : struct, IExtent
        where TRows : struct, IExtent
    {
        unchecked
        {
            Vector512<int> s0 = Load(ref Unsafe.Add(ref record, Int8DepthwiseTable.Start));
            Vector512<int> s1 = s0;
            Vector512<int> s2 = s0;
            Vector512<int> s3 = s0;
            Vector512<int> t0 = s0;
            Vector512<int> t1 = s0;
            Vector512<int> t2 = s0;
            Vector512<int> t3 = s0;
            ref byte tap = ref Unsafe.Add(ref record, Int8DepthwiseTable.Taps);
            ref byte pairA = ref Unsafe.Add(ref a, stretch.PairPlanes);
            ref byte pairB = ref Unsafe.Add(ref b, stretch.PairPlanes);

            for (int column = stretch.Columns; column > 0; column--)
            {
                Tap<TVectors, TRows>(
                    ref a, ref b, step, ref tap, stretch.SingleRow, ref s0, ref s1, ref s2, ref s3, ref t0, ref t1, ref t2, ref t3);
                a = ref Unsafe.Add(ref a, stretch.Place);
                if (TRows.Value == 1)
                    b = ref Unsafe.Add(ref b, stretch.Place);
                tap = ref Unsafe.Add(ref tap, 2 * VectorBytes);
            }

            for (int pair = stretch.Pairs; pair > 0; pair--)
            {
                Tap<TVectors, TRows>(
                    ref pairA, ref pairB, step, ref tap, stretch.SingleRow, ref s0, ref s1, ref s2, ref s3, ref t0, ref t1, ref t2, ref t3);
                pairA = ref Unsafe.Add(ref pairA, 2 * stretch.Place);
                if (TRows.Value == 1)
                    pairB = ref Unsafe.Add(ref pairB, 2 * stretch.Place);
                tap = ref Unsafe.Add(ref tap, 2 * VectorBytes);
            }

            if (stretch.Requantization.LeftShift > 0)
            {
                s0 = RequantizedRow.Raise(s0, in stretch.Requantization);
                s1 = RequantizedRow.Raise(s1, in stretch.Requantization);
                s2 = RequantizedRow.Raise(s2, in stretch.Requantization);
                s3 = RequantizedRow.Raise(s3, in stretch.Requantization);
                t0 = RequantizedRow.Raise(t0, in stretch.Requantization);
                t1 = RequantizedRow.Raise(t1, in stretch.Requantization);
                t2 = RequantizedRow.Raise(t2, in stretch.Requantization);
                t3 = RequantizedRow.Raise(t3, in stretch.Requantization);
            }

            Vector512<int> even = Load(ref Unsafe.Add(ref record, Int8DepthwiseTable.Even));
            Vector512<int> odd = Load(ref Unsafe.Add(ref record, Int8DepthwiseTable.Odd));
            Vector512<int> halves = Vector512.Create(1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31);
            a0 = Requantize(s0, even, odd, halves, addend, shift);
            a1 = Requantize(s1, even, odd, halves, addend, shift);
            a2 = Requantize(s2, even, odd, halves, addend, shift);
            a3 = TVectors.Value > 3 ? Requantize(s3, even, odd, halves, addend, shift) : a2;
            b0 = Requantize(t0, even, odd, halves, addend, shift);
            b1 = Requantize(t1, even, odd, halves, addend, shift);
            b2 = Requantize(t2, even, odd, halves, addend, shift);
            b3 = TVectors.Value > 3 ? Requantize(t3, even, odd, halves, addend, shift) : b2;
        }
    }

    /// <summary>One quad: two output rows read the same ones, two parts of one row have the same weights.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Tap<TVectors, TRows>(
        ref byte a, ref byte b, nint step, ref byte tap, nint singleRow, ref Vector512<int> a0, ref Vector512<int> a1,
        ref Vector512<int> a2, ref Vector512<int> a3, ref Vector512<int> b0, ref Vector512<int> b1, ref Vector512<int> b2,
        ref Vector512<int> b3)
        where TVectors : struct, IExtent
        where TRows : struct, IExtent
    {
        unchecked
        {
            Vector512<int> weights = Load(ref Unsafe.Add(ref tap, TRows.Value > 1 ? 0 : singleRow));
            Vector512<int> lower = TRows.Value > 1 ? Load(ref Unsafe.Add(ref tap, VectorBytes)) : weights;
            Vector512<int> x = Load(ref a);
            a0 = Add(a0, x, weights);
            b0 = Add(b0, TRows.Value > 1 ? x : Load(ref b), lower);
            x = Load(ref Unsafe.Add(ref a, step));
            a1 = Add(a1, x, weights);
            b1 = Add(b1, TRows.Value > 1 ? x : Load(ref Unsafe.Add(ref b, step)), lower);
            x = Load(ref Unsafe.Add(ref a, 2 * step));
            a2 = Add(a2, x, weights);
            b2 = Add(b2, TRows.Value > 1 ? x : Load(ref Unsafe.Add(ref b, 2 * step)), lower);
            if (TVectors.Value > 3)
            {
                x = Load(ref Unsafe.Add(ref a, 3 * step));
                a3 = Add(a3, x, weights);
                b3 = Add(b3, TRows.Value > 1 ? x : Load(ref Unsafe.Add(ref b, 3 * step)), lower);
            }
        }
    }

    /// <summary>The values of <see cref="RequantizedRow"/>, its multipliers prepared.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Requantize(
        Vector512<int> sums, Vector512<int> evenMultipliers, Vector512<int> oddMultipliers, Vector512<int> halves, Vector512<int> addend,
        Vector512<uint> shift)
    {
        // Copying odd lanes down runs on any port, a shift on two of four.
        Vector512<int> oddSums = Avx512F.Shuffle(sums, 0b11110101);
        Vector512<long> even = Avx512F.Multiply(sums, evenMultipliers);
        Vector512<long> odd = Avx512F.Multiply(oddSums, oddMultipliers);
        Vector512<int> values = Avx512F.PermuteVar16x32x2(even.AsInt32(), halves, odd.AsInt32());
        return Avx512F.ShiftRightArithmeticVariable(unchecked(values + addend), shift);
    }

    /// <summary>Bounds and stores one side's outputs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TVectors>(in Int8DepthwiseStretch stretch, bool adjacent, ref byte words, ref byte output)
        where TVectors : struct, IExtent
    {
        unchecked
        {
            Vector512<byte> minimum = Vector512.Create((byte)stretch.Requantization.Minimum);
            Vector512<byte> maximum = Vector512.Create((byte)stretch.Requantization.Maximum);
            nint step = stretch.VectorPixels * stretch.OutputPixelStride;
            ref byte to = ref output;
            if (!adjacent)
            {
                to = ref words;
                step = VectorBytes;
            }

            Bytes(ref words, minimum, maximum).StoreUnsafe(ref to);
            Bytes(ref Unsafe.Add(ref words, 64), minimum, maximum).StoreUnsafe(ref Unsafe.Add(ref to, step));
            Bytes(ref Unsafe.Add(ref words, 128), minimum, maximum).StoreUnsafe(ref Unsafe.Add(ref to, 2 * step));
            if (TVectors.Value > 3)
                Bytes(ref Unsafe.Add(ref words, 192), minimum, maximum).StoreUnsafe(ref Unsafe.Add(ref to, 3 * step));
            if (!adjacent)
                Scatter(in stretch, TVectors.Value, ref words, ref output);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Bytes(ref byte words, Vector512<byte> minimum, Vector512<byte> maximum) =>
        Avx512BW.Min(
            Avx512BW.Max(
                Avx512BW.PackUnsignedSaturate(
                    Vector512.LoadUnsafe(ref words).AsInt16(), Vector512.LoadUnsafe(ref words, 2 * SideBytes).AsInt16()), minimum),
            maximum);

    /// <summary>Stores one side's vectors of a tile where outputs are not whole vectors, sixteen channels at a time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Scatter(in Int8DepthwiseStretch stretch, int vectors, ref byte bytes, ref byte output)
    {
        unchecked
        {
            int channels = VectorBytes / stretch.VectorPixels;
            if (stretch.Count == channels - 8)
            {
                Eights(in stretch, vectors * stretch.VectorPixels, channels, ref bytes, ref output);
                return;
            }

            for (int pixel = vectors * stretch.VectorPixels; pixel > 0; pixel--)
            {
                for (int channel = 0; channel < channels; channel += 16)
                {
                    if (channel < stretch.Count)
                    {
                        PartialStore.Bytes(
                            Vector128.LoadUnsafe(ref bytes, (nuint)channel), ref Unsafe.Add(ref output, channel), stretch.Count - channel);
                    }
                }

                output = ref Unsafe.Add(ref output, stretch.OutputPixelStride);
                bytes = ref Unsafe.Add(ref bytes, channels);
            }
        }
    }

    /// <summary>The same of 8 channels of 16, 24 of 32 or 56 of 64.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Eights(in Int8DepthwiseStretch stretch, int pixels, int channels, ref byte bytes, ref byte output)
    {
        unchecked
        {
            for (; pixels > 0; pixels--)
            {
                for (int channel = 0; channel < channels - 16; channel += 16)
                    Vector128.LoadUnsafe(ref bytes, (nuint)channel).StoreUnsafe(ref output, (nuint)channel);
                Unsafe.WriteUnaligned(
                    ref Unsafe.Add(ref output, channels - 16), Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref bytes, channels - 16)));
                output = ref Unsafe.Add(ref output, stretch.OutputPixelStride);
                bytes = ref Unsafe.Add(ref bytes, channels);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Load(ref byte source) => Vector512.LoadUnsafe(ref source).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Add(Vector512<int> sums, Vector512<int> quads, Vector512<int> weights) =>
        AvxVnni.V512.MultiplyWideningAndAdd(sums, quads.AsByte(), weights.AsSByte());
}

#endif
