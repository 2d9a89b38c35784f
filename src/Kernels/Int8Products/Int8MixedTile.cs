namespace OptimizerBuild.Kernels;

#if NET11_0_OR_GREATER

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// The register tile of six rows times 24 output channels with AVX-512 VNNI: a panel of 16 of each row in a vector, and a panel of 8 of two
/// rows in one.
/// </summary>
/// <remarks>
/// What is broadcast serves both panels. Alone, either has a broadcast for each product and hardly more sums under way than the latency of
/// a product needs, and half a vector takes as long as a whole one.
/// </remarks>
internal static class Int8MixedTile
{
    /// <summary>Rows of a tile.</summary>
    public const int Rows = 6;

    /// <summary>Sums the products of consecutive tiles, requantises and stores them.</summary>
    /// <param name="product">The layer; its requantisation is plain.</param>
    /// <param name="arena">Byte 0 of the arena.</param>
    /// <param name="inputs">For each row the arena offset of its first input.</param>
    /// <param name="weights">The weights of the first quad of 16 channels; of the 8 others they follow behind all of these.</param>
    /// <param name="start">What the sums start with, a number for each channel.</param>
    /// <param name="multipliers">The multipliers of the channels.</param>
    /// <param name="outputs">For each row the arena offset of its first output.</param>
    /// <param name="target">Bytes from there to the tile's first output.</param>
    /// <param name="rows">How many rows there are, at least six: the last tile overlaps the one before it.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(
        in Int8Product product, ref byte arena, ref int inputs, ref byte weights, ref byte start, ref byte multipliers, ref int outputs,
        nint target, int rows)
    {
        unchecked
        {
            ref byte weights8 = ref Unsafe.Add(ref weights, 64 * product.Quads);
            for (int row = 0; row < rows; row += Rows)
            {
                int first = row < rows - Rows ? row : rows - Rows;
                ref int from = ref Unsafe.Add(ref inputs, first);
                nint row0 = from;
                nint row1 = Unsafe.Add(ref from, 1);
                nint row2 = Unsafe.Add(ref from, 2);
                nint row3 = Unsafe.Add(ref from, 3);
                nint row4 = Unsafe.Add(ref from, 4);
                nint row5 = Unsafe.Add(ref from, 5);
                Vector512<int> sum0 = Vector512.LoadUnsafe(ref start).AsInt32();
                Vector512<int> sum1 = sum0;
                Vector512<int> sum2 = sum0;
                Vector512<int> sum3 = sum0;
                Vector512<int> sum4 = sum0;
                Vector512<int> sum5 = sum0;
                Vector256<int> start8 = Vector256.LoadUnsafe(ref start, 64).AsInt32();
                Vector512<int> both01 = Vector512.Create(start8, start8);
                Vector512<int> both23 = both01;
                Vector512<int> both45 = both01;
                ref byte lanes = ref weights;
                ref byte lanes8 = ref weights8;
                ref byte line = ref arena;
                int y = product.SegmentRows;
                do
                {
                    ref byte segment = ref line;
                    int x = product.SegmentColumns;
                    do
                    {
                        ref byte source = ref segment;
                        ref byte end = ref Unsafe.Add(ref source, (nint)(product.SegmentQuads * 4));
                        do
                        {
                            Vector512<int> wide = Vector512.LoadUnsafe(ref lanes).AsInt32();
                            Vector256<int> half = Vector256.LoadUnsafe(ref lanes8).AsInt32();
                            Vector512<int> halves = Vector512.Create(half, half);
                            lanes = ref Unsafe.Add(ref lanes, 64);
                            lanes8 = ref Unsafe.Add(ref lanes8, 32);
                            Add(ref source, row0, row1, wide, halves, ref sum0, ref sum1, ref both01);
                            Add(ref source, row2, row3, wide, halves, ref sum2, ref sum3, ref both23);
                            Add(ref source, row4, row5, wide, halves, ref sum4, ref sum5, ref both45);
                            source = ref Unsafe.Add(ref source, 4);
                        }
                        while (Unsafe.IsAddressLessThan(ref source, ref end));
                        segment = ref Unsafe.Add(ref segment, (nint)product.SegmentColumnStep);
                    }
                    while (--x != 0);
                    line = ref Unsafe.Add(ref line, (nint)product.SegmentRowStep);
                }
                while (--y != 0);

                ref byte output = ref Unsafe.Add(ref arena, target);
                ref int to = ref Unsafe.Add(ref outputs, first);
                Vector512<int> addend = Vector512.Create(product.Requantization.Addend);
                Vector512<uint> shift = Vector512.Create((uint)product.Requantization.UpperShift);
                Vector512<int> even = Vector512.LoadUnsafe(ref multipliers).AsInt32();
                Vector512<int> odd = Avx512F.ShiftRightLogical(even.AsInt64(), 32).AsInt32();
                Vector512<int> values0 = RequantizedBlock.Values(sum0, even, odd, addend, shift);
                Vector512<int> values1 = RequantizedBlock.Values(sum1, even, odd, addend, shift);
                Vector512<int> values2 = RequantizedBlock.Values(sum2, even, odd, addend, shift);
                Vector512<int> values3 = RequantizedBlock.Values(sum3, even, odd, addend, shift);
                Vector512<byte> bytes = RequantizedBlock.Bytes(values0, values1, values2, values3);
                Sixteen(bytes.GetLower().GetLower(), ref output, to);
                Sixteen(bytes.GetLower().GetUpper(), ref output, Unsafe.Add(ref to, 1));
                Sixteen(Avx512F.ExtractVector128(bytes, 2), ref output, Unsafe.Add(ref to, 2));
                Sixteen(Avx512F.ExtractVector128(bytes, 3), ref output, Unsafe.Add(ref to, 3));
                values0 = RequantizedBlock.Values(sum4, even, odd, addend, shift);
                values1 = RequantizedBlock.Values(sum5, even, odd, addend, shift);
                Vector256<int> last = Vector256.LoadUnsafe(ref multipliers, 64).AsInt32();
                even = Vector512.Create(last, last);
                odd = Avx512F.ShiftRightLogical(even.AsInt64(), 32).AsInt32();
                values2 = RequantizedBlock.Values(both01, even, odd, addend, shift);
                values3 = RequantizedBlock.Values(both23, even, odd, addend, shift);
                bytes = RequantizedBlock.Bytes(values0, values1, values2, values3);
                Sixteen(bytes.GetLower().GetLower(), ref output, Unsafe.Add(ref to, 4));
                Sixteen(bytes.GetLower().GetUpper(), ref output, Unsafe.Add(ref to, 5));
                Eights(Avx512F.ExtractVector128(bytes, 2), ref output, ref to);
                Eights(Avx512F.ExtractVector128(bytes, 3), ref output, ref Unsafe.Add(ref to, 2));
                values0 = RequantizedBlock.Values(both45, even, odd, addend, shift);
                bytes = RequantizedBlock.Bytes(values0, values0, values0, values0);
                Eights(bytes.GetLower().GetLower(), ref output, ref Unsafe.Add(ref to, 4));
            }
        }
    }

    /// <summary>The products of four inputs of two rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(
        ref byte inputs, nint row0, nint row1, Vector512<int> wide, Vector512<int> halves, ref Vector512<int> sum0,
        ref Vector512<int> sum1, ref Vector512<int> both)
    {
        Vector512<int> quad0 = Vector512.Create(Unsafe.ReadUnaligned<int>(ref Unsafe.Add(ref inputs, row0)));
        Vector512<int> quad1 = Vector512.Create(Unsafe.ReadUnaligned<int>(ref Unsafe.Add(ref inputs, row1)));
        sum0 = AvxVnni.V512.MultiplyWideningAndAdd(sum0, quad0.AsByte(), wide.AsSByte());
        sum1 = AvxVnni.V512.MultiplyWideningAndAdd(sum1, quad1.AsByte(), wide.AsSByte());
        Vector512<int> quads = Vector512.ConditionalSelect(
            Vector512.Create(-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0), quad0, quad1);
        both = AvxVnni.V512.MultiplyWideningAndAdd(both, quads.AsByte(), halves.AsSByte());
    }

    /// <summary>Stores the first sixteen outputs of a row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Sixteen(Vector128<byte> bytes, ref byte output, nint row) => bytes.StoreUnsafe(ref Unsafe.Add(ref output, row));

    /// <summary>Stores the last eight outputs of two rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Eights(Vector128<byte> bytes, ref byte output, ref int rows)
    {
        unchecked
        {
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref output, (nint)rows + 16), bytes.AsUInt64().ToScalar());
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref output, (nint)Unsafe.Add(ref rows, 1) + 16), bytes.AsUInt64().GetElement(1));
        }
    }
}

#endif
