namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;

/// <summary>
/// The register tiles of a single row times panels of a <see cref="Float32SparseProduct"/>. Sums may not be divided, as each output adds up
/// in the order of the dense product; so two panels take turns, block by block, as long as both have some at a tap.
/// </summary>
internal static class Float32SparseTile
{
    /// <summary>One row by a panel of outputs.</summary>
    /// <param name="input">The row's inputs.</param>
    /// <param name="weights">The layer's first block.</param>
    /// <param name="columns">Its place.</param>
    /// <param name="bounds">The bounds of the panel's taps.</param>
    /// <param name="taps">Byte offsets of the taps.</param>
    /// <param name="bias">The panel's biases.</param>
    /// <param name="output">Receives the outputs of the whole panel.</param>
    /// <param name="minimum">The least result.</param>
    /// <param name="maximum">The greatest result.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Single<TVector, TLanes>(
        ref byte input,
        ref byte weights,
        ref ushort columns,
        ref int bounds,
        ReadOnlySpan<int> taps,
        ref float bias,
        ref byte output,
        float minimum,
        float maximum)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        TVector a0 = TLanes.Load(ref bias);
        TVector a1 = TLanes.Count < 16 ? TLanes.Load(ref Unsafe.Add(ref bias, TLanes.Count)) : a0;
        TVector a2 = TLanes.Count < 8 ? TLanes.Load(ref Unsafe.Add(ref bias, 2 * TLanes.Count)) : a0;
        TVector a3 = TLanes.Count < 8 ? TLanes.Load(ref Unsafe.Add(ref bias, 3 * TLanes.Count)) : a0;
        ref byte w = ref Unsafe.Add(ref weights, (nint)bounds * Float32SparseProduct.BlockBytes);
        ref ushort column = ref Unsafe.Add(ref columns, bounds);
        for (int t = 0; t < taps.Length; t++)
        {
            ref byte x = ref Unsafe.Add(ref input, (nint)taps[t]);
            for (int blocks = Count(ref bounds, t); blocks > 0; blocks--)
            {
                Block<TVector, TLanes>(ref x, ref column, ref w, ref a0, ref a1, ref a2, ref a3);
                column = ref Unsafe.Add(ref column, 1);
                w = ref Unsafe.Add(ref w, Float32SparseProduct.BlockBytes);
            }
        }

        TVector low = TLanes.Broadcast(minimum);
        TVector high = TLanes.Broadcast(maximum);
        Store<TVector, TLanes>(a0, a1, a2, a3, ref output, low, high);
    }

    /// <summary>One row by two panels of outputs; parameters as of one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Pair<TVector, TLanes>(
        ref byte input,
        ref byte weights,
        ref ushort columns,
        ref int bounds,
        ReadOnlySpan<int> taps,
        ref float bias,
        ref byte output,
        float minimum,
        float maximum)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        TVector a0 = TLanes.Load(ref bias);
        TVector a1 = TLanes.Count < 16 ? TLanes.Load(ref Unsafe.Add(ref bias, TLanes.Count)) : a0;
        TVector a2 = TLanes.Count < 8 ? TLanes.Load(ref Unsafe.Add(ref bias, 2 * TLanes.Count)) : a0;
        TVector a3 = TLanes.Count < 8 ? TLanes.Load(ref Unsafe.Add(ref bias, 3 * TLanes.Count)) : a0;
        TVector b0 = TLanes.Load(ref Unsafe.Add(ref bias, Float32Tile.Panel));
        TVector b1 = TLanes.Count < 16 ? TLanes.Load(ref Unsafe.Add(ref bias, Float32Tile.Panel + TLanes.Count)) : b0;
        TVector b2 = TLanes.Count < 8 ? TLanes.Load(ref Unsafe.Add(ref bias, Float32Tile.Panel + (2 * TLanes.Count))) : b0;
        TVector b3 = TLanes.Count < 8 ? TLanes.Load(ref Unsafe.Add(ref bias, Float32Tile.Panel + (3 * TLanes.Count))) : b0;
        ref int next = ref Unsafe.Add(ref bounds, taps.Length);
        ref byte u = ref Unsafe.Add(ref weights, (nint)bounds * Float32SparseProduct.BlockBytes);
        ref byte v = ref Unsafe.Add(ref weights, (nint)next * Float32SparseProduct.BlockBytes);
        ref ushort first = ref Unsafe.Add(ref columns, bounds);
        ref ushort second = ref Unsafe.Add(ref columns, next);
        for (int t = 0; t < taps.Length; t++)
        {
            ref byte x = ref Unsafe.Add(ref input, (nint)taps[t]);
            int more = Count(ref bounds, t);
            int others = Count(ref next, t);
            int both = Math.Min(more, others);
            more -= both;
            others -= both;
            for (; both > 0; both--)
            {
                Block<TVector, TLanes>(ref x, ref first, ref u, ref a0, ref a1, ref a2, ref a3);
                Block<TVector, TLanes>(ref x, ref second, ref v, ref b0, ref b1, ref b2, ref b3);
                first = ref Unsafe.Add(ref first, 1);
                second = ref Unsafe.Add(ref second, 1);
                u = ref Unsafe.Add(ref u, Float32SparseProduct.BlockBytes);
                v = ref Unsafe.Add(ref v, Float32SparseProduct.BlockBytes);
            }

            for (; more > 0; more--)
            {
                Block<TVector, TLanes>(ref x, ref first, ref u, ref a0, ref a1, ref a2, ref a3);
                first = ref Unsafe.Add(ref first, 1);
                u = ref Unsafe.Add(ref u, Float32SparseProduct.BlockBytes);
            }

            for (; others > 0; others--)
            {
                Block<TVector, TLanes>(ref x, ref second, ref v, ref b0, ref b1, ref b2, ref b3);
                second = ref Unsafe.Add(ref second, 1);
                v = ref Unsafe.Add(ref v, Float32SparseProduct.BlockBytes);
            }
        }

        TVector low = TLanes.Broadcast(minimum);
        TVector high = TLanes.Broadcast(maximum);
        Store<TVector, TLanes>(a0, a1, a2, a3, ref output, low, high);
        Store<TVector, TLanes>(b0, b1, b2, b3, ref Unsafe.Add(ref output, Float32Tile.Panel * sizeof(float)), low, high);
    }

    // Blocks of a panel at a tap.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Count(ref int bounds, int tap) => Unsafe.Add(ref bounds, tap + 1) - Unsafe.Add(ref bounds, tap);

    // Four inputs, one after the other.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Block<TVector, TLanes>(
        ref byte tap, ref ushort column, ref byte weights, ref TVector s0, ref TVector s1, ref TVector s2, ref TVector s3)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        ref float x = ref Unsafe.Add(ref Unsafe.As<byte, float>(ref tap), (nint)column);
        ref float w = ref Unsafe.As<byte, float>(ref weights);
        Input<TVector, TLanes>(x, ref w, ref s0, ref s1, ref s2, ref s3);
        Input<TVector, TLanes>(Unsafe.Add(ref x, 1), ref Unsafe.Add(ref w, Float32Tile.Panel), ref s0, ref s1, ref s2, ref s3);
        Input<TVector, TLanes>(Unsafe.Add(ref x, 2), ref Unsafe.Add(ref w, 2 * Float32Tile.Panel), ref s0, ref s1, ref s2, ref s3);
        Input<TVector, TLanes>(Unsafe.Add(ref x, 3), ref Unsafe.Add(ref w, 3 * Float32Tile.Panel), ref s0, ref s1, ref s2, ref s3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Input<TVector, TLanes>(
        float x, ref float w, ref TVector s0, ref TVector s1, ref TVector s2, ref TVector s3)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        TVector v = TLanes.Broadcast(x);
        s0 = TLanes.FusedMultiplyAdd(v, TLanes.Load(ref w), s0);
        if (TLanes.Count < 16)
            s1 = TLanes.FusedMultiplyAdd(v, TLanes.Load(ref Unsafe.Add(ref w, TLanes.Count)), s1);
        if (TLanes.Count < 8)
        {
            s2 = TLanes.FusedMultiplyAdd(v, TLanes.Load(ref Unsafe.Add(ref w, 2 * TLanes.Count)), s2);
            s3 = TLanes.FusedMultiplyAdd(v, TLanes.Load(ref Unsafe.Add(ref w, 3 * TLanes.Count)), s3);
        }
    }

    // A panel's outputs.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TVector, TLanes>(
        TVector s0, TVector s1, TVector s2, TVector s3, ref byte output, TVector low, TVector high)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        ref float to = ref Unsafe.As<byte, float>(ref output);
        TLanes.Store(TLanes.Min(high, TLanes.Max(low, s0)), ref to);
        if (TLanes.Count < 16)
            TLanes.Store(TLanes.Min(high, TLanes.Max(low, s1)), ref Unsafe.Add(ref to, TLanes.Count));
        if (TLanes.Count < 8)
        {
            TLanes.Store(TLanes.Min(high, TLanes.Max(low, s2)), ref Unsafe.Add(ref to, 2 * TLanes.Count));
            TLanes.Store(TLanes.Min(high, TLanes.Max(low, s3)), ref Unsafe.Add(ref to, 3 * TLanes.Count));
        }
    }
}
