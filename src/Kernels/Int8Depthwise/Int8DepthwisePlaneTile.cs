namespace OptimizerBuild.Kernels;

#if NET9_0_OR_GREATER

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// The register tile of depthwise kernels of 3×3 and 5×5 with AVX-VNNI and AVX-512: eight (or six) vectors of outputs, four on each of two
/// sides, which are two output rows over the same quads or two parts of one output row.
/// </summary>
/// <remarks>
/// VPDPBUSD takes 256 bits, so that the sums of both sides join into 512 bits to be requantised. A tile's four vectors of channels follow
/// one another, packed to 16 bits two by two. The last tile overlaps the one before it, so that there are no smaller ones.
/// </remarks>
internal static class Int8DepthwisePlaneTile
{
    /// <summary>Bytes of a vector of sums.</summary>
    public const int VectorBytes = 32;

    /// <summary>Sums the products of a stretch, requantises and stores them.</summary>
    /// <param name="stretch">What to compute.</param>
    /// <param name="quads">The planes of columns (<see cref="Int8DepthwisePlanes"/>).</param>
    /// <param name="table">The block's parameters (<see cref="Int8DepthwiseTable"/>).</param>
    /// <param name="upper">Where the first pixel's first output goes.</param>
    /// <param name="lower">The same of the output row below; of the same row where there is only one.</param>
    /// <param name="spare">512 bytes for values packed to 16 bits, and for the outputs of tiles where these are not adjacent.</param>
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
            Vector512<byte> minimum = Vector512.Create((byte)stretch.Requantization.Minimum);
            Vector512<byte> maximum = Vector512.Create((byte)stretch.Requantization.Maximum);
            Vector512<int> halves = Vector512.Create(1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31);
            int width = TVectors.Value * stretch.VectorPixels;
            int last = stretch.Pixels - width;
            nint step = stretch.VectorPixels * stretch.PixelStep;
            nint outputStep = stretch.VectorPixels * stretch.OutputPixelStride;
            bool adjacent = stretch.VectorPixels == 1 ? stretch.Count >= 32 : stretch.Count >= 16 && stretch.OutputPixelStride == 16;
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
                ref byte words = ref Unsafe.Add(ref spare, 4 * 64);
                for (int pair = 0; pair < 2; pair++)
                {
                    Values<TVectors, TRows>(
                        in stretch, ref a, ref b, step, ref record, halves, addend, shift, out Vector512<int> w0, out Vector512<int> w1,
                        out Vector512<int> w2, out Vector512<int> w3);
                    a = ref Unsafe.Subtract(ref a, stretch.Pitch);
                    b = ref Unsafe.Subtract(ref b, stretch.Pitch);
                    record = ref Unsafe.Subtract(ref record, recordBytes);
                    Values<TVectors, TRows>(
                        in stretch, ref a, ref b, step, ref record, halves, addend, shift, out Vector512<int> v0, out Vector512<int> v1,
                        out Vector512<int> v2, out Vector512<int> v3);
                    a = ref Unsafe.Subtract(ref a, stretch.Pitch);
                    b = ref Unsafe.Subtract(ref b, stretch.Pitch);
                    record = ref Unsafe.Subtract(ref record, recordBytes);
                    Avx512BW.PackSignedSaturate(v0, w0).AsByte().StoreUnsafe(ref words);
                    Avx512BW.PackSignedSaturate(v1, w1).AsByte().StoreUnsafe(ref words, 64);
                    Avx512BW.PackSignedSaturate(v2, w2).AsByte().StoreUnsafe(ref words, 128);
                    if (TVectors.Value > 3)
                        Avx512BW.PackSignedSaturate(v3, w3).AsByte().StoreUnsafe(ref words, 192);
                    words = ref Unsafe.Subtract(ref words, 4 * 64);
                }

                ref byte to = ref Unsafe.Add(ref upper, above * stretch.OutputPixelStride);
                ref byte toLower = ref Unsafe.Add(ref lower, below * stretch.OutputPixelStride);
                Vector512<byte> o0 = Bytes(ref spare, minimum, maximum);
                Vector512<byte> o1 = Bytes(ref Unsafe.Add(ref spare, 64), minimum, maximum);
                Vector512<byte> o2 = Bytes(ref Unsafe.Add(ref spare, 128), minimum, maximum);
                if (adjacent)
                {
                    Store(o0, ref to, ref toLower);
                    Store(o1, ref Unsafe.Add(ref to, outputStep), ref Unsafe.Add(ref toLower, outputStep));
                    Store(o2, ref Unsafe.Add(ref to, 2 * outputStep), ref Unsafe.Add(ref toLower, 2 * outputStep));
                    if (TVectors.Value > 3)
                    {
                        Store(
                            Bytes(ref Unsafe.Add(ref spare, 192), minimum, maximum), ref Unsafe.Add(ref to, 3 * outputStep),
                            ref Unsafe.Add(ref toLower, 3 * outputStep));
                    }

                    continue;
                }

                o0.StoreUnsafe(ref spare);
                o1.StoreUnsafe(ref spare, 64);
                o2.StoreUnsafe(ref spare, 128);
                if (TVectors.Value > 3)
                    Bytes(ref Unsafe.Add(ref spare, 192), minimum, maximum).StoreUnsafe(ref spare, 192);
                Scatter(in stretch, TVectors.Value, ref spare, ref to);
                Scatter(in stretch, TVectors.Value, ref Unsafe.Add(ref spare, 32), ref toLower);
            }
        }
    }

    /// <summary>The requantised sums of one vector of channels, both sides joined.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Values<TVectors, TRows>(
        in Int8DepthwiseStretch stretch, ref byte a, ref byte b, nint step, ref byte record, Vector512<int> halves, Vector512<int> addend,
        Vector512<uint> shift, out Vector512<int> v0, out Vector512<int> v1, out Vector512<int> v2, out Vector512<int> v3)
        where TVectors : struct, IExtent
        where TRows : struct, IExtent
    {
        unchecked
        {
            Vector256<int> a0 = Load(ref Unsafe.Add(ref record, Int8DepthwiseTable.Start));
            Vector256<int> a1 = a0;
            Vector256<int> a2 = a0;
            Vector256<int> a3 = a0;
            Vector256<int> b0 = a0;
            Vector256<int> b1 = a0;
            Vector256<int> b2 = a0;
            Vector256<int> b3 = a0;
            ref byte tap = ref Unsafe.Add(ref record, Int8DepthwiseTable.Taps);
            ref byte pairA = ref Unsafe.Add(ref a, stretch.PairPlanes);
            ref byte pairB = ref Unsafe.Add(ref b, stretch.PairPlanes);

            for (int column = stretch.Columns; column > 0; column--)
            {
                Tap<TVectors, TRows>(
                    ref a, ref b, step, ref tap, stretch.SingleRow, ref a0, ref a1, ref a2, ref a3, ref b0, ref b1, ref b2, ref b3);
                a = ref Unsafe.Add(ref a, stretch.Place);
                if (TRows.Value == 1)
                    b = ref Unsafe.Add(ref b, stretch.Place);
                tap = ref Unsafe.Add(ref tap, 2 * VectorBytes);
            }

            for (int pair = stretch.Pairs; pair > 0; pair--)
            {
                Tap<TVectors, TRows>(
                    ref pairA, ref pairB, step, ref tap, stretch.SingleRow, ref a0, ref a1, ref a2, ref a3, ref b0, ref b1, ref b2, ref b3);
                pairA = ref Unsafe.Add(ref pairA, 2 * stretch.Place);
                if (TRows.Value == 1)
                    pairB = ref Unsafe.Add(ref pairB, 2 * stretch.Place);
                tap = ref Unsafe.Add(ref tap, 2 * VectorBytes);
            }

            if (stretch.Requantization.LeftShift > 0)
            {
                a0 = RequantizedRow.Raise(a0, in stretch.Requantization);
                a1 = RequantizedRow.Raise(a1, in stretch.Requantization);
                a2 = RequantizedRow.Raise(a2, in stretch.Requantization);
                a3 = RequantizedRow.Raise(a3, in stretch.Requantization);
                b0 = RequantizedRow.Raise(b0, in stretch.Requantization);
                b1 = RequantizedRow.Raise(b1, in stretch.Requantization);
                b2 = RequantizedRow.Raise(b2, in stretch.Requantization);
                b3 = RequantizedRow.Raise(b3, in stretch.Requantization);
            }

            Vector512<int> even = Vector512.LoadUnsafe(ref Unsafe.Add(ref record, Int8DepthwiseTable.Even)).AsInt32();
            Vector512<int> odd = Vector512.LoadUnsafe(ref Unsafe.Add(ref record, Int8DepthwiseTable.Odd)).AsInt32();
            v0 = Requantize(a0, b0, even, odd, halves, addend, shift);
            v1 = Requantize(a1, b1, even, odd, halves, addend, shift);
            v2 = Requantize(a2, b2, even, odd, halves, addend, shift);
            v3 = TVectors.Value > 3 ? Requantize(a3, b3, even, odd, halves, addend, shift) : v2;
        }
    }

    /// <summary>One quad: two output rows read the same ones, two parts of one row have the same weights.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Tap<TVectors, TRows>(
        ref byte a, ref byte b, nint step, ref byte tap, nint singleRow, ref Vector256<int> a0, ref Vector256<int> a1,
        ref Vector256<int> a2, ref Vector256<int> a3, ref Vector256<int> b0, ref Vector256<int> b1, ref Vector256<int> b2,
        ref Vector256<int> b3)
        where TVectors : struct, IExtent
        where TRows : struct, IExtent
    {
        unchecked
        {
            Vector256<int> weights = Load(ref Unsafe.Add(ref tap, TRows.Value > 1 ? 0 : singleRow));
            Vector256<int> lower = TRows.Value > 1 ? Load(ref Unsafe.Add(ref tap, 32)) : weights;
            Vector256<int> x = Load(ref a);
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
        Vector256<int> upper, Vector256<int> lower, Vector512<int> evenMultipliers, Vector512<int> oddMultipliers, Vector512<int> halves,
        Vector512<int> addend, Vector512<uint> shift)
    {
        Vector512<int> sums = RequantizedRow.Join(upper, lower);

        // Copying odd lanes down runs on any port, a shift on two of four.
        Vector512<int> oddSums = Avx512F.Shuffle(sums, 0b11110101);
        Vector512<long> even = Avx512F.Multiply(sums, evenMultipliers);
        Vector512<long> odd = Avx512F.Multiply(oddSums, oddMultipliers);
        Vector512<int> values = Avx512F.PermuteVar16x32x2(even.AsInt32(), halves, odd.AsInt32());
        return Avx512F.ShiftRightArithmeticVariable(unchecked(values + addend), shift);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Bytes(ref byte words, Vector512<byte> minimum, Vector512<byte> maximum) =>
        Avx512BW.Min(
            Avx512BW.Max(
                Avx512BW.PackUnsignedSaturate(
                    Vector512.LoadUnsafe(ref words).AsInt16(), Vector512.LoadUnsafe(ref words, 4 * 64).AsInt16()), minimum), maximum);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector512<byte> bytes, ref byte upper, ref byte lower)
    {
        bytes.GetLower().StoreUnsafe(ref upper);
        bytes.GetUpper().StoreUnsafe(ref lower);
    }

    /// <summary>Stores one side's vectors of a tile where outputs are not whole vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Scatter(in Int8DepthwiseStretch stretch, int vectors, ref byte bytes, ref byte output)
    {
        unchecked
        {
            int count = stretch.Count;
            bool isPair = stretch.VectorPixels > 1;
            if (count == (isPair ? 8 : 24))
            {
                Eights(in stretch, vectors, ref bytes, ref output);
                return;
            }

            for (int vector = 0; vector < vectors; vector++)
            {
                PartialStore.Bytes(Vector128.LoadUnsafe(ref bytes), ref output, count);
                Vector128<byte> next = Vector128.LoadUnsafe(ref bytes, 16);
                if (isPair)
                {
                    output = ref Unsafe.Add(ref output, stretch.OutputPixelStride);
                    PartialStore.Bytes(next, ref output, count);
                }
                else if (count > 16)
                {
                    PartialStore.Bytes(next, ref Unsafe.Add(ref output, 16), count - 16);
                }

                output = ref Unsafe.Add(ref output, stretch.OutputPixelStride);
                bytes = ref Unsafe.Add(ref bytes, 64);
            }
        }
    }

    /// <summary>The same of 8 channels of two pixels, or of 24 of one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Eights(in Int8DepthwiseStretch stretch, int vectors, ref byte bytes, ref byte output)
    {
        unchecked
        {
            bool isPair = stretch.VectorPixels > 1;
            for (; vectors > 0; vectors--)
            {
                ulong last = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref bytes, 16));
                if (isPair)
                {
                    Unsafe.WriteUnaligned(ref output, Unsafe.ReadUnaligned<ulong>(ref bytes));
                    Unsafe.WriteUnaligned(ref Unsafe.Add(ref output, stretch.OutputPixelStride), last);
                }
                else
                {
                    Vector128.LoadUnsafe(ref bytes).StoreUnsafe(ref output);
                    Unsafe.WriteUnaligned(ref Unsafe.Add(ref output, 16), last);
                }

                output = ref Unsafe.Add(ref output, stretch.VectorPixels * stretch.OutputPixelStride);
                bytes = ref Unsafe.Add(ref bytes, 64);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Load(ref byte source) => Vector256.LoadUnsafe(ref source).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Add(Vector256<int> sums, Vector256<int> quads, Vector256<int> weights) =>
        AvxVnni.MultiplyWideningAndAdd(sums, quads.AsByte(), weights.AsSByte());
}

#endif
