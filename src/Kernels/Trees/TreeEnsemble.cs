namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Numerics;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;

/// <summary>
/// Decision trees over rows of features: for each target the weights of the leaves that a row reaches, added up in the order of the trees,
/// or the least or greatest of them. Eight trees are walked side by side, since one alone waits for memory at every branch.
/// </summary>
internal static class TreeEnsemble
{
    /// <summary>Weights are added up.</summary>
    public const int Sum = 0;

    /// <summary>The least weight counts.</summary>
    public const int Minimum = 1;

    /// <summary>The greatest weight counts.</summary>
    public const int Maximum = 2;

    // Rows that pass a group of trees together: their features stay in the first-level cache.
    private const int BlockBytes = 16384;

    /// <summary>Trees over float32 features with float32 weights.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Operand offset of the features: <c>[rows, features]</c>.</param>
    /// <param name="output">Arena offset of the output: <c>[rows, targets]</c>.</param>
    /// <param name="slots">Weights offset of the trees' places, of one of the forms of <see cref="ITreeSlots{T}"/>.</param>
    /// <param name="slotBytes">The size of a place: 8 (<see cref="TreeSlots8"/>) or 16 (<see cref="TreeSlots16Single"/>).</param>
    /// <param name="roots">Weights offset of the trees' first places, signed 32 bits.</param>
    /// <param name="weights">Weights offset of the leaves' weights.</param>
    /// <param name="starts">Weights offset of where the weights of each leaf begin, and the last ones end, signed 32 bits; −1 where each
    /// leaf has a weight for every target.</param>
    /// <param name="ids">Weights offset of the target of each weight, signed 32 bits; not read where each leaf has all.</param>
    /// <param name="rows">The number of rows.</param>
    /// <param name="features">The number of features of a row.</param>
    /// <param name="trees">The number of trees.</param>
    /// <param name="targets">The number of targets.</param>
    /// <param name="aggregate">How weights are combined: <see cref="Sum"/>, <see cref="Minimum"/> or <see cref="Maximum"/>.</param>
    public static void Float32(
        Workspace w,
        int input,
        int output,
        int slots,
        int slotBytes,
        int roots,
        int weights,
        int starts,
        int ids,
        int rows,
        int features,
        int trees,
        int targets,
        int aggregate)
    {
        if (slotBytes == 8)
            Run<float, TreeSlots8>(w, input, output, slots, roots, weights, starts, ids, rows, features, trees, targets, aggregate);
        else
            Run<float, TreeSlots16Single>(w, input, output, slots, roots, weights, starts, ids, rows, features, trees, targets, aggregate);
    }

    /// <summary>Trees over double features with weights in double; parameters as for float32, places of 16 bytes
    /// (<see cref="TreeSlots16"/>).</summary>
    public static void Float64(
        Workspace w,
        int input,
        int output,
        int slots,
        int slotBytes,
        int roots,
        int weights,
        int starts,
        int ids,
        int rows,
        int features,
        int trees,
        int targets,
        int aggregate) =>
        Run<double, TreeSlots16>(w, input, output, slots, roots, weights, starts, ids, rows, features, trees, targets, aggregate);

    private static void Run<T, TSlots>(
        Workspace w, int input, int output, int slots, int roots, int weights, int starts, int ids, int rows, int features, int trees,
        int targets, int aggregate)
        where T : unmanaged, IFloatingPointIeee754<T>
        where TSlots : struct, ITreeSlots<T>
    {
        ref T x = ref Unsafe.As<byte, T>(ref w.Operand(input));
        ref T y = ref Unsafe.As<byte, T>(ref w.Arena(output));
        ref byte places = ref w.Weight(slots);
        ref int first = ref Unsafe.As<byte, int>(ref w.Weight(roots));
        ref T values = ref Unsafe.As<byte, T>(ref w.Weight(weights));
        ref int bounds = ref Unsafe.As<byte, int>(ref w.Weight(starts < 0 ? 0 : starts));
        ref int names = ref Unsafe.As<byte, int>(ref w.Weight(starts < 0 ? 0 : ids));
        T start = aggregate switch { Minimum => T.PositiveInfinity, Maximum => T.NegativeInfinity, _ => T.Zero };
        for (nint i = 0; i < (nint)rows * targets; i++)
            Unsafe.Add(ref y, i) = start;
        ref int leaves = ref Unsafe.As<byte, int>(ref w.Scratch(8 * sizeof(int)));
        int lanes = w.IsStarting ? 1 : 8;
        int block = lanes == 1 ? 1 : Math.Max(BlockBytes / Math.Max(features * Unsafe.SizeOf<T>(), 1), 8);
        for (int begin = 0; begin < rows; begin += block)
        {
            int end = Math.Min(rows - begin, block) + begin;
            for (int tree = 0; tree < trees; tree += lanes)
            {
                int count = Math.Min(trees - tree, lanes);
                for (nint row = begin; row < end; row++)
                {
                    ref T own = ref Unsafe.Add(ref x, row * features);
                    ref T sums = ref Unsafe.Add(ref y, row * targets);
                    if (count > 4)
                        Walk8<T, TSlots>(ref places, ref Unsafe.Add(ref first, tree), count, ref own, ref leaves);
                    else if (count > 1)
                        Walk4<T, TSlots>(ref places, ref Unsafe.Add(ref first, tree), count, ref own, ref leaves);
                    else
                        Walk1<T, TSlots>(ref places, ref Unsafe.Add(ref first, tree), ref own, ref leaves);
                    if (aggregate != Sum)
                        Extremes(ref leaves, count, ref values, ref bounds, ref names, starts < 0, ref sums, targets, aggregate == Minimum);
                    else if (starts >= 0)
                        AddListed(ref leaves, count, ref values, ref bounds, ref names, ref sums);
                    else if (targets == 1)
                        AddSingle(ref leaves, count, ref values, ref sums);
                    else
                        AddAll(ref leaves, count, ref values, ref sums, targets);
                }
            }
        }
    }

    private static void Walk1<T, TSlots>(ref byte slots, ref int roots, ref T row, ref int leaves)
        where T : unmanaged
        where TSlots : struct, ITreeSlots<T>
    {
        nint at = roots;
        int moved;
        do
        {
            moved = 0;
            at = TSlots.Next(ref slots, at, ref row, ref moved);
        }
        while ((uint)moved > 0xFFFF);
        leaves = TSlots.Leaf(ref slots, at);
    }

    // Trees that are over stay where they are until all are.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Walk4<T, TSlots>(ref byte slots, ref int roots, int count, ref T row, ref int leaves)
        where T : unmanaged
        where TSlots : struct, ITreeSlots<T>
    {
        nint a = roots;
        nint b = Unsafe.Add(ref roots, Math.Min(1, count - 1));
        nint c = Unsafe.Add(ref roots, Math.Min(2, count - 1));
        nint d = Unsafe.Add(ref roots, Math.Min(3, count - 1));
        int moved;
        do
        {
            moved = 0;
            a = TSlots.Next(ref slots, a, ref row, ref moved);
            b = TSlots.Next(ref slots, b, ref row, ref moved);
            c = TSlots.Next(ref slots, c, ref row, ref moved);
            d = TSlots.Next(ref slots, d, ref row, ref moved);
        }
        while ((uint)moved > 0xFFFF);
        leaves = TSlots.Leaf(ref slots, a);
        Unsafe.Add(ref leaves, 1) = TSlots.Leaf(ref slots, b);
        Unsafe.Add(ref leaves, 2) = TSlots.Leaf(ref slots, c);
        Unsafe.Add(ref leaves, 3) = TSlots.Leaf(ref slots, d);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Walk8<T, TSlots>(ref byte slots, ref int roots, int count, ref T row, ref int leaves)
        where T : unmanaged
        where TSlots : struct, ITreeSlots<T>
    {
        nint a = roots;
        nint b = Unsafe.Add(ref roots, 1);
        nint c = Unsafe.Add(ref roots, 2);
        nint d = Unsafe.Add(ref roots, 3);
        nint e = Unsafe.Add(ref roots, 4);
        nint f = Unsafe.Add(ref roots, Math.Min(5, count - 1));
        nint g = Unsafe.Add(ref roots, Math.Min(6, count - 1));
        nint h = Unsafe.Add(ref roots, Math.Min(7, count - 1));
        int moved;
        do
        {
            moved = 0;
            a = TSlots.Next(ref slots, a, ref row, ref moved);
            b = TSlots.Next(ref slots, b, ref row, ref moved);
            c = TSlots.Next(ref slots, c, ref row, ref moved);
            d = TSlots.Next(ref slots, d, ref row, ref moved);
            e = TSlots.Next(ref slots, e, ref row, ref moved);
            f = TSlots.Next(ref slots, f, ref row, ref moved);
            g = TSlots.Next(ref slots, g, ref row, ref moved);
            h = TSlots.Next(ref slots, h, ref row, ref moved);
        }
        while ((uint)moved > 0xFFFF);
        leaves = TSlots.Leaf(ref slots, a);
        Unsafe.Add(ref leaves, 1) = TSlots.Leaf(ref slots, b);
        Unsafe.Add(ref leaves, 2) = TSlots.Leaf(ref slots, c);
        Unsafe.Add(ref leaves, 3) = TSlots.Leaf(ref slots, d);
        Unsafe.Add(ref leaves, 4) = TSlots.Leaf(ref slots, e);
        Unsafe.Add(ref leaves, 5) = TSlots.Leaf(ref slots, f);
        Unsafe.Add(ref leaves, 6) = TSlots.Leaf(ref slots, g);
        Unsafe.Add(ref leaves, 7) = TSlots.Leaf(ref slots, h);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddSingle<T>(ref int leaves, int count, ref T values, ref T sum)
        where T : unmanaged, INumber<T>
    {
        T total = sum;
        for (int i = 0; i < count; i++)
            total += Unsafe.Add(ref values, (nint)Unsafe.Add(ref leaves, i));
        sum = total;
    }

    private static void AddAll<T>(ref int leaves, int count, ref T values, ref T sums, int targets)
        where T : unmanaged, INumber<T>
    {
        nint t = 0;
        for (; t <= targets - Vector128<T>.Count; t += Vector128<T>.Count)
        {
            Vector128<T> total = Vector128.LoadUnsafe(ref sums, (nuint)t);
            for (int i = 0; i < count; i++)
                total += Vector128.LoadUnsafe(ref values, (nuint)(((nint)Unsafe.Add(ref leaves, i) * targets) + t));
            total.StoreUnsafe(ref sums, (nuint)t);
        }
        for (; t < targets; t++)
        {
            T total = Unsafe.Add(ref sums, t);
            for (int i = 0; i < count; i++)
                total += Unsafe.Add(ref values, ((nint)Unsafe.Add(ref leaves, i) * targets) + t);
            Unsafe.Add(ref sums, t) = total;
        }
    }

    private static void AddListed<T>(ref int leaves, int count, ref T values, ref int bounds, ref int names, ref T sums)
        where T : unmanaged, INumber<T>
    {
        for (int i = 0; i < count; i++)
        {
            ref int bound = ref Unsafe.Add(ref bounds, (nint)Unsafe.Add(ref leaves, i));
            for (nint n = bound; n < Unsafe.Add(ref bound, 1); n++)
                Unsafe.Add(ref sums, (nint)Unsafe.Add(ref names, n)) += Unsafe.Add(ref values, n);
        }
    }

    private static void Extremes<T>(ref int leaves, int count, ref T values, ref int bounds, ref int names, bool hasAll, ref T sums,
        int targets, bool least)
        where T : unmanaged, INumber<T>
    {
        for (int i = 0; i < count; i++)
        {
            nint leaf = Unsafe.Add(ref leaves, i);
            nint begin = hasAll ? leaf * targets : Unsafe.Add(ref bounds, leaf);
            nint end = hasAll ? begin + targets : Unsafe.Add(ref bounds, leaf + 1);
            for (nint n = begin; n < end; n++)
            {
                T value = Unsafe.Add(ref values, n);
                ref T extreme = ref Unsafe.Add(ref sums, hasAll ? n - begin : Unsafe.Add(ref names, n));
                if (least ? value < extreme : value > extreme)
                    extreme = value;
            }
        }
    }
}
