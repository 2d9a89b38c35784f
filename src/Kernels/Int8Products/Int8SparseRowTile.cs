namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>
/// The register tile of a single row times panels of an <see cref="Int8SparseProduct"/>: several blocks at a time, each with sums of its
/// own, so that eight sums are under way.
/// </summary>
internal static class Int8SparseRowTile
{
    /// <summary>Sums the products of one row with panels that follow one another and leaves the sums in the scratch memory.</summary>
    /// <param name="product">The layer.</param>
    /// <param name="source">The first input.</param>
    /// <param name="panels">How many panels.</param>
    /// <param name="lanes">The first panel's first block.</param>
    /// <param name="column">Its place.</param>
    /// <param name="bound">The bounds of the panels' segments.</param>
    /// <param name="start">What the sums start with, a number for each channel.</param>
    /// <param name="sums">Receives the sums.</param>
    /// <typeparam name="TDot">The instruction set.</typeparam>
    /// <typeparam name="TVector">Its vector.</typeparam>
    /// <typeparam name="TColumns">The vectors of the panel: 4, 2 or 1.</typeparam>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<TDot, TVector, TColumns>(
        in Int8Product product, ref byte source, int panels, ref byte lanes, ref ushort column, ref int bound, ref int start,
        ref int sums)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
        where TColumns : struct, IExtent
    {
        unchecked
        {
            for (; panels > 0; panels--)
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

                for (int y = 0; y < product.SegmentRows; y++)
                {
                    for (int x = 0; x < product.SegmentColumns; x++)
                    {
                        ref byte segment = ref Unsafe.Add(
                            ref source, (nint)((y * product.SegmentRowStep) + (x * product.SegmentColumnStep)));
                        int blocks = Unsafe.Add(ref bound, 1) - bound;
                        bound = ref Unsafe.Add(ref bound, 1);
                        for (; blocks > 3; blocks -= 4)
                        {
                            if (Unsafe.SizeOf<TColumns>() == 1)
                            {
                                One<TDot, TVector>(ref segment, column, ref lanes, ref sum0);
                                One<TDot, TVector>(ref segment, Unsafe.Add(ref column, 1), ref Block(ref lanes, 1), ref sum1);
                                One<TDot, TVector>(ref segment, Unsafe.Add(ref column, 2), ref Block(ref lanes, 2), ref sum2);
                                One<TDot, TVector>(ref segment, Unsafe.Add(ref column, 3), ref Block(ref lanes, 3), ref sum3);
                            }
                            else if (Unsafe.SizeOf<TColumns>() == 2)
                            {
                                Two<TDot, TVector>(ref segment, column, ref lanes, ref sum0, ref sum1);
                                Two<TDot, TVector>(ref segment, Unsafe.Add(ref column, 1), ref Block(ref lanes, 1), ref sum2, ref sum3);
                                Two<TDot, TVector>(ref segment, Unsafe.Add(ref column, 2), ref Block(ref lanes, 2), ref sum4, ref sum5);
                                Two<TDot, TVector>(ref segment, Unsafe.Add(ref column, 3), ref Block(ref lanes, 3), ref sum6, ref sum7);
                            }
                            else
                            {
                                Four<TDot, TVector>(ref segment, column, ref lanes, ref sum0, ref sum1, ref sum2, ref sum3);
                                Four<TDot, TVector>(
                                    ref segment, Unsafe.Add(ref column, 1), ref Block(ref lanes, 1), ref sum4, ref sum5, ref sum6,
                                    ref sum7);
                                Four<TDot, TVector>(
                                    ref segment, Unsafe.Add(ref column, 2), ref Block(ref lanes, 2), ref sum0, ref sum1, ref sum2,
                                    ref sum3);
                                Four<TDot, TVector>(
                                    ref segment, Unsafe.Add(ref column, 3), ref Block(ref lanes, 3), ref sum4, ref sum5, ref sum6,
                                    ref sum7);
                            }

                            column = ref Unsafe.Add(ref column, 4);
                            lanes = ref Block(ref lanes, 4);
                        }

                        for (; blocks > 0; blocks--)
                        {
                            if (Unsafe.SizeOf<TColumns>() == 1)
                                One<TDot, TVector>(ref segment, column, ref lanes, ref sum0);
                            else if (Unsafe.SizeOf<TColumns>() == 2)
                                Two<TDot, TVector>(ref segment, column, ref lanes, ref sum0, ref sum1);
                            else
                                Four<TDot, TVector>(ref segment, column, ref lanes, ref sum0, ref sum1, ref sum2, ref sum3);
                            column = ref Unsafe.Add(ref column, 1);
                            lanes = ref Block(ref lanes, 1);
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
                else
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
                start = ref Unsafe.Add(ref start, TColumns.Value * TDot.Lanes);
                sums = ref Unsafe.Add(ref sums, TColumns.Value * TDot.Lanes);
            }
        }
    }

    /// <summary>A block further on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ref byte Block(ref byte lanes, int number) => ref Unsafe.Add(ref lanes, number * Int8SparseProduct.BlockBytes);

    /// <summary>A block of one vector.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void One<TDot, TVector>(ref byte segment, nint column, ref byte weights, ref TVector sum)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
    {
        TVector quad = TDot.Broadcast(ref Unsafe.Add(ref segment, column * 4));
        Add<TDot, TVector>(TDot.EvenActivations(quad), TDot.OddActivations(quad), ref weights, ref sum);
    }

    /// <summary>A block of two vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Two<TDot, TVector>(ref byte segment, nint column, ref byte weights, ref TVector first, ref TVector second)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
    {
        TVector quad = TDot.Broadcast(ref Unsafe.Add(ref segment, column * 4));
        TVector even = TDot.EvenActivations(quad);
        TVector odd = TDot.OddActivations(quad);
        Add<TDot, TVector>(even, odd, ref weights, ref first);
        Add<TDot, TVector>(even, odd, ref Unsafe.Add(ref weights, TDot.Lanes * 4), ref second);
    }

    /// <summary>A block of four vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Four<TDot, TVector>(
        ref byte segment, nint column, ref byte weights, ref TVector first, ref TVector second, ref TVector third, ref TVector fourth)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
    {
        TVector quad = TDot.Broadcast(ref Unsafe.Add(ref segment, column * 4));
        TVector even = TDot.EvenActivations(quad);
        TVector odd = TDot.OddActivations(quad);
        Add<TDot, TVector>(even, odd, ref weights, ref first);
        Add<TDot, TVector>(even, odd, ref Unsafe.Add(ref weights, TDot.Lanes * 4), ref second);
        Add<TDot, TVector>(even, odd, ref Unsafe.Add(ref weights, TDot.Lanes * 8), ref third);
        Add<TDot, TVector>(even, odd, ref Unsafe.Add(ref weights, TDot.Lanes * 12), ref fourth);
    }

    /// <summary>The products of one vector.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add<TDot, TVector>(TVector even, TVector odd, ref byte weights, ref TVector sum)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
    {
        TVector lanes = TDot.Load(ref weights);
        sum = TDot.MultiplyAdd(sum, even, odd, TDot.EvenWeights(lanes), TDot.OddWeights(lanes));
    }
}
