namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>
/// The register tile of <see cref="Int8SparseProduct"/>: what <see cref="Int8Tile"/> is for dense panels, walking over the blocks that
/// are stored.
/// </summary>
internal static class Int8SparseTile
{
    /// <summary>Sums the products of consecutive tiles.</summary>
    /// <param name="product">The layer.</param>
    /// <param name="arena">Byte 0 of the arena, moved to the group's input.</param>
    /// <param name="inputs">For each row the arena offset of its first input.</param>
    /// <param name="weights">The tile's channels in the panel's first block.</param>
    /// <param name="columns">The place of the panel's first block.</param>
    /// <param name="bounds">The bounds of the panel's segments.</param>
    /// <param name="start">What the sums start with, a number for each channel.</param>
    /// <param name="multipliers">The multipliers of the tile's channels.</param>
    /// <param name="outputs">For each row the arena offset of its first output.</param>
    /// <param name="target">Bytes from there to the tile's first output.</param>
    /// <param name="tiles">How many tiles follow one another.</param>
    /// <param name="sums">Receives the sums, row after row, where tiles do not store outputs.</param>
    /// <typeparam name="TDot">The instruction set.</typeparam>
    /// <typeparam name="TVector">Its vector.</typeparam>
    /// <typeparam name="TRows">The rows, 1…8; at most 6 of two vectors.</typeparam>
    /// <typeparam name="TColumns">The vectors, 1 or 2.</typeparam>
    /// <typeparam name="TStores">1 where tiles store outputs as in <see cref="Int8Tile"/>, else 0.</typeparam>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<TDot, TVector, TRows, TColumns, TStores>(
        in Int8Product product, ref byte arena, ref int inputs, ref byte weights, ref ushort columns, ref int bounds, ref int start,
        ref byte multipliers, ref int outputs, nint target, int tiles, ref int sums)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
        where TRows : struct, IExtent
        where TColumns : struct, IExtent
        where TStores : struct, IExtent
    {
        unchecked
        {
            for (; tiles > 0; tiles--)
            {
                nint row0 = inputs;
                nint row1 = Unsafe.SizeOf<TRows>() > 1 ? Unsafe.Add(ref inputs, 1) : 0;
                nint row2 = Unsafe.SizeOf<TRows>() > 2 ? Unsafe.Add(ref inputs, 2) : 0;
                nint row3 = Unsafe.SizeOf<TRows>() > 3 ? Unsafe.Add(ref inputs, 3) : 0;
                nint row4 = Unsafe.SizeOf<TRows>() > 4 ? Unsafe.Add(ref inputs, 4) : 0;
                nint row5 = Unsafe.SizeOf<TRows>() > 5 ? Unsafe.Add(ref inputs, 5) : 0;
                nint row6 = Unsafe.SizeOf<TRows>() > 6 ? Unsafe.Add(ref inputs, 6) : 0;
                nint row7 = Unsafe.SizeOf<TRows>() > 7 ? Unsafe.Add(ref inputs, 7) : 0;
                TVector sum0A = TDot.Load(ref Unsafe.As<int, byte>(ref start));
                TVector sum0B = Unsafe.SizeOf<TColumns>() > 1
                    ? TDot.Load(ref Unsafe.As<int, byte>(ref Unsafe.Add(ref start, TDot.Lanes))) : default;
                TVector sum1A = sum0A;
                TVector sum1B = sum0B;
                TVector sum2A = sum0A;
                TVector sum2B = sum0B;
                TVector sum3A = sum0A;
                TVector sum3B = sum0B;
                TVector sum4A = sum0A;
                TVector sum4B = sum0B;
                TVector sum5A = sum0A;
                TVector sum5B = sum0B;
                TVector sum6A = sum0A;
                TVector sum7A = sum0A;
                ref byte lanes = ref weights;
                ref ushort column = ref columns;
                ref int bound = ref bounds;
                ref byte line = ref arena;
                int y = product.SegmentRows;
                do
                {
                    ref byte segment = ref line;
                    int x = product.SegmentColumns;
                    do
                    {
                        ref ushort end = ref Unsafe.Add(ref column, (nint)(Unsafe.Add(ref bound, 1) - bound));
                        while (Unsafe.IsAddressLessThan(ref column, ref end))
                        {
                            ref byte source = ref Unsafe.Add(ref segment, (nint)column * 4);
                            TVector first = TDot.Load(ref lanes);
                            TVector evenA = TDot.EvenWeights(first);
                            TVector oddA = TDot.OddWeights(first);
                            TVector evenB = evenA;
                            TVector oddB = oddA;
                            if (Unsafe.SizeOf<TColumns>() > 1)
                            {
                                TVector next = TDot.Load(ref Unsafe.Add(ref lanes, TDot.Lanes * 4));
                                evenB = TDot.EvenWeights(next);
                                oddB = TDot.OddWeights(next);
                            }

                            column = ref Unsafe.Add(ref column, 1);
                            lanes = ref Unsafe.Add(ref lanes, Int8SparseProduct.BlockBytes);
                            Row<TDot, TVector, TColumns>(ref source, row0, evenA, oddA, evenB, oddB, ref sum0A, ref sum0B);
                            if (Unsafe.SizeOf<TRows>() > 1)
                                Row<TDot, TVector, TColumns>(ref source, row1, evenA, oddA, evenB, oddB, ref sum1A, ref sum1B);
                            if (Unsafe.SizeOf<TRows>() > 2)
                                Row<TDot, TVector, TColumns>(ref source, row2, evenA, oddA, evenB, oddB, ref sum2A, ref sum2B);
                            if (Unsafe.SizeOf<TRows>() > 3)
                                Row<TDot, TVector, TColumns>(ref source, row3, evenA, oddA, evenB, oddB, ref sum3A, ref sum3B);
                            if (Unsafe.SizeOf<TRows>() > 4)
                                Row<TDot, TVector, TColumns>(ref source, row4, evenA, oddA, evenB, oddB, ref sum4A, ref sum4B);
                            if (Unsafe.SizeOf<TRows>() > 5)
                                Row<TDot, TVector, TColumns>(ref source, row5, evenA, oddA, evenB, oddB, ref sum5A, ref sum5B);
                            if (Unsafe.SizeOf<TRows>() > 6)
                                Row<TDot, TVector, Extent1>(ref source, row6, evenA, oddA, evenB, oddB, ref sum6A, ref sum5B);
                            if (Unsafe.SizeOf<TRows>() > 7)
                                Row<TDot, TVector, Extent1>(ref source, row7, evenA, oddA, evenB, oddB, ref sum7A, ref sum5B);
                        }

                        bound = ref Unsafe.Add(ref bound, 1);
                        segment = ref Unsafe.Add(ref segment, (nint)product.SegmentColumnStep);
                    }
                    while (--x != 0);
                    line = ref Unsafe.Add(ref line, (nint)product.SegmentRowStep);
                }
                while (--y != 0);

                if (typeof(TStores) == typeof(Extent1) && RequantizedTile.IsUsed<TVector>())
                {
                    if (Unsafe.SizeOf<TColumns>() > 1)
                    {
                        RequantizedTile.Store<TVector, TRows>(
                            sum0A, sum0B, sum1A, sum1B, sum2A, sum2B, sum3A, sum3B,
                            sum4A, sum4B, sum5A, sum5B, ref multipliers, in product.Requantization,
                            ref Unsafe.Add(ref arena, target), ref outputs);
                    }
                    else
                    {
                        RequantizedTile.Store<TVector, TRows>(
                            sum0A, sum1A, sum2A, sum3A, sum4A, sum5A, sum6A, sum7A,
                            ref multipliers, in product.Requantization, ref Unsafe.Add(ref arena, target), ref outputs);
                    }

                    outputs = ref Unsafe.Add(ref outputs, TRows.Value);
                }
                else
                {
                    Leave<TDot, TVector, TColumns>(sum0A, sum0B, ref sums);
                    if (Unsafe.SizeOf<TRows>() > 1)
                        Leave<TDot, TVector, TColumns>(sum1A, sum1B, ref Unsafe.Add(ref sums, TColumns.Value * TDot.Lanes));
                    if (Unsafe.SizeOf<TRows>() > 2)
                        Leave<TDot, TVector, TColumns>(sum2A, sum2B, ref Unsafe.Add(ref sums, 2 * TColumns.Value * TDot.Lanes));
                    if (Unsafe.SizeOf<TRows>() > 3)
                        Leave<TDot, TVector, TColumns>(sum3A, sum3B, ref Unsafe.Add(ref sums, 3 * TColumns.Value * TDot.Lanes));
                    if (Unsafe.SizeOf<TRows>() > 4)
                        Leave<TDot, TVector, TColumns>(sum4A, sum4B, ref Unsafe.Add(ref sums, 4 * TColumns.Value * TDot.Lanes));
                    if (Unsafe.SizeOf<TRows>() > 5)
                        Leave<TDot, TVector, TColumns>(sum5A, sum5B, ref Unsafe.Add(ref sums, 5 * TColumns.Value * TDot.Lanes));
                    if (Unsafe.SizeOf<TRows>() > 6)
                        Leave<TDot, TVector, TColumns>(sum6A, sum6A, ref Unsafe.Add(ref sums, 6 * TColumns.Value * TDot.Lanes));
                    if (Unsafe.SizeOf<TRows>() > 7)
                        Leave<TDot, TVector, TColumns>(sum7A, sum7A, ref Unsafe.Add(ref sums, 7 * TColumns.Value * TDot.Lanes));
                    sums = ref Unsafe.Add(ref sums, TRows.Value * TColumns.Value * TDot.Lanes);
                }

                inputs = ref Unsafe.Add(ref inputs, TRows.Value);
            }
        }
    }

    /// <summary>One row times a block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Row<TDot, TVector, TColumns>(
        ref byte source, nint row, TVector evenA, TVector oddA, TVector evenB, TVector oddB, ref TVector sumA, ref TVector sumB)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
        where TColumns : struct, IExtent
    {
        TVector quad = TDot.Broadcast(ref Unsafe.Add(ref source, row));
        TVector even = TDot.EvenActivations(quad);
        TVector odd = TDot.OddActivations(quad);
        sumA = TDot.MultiplyAdd(sumA, even, odd, evenA, oddA);
        if (Unsafe.SizeOf<TColumns>() > 1)
            sumB = TDot.MultiplyAdd(sumB, even, odd, evenB, oddB);
    }

    /// <summary>Leaves the sums of one row in the scratch memory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Leave<TDot, TVector, TColumns>(TVector first, TVector second, ref int sums)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
        where TColumns : struct, IExtent
    {
        TDot.Store(first, ref Unsafe.As<int, byte>(ref sums));
        if (Unsafe.SizeOf<TColumns>() > 1)
            TDot.Store(second, ref Unsafe.As<int, byte>(ref Unsafe.Add(ref sums, TDot.Lanes)));
    }
}
