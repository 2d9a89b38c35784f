namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>
/// The register tile of the dense integer kernels: up to eight rows times one or two vectors of output channels, straight-line code
/// for each extent. Rows beyond <c>TRows</c> and the second vector of a tile of one disappear in compilation.
/// </summary>
internal static class Int8Tile
{
    /// <summary>Sums in the scratch memory from one row of a tile to the next; the most channels that a tile has.</summary>
    public const int Pitch = 32;

    /// <summary>The most rows that a tile has.</summary>
    public const int MaximumRows = 8;

    /// <summary>Sums the products of the tile, requantises and stores them, or leaves them in the scratch memory.</summary>
    /// <param name="product">The layer.</param>
    /// <param name="arena">Byte 0 of the arena.</param>
    /// <param name="inputs">For each row the arena offset of its first input.</param>
    /// <param name="weights">The weights of the tile's first quad.</param>
    /// <param name="second">Bytes from the first vector's weights to the second one's.</param>
    /// <param name="step">Bytes from one quad's weights to the next one's.</param>
    /// <param name="start">What the sums start with, a number for each channel.</param>
    /// <param name="multipliers">The multipliers of the tile's channels.</param>
    /// <param name="outputs">For each row the arena offset of its first output.</param>
    /// <param name="target">Bytes from there to the tile's first output.</param>
    /// <param name="count">Outputs of a row.</param>
    /// <param name="sums">
    /// Receives the sums, <see cref="Pitch"/> apart, where the layer does not requantise to bytes by upper halves.
    /// </param>
    /// <typeparam name="TDot">The instruction set.</typeparam>
    /// <typeparam name="TVector">Its vector.</typeparam>
    /// <typeparam name="TRows">The rows, 1…8; at most 6 of two vectors.</typeparam>
    /// <typeparam name="TColumns">The vectors, 1 or 2.</typeparam>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<TDot, TVector, TRows, TColumns>(
        in Int8Product product, ref byte arena, ref int inputs, ref byte weights, nint second, nint step, ref int start,
        ref byte multipliers, ref int outputs, nint target, int count, ref int sums)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
        where TRows : struct, IExtent
        where TColumns : struct, IExtent
    {
        unchecked
        {
            nint row0 = inputs;
            nint row1 = TRows.Value > 1 ? Unsafe.Add(ref inputs, 1) : 0;
            nint row2 = TRows.Value > 2 ? Unsafe.Add(ref inputs, 2) : 0;
            nint row3 = TRows.Value > 3 ? Unsafe.Add(ref inputs, 3) : 0;
            nint row4 = TRows.Value > 4 ? Unsafe.Add(ref inputs, 4) : 0;
            nint row5 = TRows.Value > 5 ? Unsafe.Add(ref inputs, 5) : 0;
            nint row6 = TRows.Value > 6 ? Unsafe.Add(ref inputs, 6) : 0;
            nint row7 = TRows.Value > 7 ? Unsafe.Add(ref inputs, 7) : 0;
            TVector sum0A = TDot.Load(ref Unsafe.As<int, byte>(ref start));
            TVector sum0B = TColumns.Value > 1 ? TDot.Load(ref Unsafe.As<int, byte>(ref Unsafe.Add(ref start, TDot.Lanes))) : default;
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
            for (int y = 0; y < product.SegmentRows; y++)
            {
                for (int x = 0; x < product.SegmentColumns; x++)
                {
                    ref byte source = ref Unsafe.Add(ref arena, (nint)((y * product.SegmentRowStep) + (x * product.SegmentColumnStep)));
                    for (int k = product.SegmentQuads; k > 0; k--)
                    {
                        TVector first = TDot.Load(ref weights);
                        TVector evenA = TDot.EvenWeights(first);
                        TVector oddA = TDot.OddWeights(first);
                        TVector evenB = evenA;
                        TVector oddB = oddA;
                        if (TColumns.Value > 1)
                        {
                            TVector next = TDot.Load(ref Unsafe.Add(ref weights, second));
                            evenB = TDot.EvenWeights(next);
                            oddB = TDot.OddWeights(next);
                        }

                        weights = ref Unsafe.Add(ref weights, step);

                        TVector quad = TDot.Broadcast(ref Unsafe.Add(ref source, row0));
                        TVector even = TDot.EvenActivations(quad);
                        TVector odd = TDot.OddActivations(quad);
                        sum0A = TDot.MultiplyAdd(sum0A, even, odd, evenA, oddA);
                        if (TColumns.Value > 1)
                            sum0B = TDot.MultiplyAdd(sum0B, even, odd, evenB, oddB);

                        if (TRows.Value > 1)
                        {
                            quad = TDot.Broadcast(ref Unsafe.Add(ref source, row1));
                            even = TDot.EvenActivations(quad);
                            odd = TDot.OddActivations(quad);
                            sum1A = TDot.MultiplyAdd(sum1A, even, odd, evenA, oddA);
                            if (TColumns.Value > 1)
                                sum1B = TDot.MultiplyAdd(sum1B, even, odd, evenB, oddB);
                        }

                        if (TRows.Value > 2)
                        {
                            quad = TDot.Broadcast(ref Unsafe.Add(ref source, row2));
                            even = TDot.EvenActivations(quad);
                            odd = TDot.OddActivations(quad);
                            sum2A = TDot.MultiplyAdd(sum2A, even, odd, evenA, oddA);
                            if (TColumns.Value > 1)
                                sum2B = TDot.MultiplyAdd(sum2B, even, odd, evenB, oddB);
                        }

                        if (TRows.Value > 3)
                        {
                            quad = TDot.Broadcast(ref Unsafe.Add(ref source, row3));
                            even = TDot.EvenActivations(quad);
                            odd = TDot.OddActivations(quad);
                            sum3A = TDot.MultiplyAdd(sum3A, even, odd, evenA, oddA);
                            if (TColumns.Value > 1)
                                sum3B = TDot.MultiplyAdd(sum3B, even, odd, evenB, oddB);
                        }

                        if (TRows.Value > 4)
                        {
                            quad = TDot.Broadcast(ref Unsafe.Add(ref source, row4));
                            even = TDot.EvenActivations(quad);
                            odd = TDot.OddActivations(quad);
                            sum4A = TDot.MultiplyAdd(sum4A, even, odd, evenA, oddA);
                            if (TColumns.Value > 1)
                                sum4B = TDot.MultiplyAdd(sum4B, even, odd, evenB, oddB);
                        }

                        if (TRows.Value > 5)
                        {
                            quad = TDot.Broadcast(ref Unsafe.Add(ref source, row5));
                            even = TDot.EvenActivations(quad);
                            odd = TDot.OddActivations(quad);
                            sum5A = TDot.MultiplyAdd(sum5A, even, odd, evenA, oddA);
                            if (TColumns.Value > 1)
                                sum5B = TDot.MultiplyAdd(sum5B, even, odd, evenB, oddB);
                        }

                        if (TRows.Value > 6)
                        {
                            quad = TDot.Broadcast(ref Unsafe.Add(ref source, row6));
                            even = TDot.EvenActivations(quad);
                            odd = TDot.OddActivations(quad);
                            sum6A = TDot.MultiplyAdd(sum6A, even, odd, evenA, oddA);
                        }

                        if (TRows.Value > 7)
                        {
                            quad = TDot.Broadcast(ref Unsafe.Add(ref source, row7));
                            even = TDot.EvenActivations(quad);
                            odd = TDot.OddActivations(quad);
                            sum7A = TDot.MultiplyAdd(sum7A, even, odd, evenA, oddA);
                        }

                        source = ref Unsafe.Add(ref source, 4);
                    }
                }
            }

            if (RequantizedRow.IsSupported && product.Requantization.FitsUpperHalves)
            {
                arena = ref Unsafe.Add(ref arena, target);
                Store<TDot, TVector, TColumns>(sum0A, sum0B, in product, ref multipliers, ref arena, ref outputs, count);
                if (TRows.Value > 1)
                {
                    Store<TDot, TVector, TColumns>(
                        sum1A, sum1B, in product, ref multipliers, ref arena, ref Unsafe.Add(ref outputs, 1), count);
                }

                if (TRows.Value > 2)
                {
                    Store<TDot, TVector, TColumns>(
                        sum2A, sum2B, in product, ref multipliers, ref arena, ref Unsafe.Add(ref outputs, 2), count);
                }

                if (TRows.Value > 3)
                {
                    Store<TDot, TVector, TColumns>(
                        sum3A, sum3B, in product, ref multipliers, ref arena, ref Unsafe.Add(ref outputs, 3), count);
                }

                if (TRows.Value > 4)
                {
                    Store<TDot, TVector, TColumns>(
                        sum4A, sum4B, in product, ref multipliers, ref arena, ref Unsafe.Add(ref outputs, 4), count);
                }

                if (TRows.Value > 5)
                {
                    Store<TDot, TVector, TColumns>(
                        sum5A, sum5B, in product, ref multipliers, ref arena, ref Unsafe.Add(ref outputs, 5), count);
                }

                if (TRows.Value > 6)
                {
                    Store<TDot, TVector, TColumns>(
                        sum6A, sum6A, in product, ref multipliers, ref arena, ref Unsafe.Add(ref outputs, 6), count);
                }

                if (TRows.Value > 7)
                {
                    Store<TDot, TVector, TColumns>(
                        sum7A, sum7A, in product, ref multipliers, ref arena, ref Unsafe.Add(ref outputs, 7), count);
                }

                return;
            }

            Leave<TDot, TVector, TColumns>(sum0A, sum0B, ref sums);
            if (TRows.Value > 1)
                Leave<TDot, TVector, TColumns>(sum1A, sum1B, ref Unsafe.Add(ref sums, Pitch));
            if (TRows.Value > 2)
                Leave<TDot, TVector, TColumns>(sum2A, sum2B, ref Unsafe.Add(ref sums, 2 * Pitch));
            if (TRows.Value > 3)
                Leave<TDot, TVector, TColumns>(sum3A, sum3B, ref Unsafe.Add(ref sums, 3 * Pitch));
            if (TRows.Value > 4)
                Leave<TDot, TVector, TColumns>(sum4A, sum4B, ref Unsafe.Add(ref sums, 4 * Pitch));
            if (TRows.Value > 5)
                Leave<TDot, TVector, TColumns>(sum5A, sum5B, ref Unsafe.Add(ref sums, 5 * Pitch));
            if (TRows.Value > 6)
                Leave<TDot, TVector, TColumns>(sum6A, sum6A, ref Unsafe.Add(ref sums, 6 * Pitch));
            if (TRows.Value > 7)
                Leave<TDot, TVector, TColumns>(sum7A, sum7A, ref Unsafe.Add(ref sums, 7 * Pitch));
        }
    }

    /// <summary>Requantises and stores one row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TDot, TVector, TColumns>(
        TVector first, TVector second, in Int8Product product, ref byte multipliers, ref byte arena, ref int output, int count)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
        where TColumns : struct, IExtent
    {
        if (TColumns.Value > 1)
            TDot.StoreRow(first, second, ref multipliers, in product.Requantization, ref Unsafe.Add(ref arena, (nint)output), count);
        else
            TDot.StoreRow(first, ref multipliers, in product.Requantization, ref Unsafe.Add(ref arena, (nint)output), count);
    }

    /// <summary>Leaves the sums of one row in the scratch memory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Leave<TDot, TVector, TColumns>(TVector first, TVector second, ref int sums)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
        where TColumns : struct, IExtent
    {
        TDot.Store(first, ref Unsafe.As<int, byte>(ref sums));
        if (TColumns.Value > 1)
            TDot.Store(second, ref Unsafe.As<int, byte>(ref Unsafe.Add(ref sums, TDot.Lanes)));
    }
}
