namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>
/// Sums of products of s16 levels and s8 weights: one position by up to eight vectors of outputs, each of which adds four products a lane
/// and step. Weights come from packed panels once, from the first or second-level cache.
/// </summary>
internal static class Int8StateTile
{
    private const int MostVectors = 8;

    /// <summary>Computes the totals of whole panels of equal width.</summary>
    /// <param name="pairs">Levels in pairs: of each four the first and the third, then the second and the fourth.</param>
    /// <param name="weights">The packed weights.</param>
    /// <param name="totals">The totals.</param>
    /// <param name="outputs">The number of rows, a multiple of the panels' width.</param>
    /// <param name="quads">Groups of four levels.</param>
    /// <param name="step">Bytes from the weights of four levels to those of the next four: 64 in panels of 16 rows, 32 in those of
    /// 8.</param>
    public static void Run<TVector, TProduct>(ref int pairs, ref byte weights, ref int totals, int outputs, int quads, nint step)
        where TVector : struct
        where TProduct : struct, IDotProduct<TVector>
    {
        int vectors = outputs / TProduct.Lanes;
        int first = 0;
        for (int tiles = (vectors + MostVectors - 1) / MostVectors; tiles > 0; tiles--)
        {
            int length = (vectors + tiles - 1) / tiles;
            ref int to = ref Unsafe.Add(ref totals, first);
            switch (length)
            {
                case 8:
                    Line<TVector, TProduct, Extent8>(ref pairs, ref weights, ref to, first, quads, step);
                    break;
                case 7:
                    Line<TVector, TProduct, Extent7>(ref pairs, ref weights, ref to, first, quads, step);
                    break;
                case 6:
                    Line<TVector, TProduct, Extent6>(ref pairs, ref weights, ref to, first, quads, step);
                    break;
                case 5:
                    Line<TVector, TProduct, Extent5>(ref pairs, ref weights, ref to, first, quads, step);
                    break;
                case 4:
                    Line<TVector, TProduct, Extent4>(ref pairs, ref weights, ref to, first, quads, step);
                    break;
                case 3:
                    Line<TVector, TProduct, Extent3>(ref pairs, ref weights, ref to, first, quads, step);
                    break;
                case 2:
                    Line<TVector, TProduct, Extent2>(ref pairs, ref weights, ref to, first, quads, step);
                    break;
                default:
                    Line<TVector, TProduct, Extent1>(ref pairs, ref weights, ref to, first, quads, step);
                    break;
            }
            first += length * TProduct.Lanes;
            vectors -= length;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Line<TVector, TProduct, TVectors>(
        ref int pairs, ref byte weights, ref int totals, int first, int quads, nint step)
        where TVector : struct
        where TProduct : struct, IDotProduct<TVector>
        where TVectors : struct, IExtent
    {
        TVector c0 = default, c1 = default, c2 = default, c3 = default, c4 = default, c5 = default, c6 = default, c7 = default;
        ref byte w0 = ref At<TVector, TProduct>(ref weights, first, 0, quads, step);
        ref byte w1 = ref At<TVector, TProduct>(ref weights, first, 1, quads, step);
        ref byte w2 = ref At<TVector, TProduct>(ref weights, first, 2, quads, step);
        ref byte w3 = ref At<TVector, TProduct>(ref weights, first, 3, quads, step);
        ref byte w4 = ref At<TVector, TProduct>(ref weights, first, 4, quads, step);
        ref byte w5 = ref At<TVector, TProduct>(ref weights, first, 5, quads, step);
        ref byte w6 = ref At<TVector, TProduct>(ref weights, first, 6, quads, step);
        ref byte w7 = ref At<TVector, TProduct>(ref weights, first, 7, quads, step);
        ref byte x = ref Unsafe.As<int, byte>(ref pairs);
        nint o = 0;
        for (int q = 0; q < quads; q++)
        {
            TVector even = TProduct.Broadcast(ref x);
            TVector odd = TProduct.Broadcast(ref Unsafe.Add(ref x, sizeof(int)));
            c0 = Step<TVector, TProduct>(c0, even, odd, ref Unsafe.Add(ref w0, o));
            if (TVectors.Value > 1)
                c1 = Step<TVector, TProduct>(c1, even, odd, ref Unsafe.Add(ref w1, o));
            if (TVectors.Value > 2)
                c2 = Step<TVector, TProduct>(c2, even, odd, ref Unsafe.Add(ref w2, o));
            if (TVectors.Value > 3)
                c3 = Step<TVector, TProduct>(c3, even, odd, ref Unsafe.Add(ref w3, o));
            if (TVectors.Value > 4)
                c4 = Step<TVector, TProduct>(c4, even, odd, ref Unsafe.Add(ref w4, o));
            if (TVectors.Value > 5)
                c5 = Step<TVector, TProduct>(c5, even, odd, ref Unsafe.Add(ref w5, o));
            if (TVectors.Value > 6)
                c6 = Step<TVector, TProduct>(c6, even, odd, ref Unsafe.Add(ref w6, o));
            if (TVectors.Value > 7)
                c7 = Step<TVector, TProduct>(c7, even, odd, ref Unsafe.Add(ref w7, o));
            x = ref Unsafe.Add(ref x, 2 * sizeof(int));
            o += step;
        }
        ref byte to = ref Unsafe.As<int, byte>(ref totals);
        nint next = (nint)TProduct.Lanes * sizeof(int);
        TProduct.Store(c0, ref to);
        if (TVectors.Value > 1)
            TProduct.Store(c1, ref Unsafe.Add(ref to, next));
        if (TVectors.Value > 2)
            TProduct.Store(c2, ref Unsafe.Add(ref to, 2 * next));
        if (TVectors.Value > 3)
            TProduct.Store(c3, ref Unsafe.Add(ref to, 3 * next));
        if (TVectors.Value > 4)
            TProduct.Store(c4, ref Unsafe.Add(ref to, 4 * next));
        if (TVectors.Value > 5)
            TProduct.Store(c5, ref Unsafe.Add(ref to, 5 * next));
        if (TVectors.Value > 6)
            TProduct.Store(c6, ref Unsafe.Add(ref to, 6 * next));
        if (TVectors.Value > 7)
            TProduct.Store(c7, ref Unsafe.Add(ref to, 7 * next));
    }

    // The weights of a vector for the first four levels. Panels are four bytes a row and group of levels: 16 rows, or 8 in the one panel
    // that is so wide.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ref byte At<TVector, TProduct>(ref byte weights, int first, int vector, int quads, nint step)
        where TVector : struct
        where TProduct : struct, IDotProduct<TVector>
    {
        int output = first + (vector * TProduct.Lanes);
        return ref Unsafe.Add(ref weights, ((nint)(output / 16) * quads * step) + ((output % 16) * 4));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Step<TVector, TProduct>(TVector sums, TVector even, TVector odd, ref byte weights)
        where TVector : struct
        where TProduct : struct, IDotProduct<TVector>
    {
        TVector w = TProduct.Load(ref weights);
        return TProduct.MultiplyAdd(sums, even, odd, TProduct.EvenWeights(w), TProduct.OddWeights(w));
    }
}
