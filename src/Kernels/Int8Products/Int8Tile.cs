namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>
/// The register tile of the dense integer kernels: up to eight rows times one or two vectors of output channels, straight-line code
/// for each extent. Rows beyond <c>TRows</c> and the second vector of a tile of one disappear in compilation.
/// </summary>
internal static class Int8Tile
{
    /// <summary>The most channels that a tile has.</summary>
    public const int MaximumChannels = 32;

    /// <summary>The most rows that a tile has.</summary>
    public const int MaximumRows = 8;

    /// <summary>Sums the products of consecutive tiles.</summary>
    /// <param name="product">The layer.</param>
    /// <param name="arena">Byte 0 of the arena, moved to the group's input.</param>
    /// <param name="inputs">For each row the arena offset of its first input.</param>
    /// <param name="weights">The weights of the tile's first quad.</param>
    /// <param name="second">Bytes from the first vector's weights to the second one's.</param>
    /// <param name="step">Bytes from one quad's weights to the next one's.</param>
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
    /// <typeparam name="TStores">
    /// 1 where tiles store outputs (<see cref="RequantizedTile"/>): all channels of the vectors, all levels of u8; else 0.
    /// </typeparam>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<TDot, TVector, TRows, TColumns, TStores>(
        in Int8Product product, ref byte arena, ref int inputs, ref byte weights, nint second, nint step, ref int start,
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
                            TVector first = TDot.Load(ref lanes);
                            TVector evenA = TDot.EvenWeights(first);
                            TVector oddA = TDot.OddWeights(first);
                            TVector evenB = evenA;
                            TVector oddB = oddA;
                            if (Unsafe.SizeOf<TColumns>() > 1)
                            {
                                TVector next = TDot.Load(ref Unsafe.Add(ref lanes, second));
                                evenB = TDot.EvenWeights(next);
                                oddB = TDot.OddWeights(next);
                            }

                            lanes = ref Unsafe.Add(ref lanes, step);

                            TVector quad = TDot.Broadcast(ref Unsafe.Add(ref source, row0));
                            TVector even = TDot.EvenActivations(quad);
                            TVector odd = TDot.OddActivations(quad);
                            sum0A = TDot.MultiplyAdd(sum0A, even, odd, evenA, oddA);
                            if (Unsafe.SizeOf<TColumns>() > 1)
                                sum0B = TDot.MultiplyAdd(sum0B, even, odd, evenB, oddB);

                            if (Unsafe.SizeOf<TRows>() > 1)
                            {
                                quad = TDot.Broadcast(ref Unsafe.Add(ref source, row1));
                                even = TDot.EvenActivations(quad);
                                odd = TDot.OddActivations(quad);
                                sum1A = TDot.MultiplyAdd(sum1A, even, odd, evenA, oddA);
                                if (Unsafe.SizeOf<TColumns>() > 1)
                                    sum1B = TDot.MultiplyAdd(sum1B, even, odd, evenB, oddB);
                            }

                            if (Unsafe.SizeOf<TRows>() > 2)
                            {
                                quad = TDot.Broadcast(ref Unsafe.Add(ref source, row2));
                                even = TDot.EvenActivations(quad);
                                odd = TDot.OddActivations(quad);
                                sum2A = TDot.MultiplyAdd(sum2A, even, odd, evenA, oddA);
                                if (Unsafe.SizeOf<TColumns>() > 1)
                                    sum2B = TDot.MultiplyAdd(sum2B, even, odd, evenB, oddB);
                            }

                            if (Unsafe.SizeOf<TRows>() > 3)
                            {
                                quad = TDot.Broadcast(ref Unsafe.Add(ref source, row3));
                                even = TDot.EvenActivations(quad);
                                odd = TDot.OddActivations(quad);
                                sum3A = TDot.MultiplyAdd(sum3A, even, odd, evenA, oddA);
                                if (Unsafe.SizeOf<TColumns>() > 1)
                                    sum3B = TDot.MultiplyAdd(sum3B, even, odd, evenB, oddB);
                            }

                            if (Unsafe.SizeOf<TRows>() > 4)
                            {
                                quad = TDot.Broadcast(ref Unsafe.Add(ref source, row4));
                                even = TDot.EvenActivations(quad);
                                odd = TDot.OddActivations(quad);
                                sum4A = TDot.MultiplyAdd(sum4A, even, odd, evenA, oddA);
                                if (Unsafe.SizeOf<TColumns>() > 1)
                                    sum4B = TDot.MultiplyAdd(sum4B, even, odd, evenB, oddB);
                            }

                            if (Unsafe.SizeOf<TRows>() > 5)
                            {
                                quad = TDot.Broadcast(ref Unsafe.Add(ref source, row5));
                                even = TDot.EvenActivations(quad);
                                odd = TDot.OddActivations(quad);
                                sum5A = TDot.MultiplyAdd(sum5A, even, odd, evenA, oddA);
                                if (Unsafe.SizeOf<TColumns>() > 1)
                                    sum5B = TDot.MultiplyAdd(sum5B, even, odd, evenB, oddB);
                            }

                            if (Unsafe.SizeOf<TRows>() > 6)
                            {
                                quad = TDot.Broadcast(ref Unsafe.Add(ref source, row6));
                                even = TDot.EvenActivations(quad);
                                odd = TDot.OddActivations(quad);
                                sum6A = TDot.MultiplyAdd(sum6A, even, odd, evenA, oddA);
                            }

                            if (Unsafe.SizeOf<TRows>() > 7)
                            {
                                quad = TDot.Broadcast(ref Unsafe.Add(ref source, row7));
                                even = TDot.EvenActivations(quad);
                                odd = TDot.OddActivations(quad);
                                sum7A = TDot.MultiplyAdd(sum7A, even, odd, evenA, oddA);
                            }

                            source = ref Unsafe.Add(ref source, 4);
                        }
                        while (Unsafe.IsAddressLessThan(ref source, ref end));
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
                            sum0A, sum0B, sum1A, sum1B, sum2A, sum2B, sum3A, sum3B, sum4A, sum4B, sum5A, sum5B, ref multipliers,
                            in product.Requantization, ref Unsafe.Add(ref arena, target), ref outputs);
                    }
                    else
                    {
                        RequantizedTile.Store<TVector, TRows>(
                            sum0A, sum1A, sum2A, sum3A, sum4A, sum5A, sum6A, sum7A, ref multipliers, in product.Requantization,
                            ref Unsafe.Add(ref arena, target), ref outputs);
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
