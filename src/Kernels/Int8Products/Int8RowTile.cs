namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>
/// The register tile of a single row (a dense layer on one sample): every weight is used once, so what counts is to have eight sums under
/// way and several streams of weights coming in. Wide layers take up to four panels side by side, narrow ones several quads at a time.
/// </summary>
internal static class Int8RowTile
{
    /// <summary>Vectors of the widest tile.</summary>
    public const int MaximumColumns = 8;

    /// <summary>Sums the products of one row and leaves the sums in the scratch memory.</summary>
    /// <param name="product">The layer.</param>
    /// <param name="source">The first input.</param>
    /// <param name="weights">The weights of the first vector's first quad.</param>
    /// <param name="pair">Bytes from the weights of an even vector to those of the odd one behind it.</param>
    /// <param name="panel">Bytes from the weights of two vectors to those of the next two.</param>
    /// <param name="step">Bytes from one quad's weights to the next one's.</param>
    /// <param name="start">What the sums start with, a number for each channel.</param>
    /// <param name="sums">Receives the sums.</param>
    /// <typeparam name="TDot">The instruction set.</typeparam>
    /// <typeparam name="TVector">Its vector.</typeparam>
    /// <typeparam name="TColumns">The vectors: 8, 4, 2 or 1.</typeparam>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<TDot, TVector, TColumns>(
        in Int8Product product, ref byte source, ref byte weights, nint pair, nint panel, nint step, ref int start, ref int sums)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
        where TColumns : struct, IExtent
    {
        unchecked
        {
            TVector sum0 = TDot.Load(ref Unsafe.As<int, byte>(ref start));
            TVector sum1 = default;
            TVector sum2 = default;
            TVector sum3 = default;
            TVector sum4 = default;
            TVector sum5 = default;
            TVector sum6 = default;
            TVector sum7 = default;
            if (Unsafe.SizeOf<TColumns>() > 1)
                sum1 = TDot.Load(ref Unsafe.As<int, byte>(ref Unsafe.Add(ref start, TDot.Lanes)));
            if (Unsafe.SizeOf<TColumns>() > 2)
            {
                sum2 = TDot.Load(ref Unsafe.As<int, byte>(ref Unsafe.Add(ref start, 2 * TDot.Lanes)));
                sum3 = TDot.Load(ref Unsafe.As<int, byte>(ref Unsafe.Add(ref start, 3 * TDot.Lanes)));
            }

            if (Unsafe.SizeOf<TColumns>() > 4)
            {
                sum4 = TDot.Load(ref Unsafe.As<int, byte>(ref Unsafe.Add(ref start, 4 * TDot.Lanes)));
                sum5 = TDot.Load(ref Unsafe.As<int, byte>(ref Unsafe.Add(ref start, 5 * TDot.Lanes)));
                sum6 = TDot.Load(ref Unsafe.As<int, byte>(ref Unsafe.Add(ref start, 6 * TDot.Lanes)));
                sum7 = TDot.Load(ref Unsafe.As<int, byte>(ref Unsafe.Add(ref start, 7 * TDot.Lanes)));
            }

            for (int y = 0; y < product.SegmentRows; y++)
            {
                for (int x = 0; x < product.SegmentColumns; x++)
                {
                    ref byte at = ref Unsafe.Add(ref source, (nint)((y * product.SegmentRowStep) + (x * product.SegmentColumnStep)));
                    int k = product.SegmentQuads;

                    // Tiles of few vectors take several quads at a time, each with sums of its own.
                    if (Unsafe.SizeOf<TColumns>() == 4)
                    {
                        for (; k > 1; k -= 2)
                        {
                            Two<TDot, TVector>(ref at, ref weights, pair, ref sum0, ref sum1);
                            Two<TDot, TVector>(ref at, ref Unsafe.Add(ref weights, panel), pair, ref sum2, ref sum3);
                            weights = ref Unsafe.Add(ref weights, step);
                            at = ref Unsafe.Add(ref at, 4);
                            Two<TDot, TVector>(ref at, ref weights, pair, ref sum4, ref sum5);
                            Two<TDot, TVector>(ref at, ref Unsafe.Add(ref weights, panel), pair, ref sum6, ref sum7);
                            weights = ref Unsafe.Add(ref weights, step);
                            at = ref Unsafe.Add(ref at, 4);
                        }
                    }
                    else if (Unsafe.SizeOf<TColumns>() == 2)
                    {
                        for (; k > 3; k -= 4)
                        {
                            Two<TDot, TVector>(ref at, ref weights, pair, ref sum0, ref sum1);
                            weights = ref Unsafe.Add(ref weights, step);
                            at = ref Unsafe.Add(ref at, 4);
                            Two<TDot, TVector>(ref at, ref weights, pair, ref sum2, ref sum3);
                            weights = ref Unsafe.Add(ref weights, step);
                            at = ref Unsafe.Add(ref at, 4);
                            Two<TDot, TVector>(ref at, ref weights, pair, ref sum4, ref sum5);
                            weights = ref Unsafe.Add(ref weights, step);
                            at = ref Unsafe.Add(ref at, 4);
                            Two<TDot, TVector>(ref at, ref weights, pair, ref sum6, ref sum7);
                            weights = ref Unsafe.Add(ref weights, step);
                            at = ref Unsafe.Add(ref at, 4);
                        }
                    }
                    else if (Unsafe.SizeOf<TColumns>() == 1)
                    {
                        for (; k > 3; k -= 4)
                        {
                            One<TDot, TVector>(ref at, ref weights, ref sum0);
                            weights = ref Unsafe.Add(ref weights, step);
                            at = ref Unsafe.Add(ref at, 4);
                            One<TDot, TVector>(ref at, ref weights, ref sum1);
                            weights = ref Unsafe.Add(ref weights, step);
                            at = ref Unsafe.Add(ref at, 4);
                            One<TDot, TVector>(ref at, ref weights, ref sum2);
                            weights = ref Unsafe.Add(ref weights, step);
                            at = ref Unsafe.Add(ref at, 4);
                            One<TDot, TVector>(ref at, ref weights, ref sum3);
                            weights = ref Unsafe.Add(ref weights, step);
                            at = ref Unsafe.Add(ref at, 4);
                        }
                    }

                    for (; k > 0; k--)
                    {
                        if (Unsafe.SizeOf<TColumns>() == 1)
                            One<TDot, TVector>(ref at, ref weights, ref sum0);
                        else
                            Two<TDot, TVector>(ref at, ref weights, pair, ref sum0, ref sum1);
                        if (Unsafe.SizeOf<TColumns>() > 2)
                            Two<TDot, TVector>(ref at, ref Unsafe.Add(ref weights, panel), pair, ref sum2, ref sum3);
                        if (Unsafe.SizeOf<TColumns>() > 4)
                        {
                            Two<TDot, TVector>(ref at, ref Unsafe.Add(ref weights, 2 * panel), pair, ref sum4, ref sum5);
                            Two<TDot, TVector>(ref at, ref Unsafe.Add(ref weights, 3 * panel), pair, ref sum6, ref sum7);
                        }

                        weights = ref Unsafe.Add(ref weights, step);
                        at = ref Unsafe.Add(ref at, 4);
                    }
                }
            }

            if (Unsafe.SizeOf<TColumns>() == 1)
            {
                sum0 = TDot.Add(TDot.Add(sum0, sum1), TDot.Add(sum2, sum3));
            }
            else if (Unsafe.SizeOf<TColumns>() == 2)
            {
                sum0 = TDot.Add(TDot.Add(sum0, sum2), TDot.Add(sum4, sum6));
                sum1 = TDot.Add(TDot.Add(sum1, sum3), TDot.Add(sum5, sum7));
            }
            else if (Unsafe.SizeOf<TColumns>() == 4)
            {
                sum0 = TDot.Add(sum0, sum4);
                sum1 = TDot.Add(sum1, sum5);
                sum2 = TDot.Add(sum2, sum6);
                sum3 = TDot.Add(sum3, sum7);
            }

            TDot.Store(sum0, ref Unsafe.As<int, byte>(ref sums));
            if (Unsafe.SizeOf<TColumns>() > 1)
                TDot.Store(sum1, ref Unsafe.As<int, byte>(ref Unsafe.Add(ref sums, TDot.Lanes)));
            if (Unsafe.SizeOf<TColumns>() > 2)
            {
                TDot.Store(sum2, ref Unsafe.As<int, byte>(ref Unsafe.Add(ref sums, 2 * TDot.Lanes)));
                TDot.Store(sum3, ref Unsafe.As<int, byte>(ref Unsafe.Add(ref sums, 3 * TDot.Lanes)));
            }

            if (Unsafe.SizeOf<TColumns>() > 4)
            {
                TDot.Store(sum4, ref Unsafe.As<int, byte>(ref Unsafe.Add(ref sums, 4 * TDot.Lanes)));
                TDot.Store(sum5, ref Unsafe.As<int, byte>(ref Unsafe.Add(ref sums, 5 * TDot.Lanes)));
                TDot.Store(sum6, ref Unsafe.As<int, byte>(ref Unsafe.Add(ref sums, 6 * TDot.Lanes)));
                TDot.Store(sum7, ref Unsafe.As<int, byte>(ref Unsafe.Add(ref sums, 7 * TDot.Lanes)));
            }
        }
    }

    /// <summary>One quad times one vector of channels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void One<TDot, TVector>(ref byte source, ref byte weights, ref TVector sum)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
    {
        TVector quad = TDot.Broadcast(ref source);
        TVector lanes = TDot.Load(ref weights);
        sum = TDot.MultiplyAdd(
            sum, TDot.EvenActivations(quad), TDot.OddActivations(quad), TDot.EvenWeights(lanes), TDot.OddWeights(lanes));
    }

    /// <summary>One quad times two vectors of channels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Two<TDot, TVector>(ref byte source, ref byte weights, nint pair, ref TVector first, ref TVector second)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
    {
        One<TDot, TVector>(ref source, ref weights, ref first);
        One<TDot, TVector>(ref source, ref Unsafe.Add(ref weights, pair), ref second);
    }
}
