namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// The register tile of depthwise kernels with AVX2: eight, seven or six vectors of outputs, half of them on each of two sides, which are
/// two output rows over the same input rows or two parts of one output row.
/// </summary>
/// <remarks>
/// A tile's four vectors of channels follow one another; their outputs wait in memory, two pixels to a vector. The last tile overlaps the
/// one before it, so that there are no smaller ones.
/// </remarks>
internal static class Int8DepthwiseAvx2Tile
{
    /// <summary>Bytes of <c>spare</c>.</summary>
    public const int SpareBytes = 512;

    /// <summary>Sums the products of a stretch, requantises and stores them.</summary>
    /// <param name="stretch">What to compute.</param>
    /// <param name="planes">The planes of the first rows (<see cref="Int8DepthwiseAvx2Planes"/>).</param>
    /// <param name="table">The block's parameters (<see cref="Int8DepthwiseAvx2Table"/>).</param>
    /// <param name="upper">Where the first pixel's first output goes.</param>
    /// <param name="lower">The same of the output row below; of the same row where there is only one.</param>
    /// <param name="spare"><see cref="SpareBytes"/> bytes for values of 16 bits.</param>
    /// <typeparam name="TTaps">What lanes hold.</typeparam>
    /// <typeparam name="TVectors">Vectors of outputs: 6, 7 (of one output row) or 8. The stretch has at least half of them.</typeparam>
    /// <typeparam name="TRows">Output rows: 1 or 2.</typeparam>
    /// <typeparam name="TColumns">Columns of the kernel: 3 or 5, or 0 for any number.</typeparam>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<TTaps, TVectors, TRows, TColumns>(
        in Int8DepthwiseAvx2Stretch stretch, ref byte planes, ref byte table, ref byte upper, ref byte lower, ref byte spare)
        where TTaps : struct, IDepthwiseTaps
        where TVectors : struct, IExtent
        where TRows : struct, IExtent
        where TColumns : struct, IExtent
    {
        unchecked
        {
            // Vectors of the upper side; the lower one has as many or one less.
            int upperPixels = (TVectors.Value + 1) / 2 * stretch.VectorPixels;
            int lowerPixels = TVectors.Value / 2 * stretch.VectorPixels;
            nint step = stretch.VectorPixels * stretch.PixelStep;
            nint outputStep = stretch.VectorPixels * stretch.OutputPixelStride;
            bool adjacent = stretch.VectorPixels == 1 ? stretch.Count >= 32 : stretch.Count >= 16 && stretch.OutputPixelStride == 16;
            int recordBytes = Int8DepthwiseAvx2Table.RecordBytes(stretch.Columns, stretch.Sets);

            // Of 16 channels the vectors have four each, in order: eight need two of them.
            int quarters = stretch.VectorPixels > 1 && stretch.Count <= 8 ? 2 : 4;
            for (int x = 0; x < stretch.Pixels;)
            {
                int above = x < stretch.Pixels - upperPixels ? x : stretch.Pixels - upperPixels;
                x += upperPixels;
                int below = above;
                if (TRows.Value == 1)
                {
                    below = x < stretch.Pixels - lowerPixels ? x : stretch.Pixels - lowerPixels;
                    x += lowerPixels;
                }

                ref byte a = ref Unsafe.Add(ref planes, above * stretch.PixelStep);
                nint apart = (below - above) * stretch.PixelStep;
                ref byte record = ref table;
                ref byte words = ref spare;
                for (int quarter = quarters; quarter > 0; quarter--)
                {
                    Quarter<TTaps, TVectors, TRows, TColumns>(in stretch, ref a, apart, step, ref record, ref words);
                    a = ref Unsafe.Add(ref a, stretch.Pitch);
                    record = ref Unsafe.Add(ref record, recordBytes);
                    words = ref Unsafe.Add(ref words, SpareBytes / 4);
                }

                ref byte to = ref Unsafe.Add(ref upper, above * stretch.OutputPixelStride);
                ref byte toLower = ref Unsafe.Add(ref lower, below * stretch.OutputPixelStride);
                if (!adjacent)
                {
                    Scatter<TVectors>(in stretch, ref spare, ref to, ref toLower);
                    continue;
                }

                Bytes(in stretch, ref spare, out Vector256<byte> first, out Vector256<byte> second);
                first.StoreUnsafe(ref to);
                second.StoreUnsafe(ref Unsafe.Add(ref to, outputStep));
                Bytes(in stretch, ref Unsafe.Add(ref spare, 32), out first, out second);
                first.StoreUnsafe(ref toLower);
                second.StoreUnsafe(ref Unsafe.Add(ref toLower, outputStep));
                Bytes(in stretch, ref Unsafe.Add(ref spare, 64), out first, out second);
                first.StoreUnsafe(ref Unsafe.Add(ref to, 2 * outputStep));
                if (TVectors.Value > 6)
                {
                    second.StoreUnsafe(ref Unsafe.Add(ref to, 3 * outputStep));
                    Bytes(in stretch, ref Unsafe.Add(ref spare, 96), out first, out second);
                    first.StoreUnsafe(ref Unsafe.Add(ref toLower, 2 * outputStep));
                    if (TVectors.Value > 7)
                        second.StoreUnsafe(ref Unsafe.Add(ref toLower, 3 * outputStep));
                }
                else
                {
                    second.StoreUnsafe(ref Unsafe.Add(ref toLower, 2 * outputStep));
                }
            }
        }
    }

    /// <summary>
    /// The requantised sums of one vector of channels, two pixels to a vector of 16-bit values: the first two of the upper side, those of
    /// the lower one, then what is left of both.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Quarter<TTaps, TVectors, TRows, TColumns>(
        in Int8DepthwiseAvx2Stretch stretch, ref byte a, nint apart, nint step, ref byte record, ref byte words)
        where TTaps : struct, IDepthwiseTaps
        where TVectors : struct, IExtent
        where TRows : struct, IExtent
        where TColumns : struct, IExtent
    {
        unchecked
        {
            Vector256<int> a0 = Load(ref Unsafe.Add(ref record, Int8DepthwiseAvx2Table.Start));
            Vector256<int> a1 = a0;
            Vector256<int> a2 = a0;
            Vector256<int> a3 = a0;
            Vector256<int> b0 = a0;
            Vector256<int> b1 = a0;
            Vector256<int> b2 = a0;
            Vector256<int> b3 = a0;
            ref byte tap = ref Unsafe.Add(ref record, Int8DepthwiseAvx2Table.Taps);
            nint rowsStep = 4 * stretch.Pitch;
            for (int set = stretch.Sets; set > 0; set--)
            {
                // The usual numbers of columns in straight lines: a loop would take a quarter of the time.
                ref byte place = ref a;
                nint next = stretch.EvenColumnStep;
                nint after = stretch.OddColumnStep;
                int columns = TColumns.Value > 0 ? 1 : stretch.Columns;
                for (; columns > 0; columns--)
                {
                    Tap<TTaps, TVectors, TRows>(
                        ref place, apart, step, ref tap, ref a0, ref a1, ref a2, ref a3, ref b0, ref b1, ref b2, ref b3);
                    if (TColumns.Value > 0)
                    {
                        place = ref Unsafe.Add(ref place, next);
                        Tap<TTaps, TVectors, TRows>(
                            ref place, apart, step, ref Unsafe.Add(ref tap, Int8DepthwiseAvx2Table.TapBytes), ref a0, ref a1, ref a2,
                            ref a3, ref b0, ref b1, ref b2, ref b3);
                        place = ref Unsafe.Add(ref place, after);
                        Tap<TTaps, TVectors, TRows>(
                            ref place, apart, step, ref Unsafe.Add(ref tap, 2 * Int8DepthwiseAvx2Table.TapBytes), ref a0, ref a1, ref a2,
                            ref a3, ref b0, ref b1, ref b2, ref b3);
                    }

                    if (TColumns.Value > 3)
                    {
                        place = ref Unsafe.Add(ref place, next);
                        Tap<TTaps, TVectors, TRows>(
                            ref place, apart, step, ref Unsafe.Add(ref tap, 3 * Int8DepthwiseAvx2Table.TapBytes), ref a0, ref a1, ref a2,
                            ref a3, ref b0, ref b1, ref b2, ref b3);
                        place = ref Unsafe.Add(ref place, after);
                        Tap<TTaps, TVectors, TRows>(
                            ref place, apart, step, ref Unsafe.Add(ref tap, 4 * Int8DepthwiseAvx2Table.TapBytes), ref a0, ref a1, ref a2,
                            ref a3, ref b0, ref b1, ref b2, ref b3);
                    }

                    if (TColumns.Value == 0)
                    {
                        place = ref Unsafe.Add(ref place, next);
                        (next, after) = (after, next);
                    }

                    tap = ref Unsafe.Add(ref tap, (TColumns.Value > 0 ? TColumns.Value : 1) * Int8DepthwiseAvx2Table.TapBytes);
                }

                a = ref Unsafe.Add(ref a, rowsStep);
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

            Vector256<int> even = Load(ref Unsafe.Add(ref record, Int8DepthwiseAvx2Table.Even));
            Vector256<int> odd = Load(ref Unsafe.Add(ref record, Int8DepthwiseAvx2Table.Odd));
            Vector256<int> addend = Vector256.Create(stretch.Requantization.Addend);
            Vector256<uint> shift = Vector256.Create((uint)stretch.Requantization.UpperShift);
            Words(a0, a1, even, odd, addend, shift).StoreUnsafe(ref words);
            Words(b0, b1, even, odd, addend, shift).StoreUnsafe(ref words, 32);
            if (TVectors.Value > 6)
            {
                Words(a2, a3, even, odd, addend, shift).StoreUnsafe(ref words, 64);
                Words(b2, TVectors.Value > 7 ? b3 : b2, even, odd, addend, shift).StoreUnsafe(ref words, 96);
            }
            else
            {
                Words(a2, b2, even, odd, addend, shift).StoreUnsafe(ref words, 64);
            }
        }
    }

    /// <summary>One column of one set of rows: two output rows read the same places, two parts of one row have the same weights.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Tap<TTaps, TVectors, TRows>(
        ref byte place, nint apart, nint step, ref byte tap, ref Vector256<int> a0, ref Vector256<int> a1, ref Vector256<int> a2,
        ref Vector256<int> a3, ref Vector256<int> b0, ref Vector256<int> b1, ref Vector256<int> b2, ref Vector256<int> b3)
        where TTaps : struct, IDepthwiseTaps
        where TVectors : struct, IExtent
        where TRows : struct, IExtent
    {
        unchecked
        {
            Vector256<int> weights = Load(ref tap);
            Vector256<int> lower = TRows.Value > 1 ? Load(ref Unsafe.Add(ref tap, 32)) : weights;
            ref byte other = ref Unsafe.Add(ref place, apart);
            Vector256<int> x = Load(ref place);
            a0 = TTaps.Add(a0, x, weights);
            b0 = TTaps.Add(b0, TRows.Value > 1 ? x : Load(ref other), lower);
            x = Load(ref Unsafe.Add(ref place, step));
            a1 = TTaps.Add(a1, x, weights);
            b1 = TTaps.Add(b1, TRows.Value > 1 ? x : Load(ref Unsafe.Add(ref other, step)), lower);
            x = Load(ref Unsafe.Add(ref place, 2 * step));
            a2 = TTaps.Add(a2, x, weights);
            b2 = TTaps.Add(b2, TRows.Value > 1 ? x : Load(ref Unsafe.Add(ref other, 2 * step)), lower);
            if (TVectors.Value > 6)
            {
                x = Load(ref Unsafe.Add(ref place, 3 * step));
                a3 = TTaps.Add(a3, x, weights);
            }

            if (TVectors.Value > 7)
                b3 = TTaps.Add(b3, TRows.Value > 1 ? x : Load(ref Unsafe.Add(ref other, 3 * step)), lower);
        }
    }

    /// <summary>
    /// The values of <see cref="RequantizedRow"/> of two vectors, their multipliers prepared; of four lanes the even ones first.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Words(
        Vector256<int> first, Vector256<int> second, Vector256<int> even, Vector256<int> odd, Vector256<int> addend,
        Vector256<uint> shift) =>
        Avx2.PackSignedSaturate(Value(first, even, odd, addend, shift), Value(second, even, odd, addend, shift)).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Value(
        Vector256<int> sums, Vector256<int> even, Vector256<int> odd, Vector256<int> addend, Vector256<uint> shift)
    {
        Vector256<long> evenProducts = Avx2.Multiply(sums, even);
        Vector256<long> oddProducts = Avx2.Multiply(Avx2.Shuffle(sums, 0b11110101), odd);
        Vector256<int> upper = Avx.Shuffle(evenProducts.AsSingle(), oddProducts.AsSingle(), 0b11011101).AsInt32();
        return Avx2.ShiftRightArithmeticVariable(unchecked(upper + addend), shift);
    }

    /// <summary>The outputs of two vectors of pixels, out of the words of all four vectors of channels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Bytes(
        in Int8DepthwiseAvx2Stretch stretch, ref byte words, out Vector256<byte> first, out Vector256<byte> second)
    {
        Vector256<float> low = Avx2.PackUnsignedSaturate(Word(ref words), Word(ref Unsafe.Add(ref words, SpareBytes / 4))).AsSingle();
        Vector256<float> high = Avx2.PackUnsignedSaturate(
            Word(ref Unsafe.Add(ref words, SpareBytes / 2)), Word(ref Unsafe.Add(ref words, SpareBytes / 4 * 3))).AsSingle();
        first = Ordered(in stretch, Avx.Shuffle(low, high, 0b10001000).AsByte());
        second = Ordered(in stretch, Avx.Shuffle(low, high, 0b11011101).AsByte());
    }

    /// <summary>Brings even and odd lanes into their order, and outputs within their bounds.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Ordered(in Int8DepthwiseAvx2Stretch stretch, Vector256<byte> bytes)
    {
        Vector128<byte> order = Vector128.Create((byte)0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15);
        return Avx2.Min(
            Avx2.Max(
                Avx2.Shuffle(bytes, Vector256.Create(order, order)),
                Vector256.Create(unchecked((byte)stretch.Requantization.Minimum))),
            Vector256.Create(unchecked((byte)stretch.Requantization.Maximum)));
    }

    /// <summary>Stores the outputs of a tile where they are not whole vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Scatter<TVectors>(in Int8DepthwiseAvx2Stretch stretch, ref byte words, ref byte upper, ref byte lower)
        where TVectors : struct, IExtent
    {
        unchecked
        {
            nint step = stretch.VectorPixels * stretch.OutputPixelStride;
            Bytes(in stretch, ref words, out Vector256<byte> first, out Vector256<byte> second);
            Store(in stretch, first, ref upper);
            Store(in stretch, second, ref Unsafe.Add(ref upper, step));
            Bytes(in stretch, ref Unsafe.Add(ref words, 32), out first, out second);
            Store(in stretch, first, ref lower);
            Store(in stretch, second, ref Unsafe.Add(ref lower, step));
            Bytes(in stretch, ref Unsafe.Add(ref words, 64), out first, out second);
            Store(in stretch, first, ref Unsafe.Add(ref upper, 2 * step));
            if (TVectors.Value > 6)
            {
                Store(in stretch, second, ref Unsafe.Add(ref upper, 3 * step));
                Bytes(in stretch, ref Unsafe.Add(ref words, 96), out first, out second);
                Store(in stretch, first, ref Unsafe.Add(ref lower, 2 * step));
                if (TVectors.Value > 7)
                    Store(in stretch, second, ref Unsafe.Add(ref lower, 3 * step));
            }
            else
            {
                Store(in stretch, second, ref Unsafe.Add(ref lower, 2 * step));
            }
        }
    }

    /// <summary>
    /// Stores one vector of outputs: a pixel's, or those of two pixels. Whole halves of vectors and eights, as 8 and 24 channels are, in
    /// line.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(in Int8DepthwiseAvx2Stretch stretch, Vector256<byte> bytes, ref byte output)
    {
        if (stretch.Count == 24 && stretch.VectorPixels == 1)
        {
            bytes.GetLower().StoreUnsafe(ref output);
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref output, 16), bytes.GetUpper().AsUInt64().ToScalar());
        }
        else if (stretch.Count == 8 && stretch.VectorPixels == 2)
        {
            Unsafe.WriteUnaligned(ref output, bytes.GetLower().AsUInt64().ToScalar());
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref output, stretch.OutputPixelStride), bytes.GetUpper().AsUInt64().ToScalar());
        }
        else
        {
            Part(in stretch, bytes, ref output);
        }
    }

    /// <summary>Stores one vector of any number of outputs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Part(in Int8DepthwiseAvx2Stretch stretch, Vector256<byte> bytes, ref byte output)
    {
        PartialStore.Bytes(bytes.GetLower(), ref output, stretch.Count);
        if (stretch.VectorPixels > 1)
            PartialStore.Bytes(bytes.GetUpper(), ref Unsafe.Add(ref output, stretch.OutputPixelStride), stretch.Count);
        else if (stretch.Count > 16)
            PartialStore.Bytes(bytes.GetUpper(), ref Unsafe.Add(ref output, 16), unchecked(stretch.Count - 16));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Load(ref byte source) => Vector256.LoadUnsafe(ref source).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> Word(ref byte source) => Vector256.LoadUnsafe(ref source).AsInt16();
}
