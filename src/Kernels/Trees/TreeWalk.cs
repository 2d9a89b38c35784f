namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Numerics;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;

/// <summary>
/// Decision trees over rows of features, all of whose different tests are answered before: each feature's rank among its thresholds
/// (<see cref="TreeRanks"/>) gives a byte for each test, 1 for yes, and a walk only looks answers up. So a place needs the number of a test
/// instead of a feature and a threshold, and no comparison waits for it. Eight trees are walked side by side; the weights of their leaves
/// are added up in the order of the trees.
/// </summary>
internal static class TreeWalk
{
    // Rows that pass a group of trees together: their answers stay in the first-level cache.
    private const int BlockBytes = 16384;

    // Answers that are written at once.
    private const int Width = 32;

    /// <summary>Trees over float32 features with float32 weights.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Operand offset of the features: <c>[rows, features]</c>.</param>
    /// <param name="output">Arena offset of the output: <c>[rows, targets]</c>.</param>
    /// <param name="columns">Weights offset of the features that are tested, signed 32 bits: three numbers for each, its own, that of its
    /// first threshold and how many it has; the tests are numbered in this order.</param>
    /// <param name="thresholds">Weights offset of the thresholds, ascending for each feature; seven more elements may be read behind
    /// them.</param>
    /// <param name="places">Weights offset of the trees' places (<see cref="ITreePlaces"/>).</param>
    /// <param name="placeBytes">The size of a place: 2, 3 or 4.</param>
    /// <param name="testBits">The bits of a test's or leaf's number.</param>
    /// <param name="roots">Weights offset of the trees' first places, signed 32 bits.</param>
    /// <param name="bases">Weights offset of what is added to the numbers of each tree's leaves, signed 32 bits; −1 for nothing.</param>
    /// <param name="weights">Weights offset of the leaves' weights: for each leaf one, or one for each target, filled up to a multiple of
    /// four.</param>
    /// <param name="names">Weights offset of the target of each tree, signed 32 bits; −1 where there is one target only, or leaves have a
    /// weight for each.</param>
    /// <param name="scale">What weights that are integers are multiplied with; not read otherwise.</param>
    /// <param name="rows">The number of rows.</param>
    /// <param name="features">The number of features of a row.</param>
    /// <param name="tested">The number of features that are tested.</param>
    /// <param name="tests">The number of tests.</param>
    /// <param name="leaves">How many numbers of leaves places have.</param>
    /// <param name="trees">The number of trees.</param>
    /// <param name="targets">The number of targets.</param>
    public static void Float32(
        Workspace w, int input, int output, int columns, int thresholds, int places, int placeBytes, int testBits, int roots, int bases,
        int weights, int names, float scale, int rows, int features, int tested, int tests, int leaves, int trees, int targets) =>
        Run<float, float, TreeWeights<float>>(w, input, output, columns, thresholds, places, placeBytes, testBits, roots, bases, weights,
            names, scale, rows, features, tested, tests, leaves, trees, targets);

    /// <summary>Trees over double features with weights in double; parameters as for float32.</summary>
    public static void Float64(
        Workspace w, int input, int output, int columns, int thresholds, int places, int placeBytes, int testBits, int roots, int bases,
        int weights, int names, float scale, int rows, int features, int tested, int tests, int leaves, int trees, int targets) =>
        Run<double, double, TreeWeights<double>>(w, input, output, columns, thresholds, places, placeBytes, testBits, roots, bases, weights,
            names, scale, rows, features, tested, tests, leaves, trees, targets);

    /// <summary>Trees over float32 features with weights that are signed 16-bit steps of a scale; parameters as for float32.</summary>
    public static void Int16(
        Workspace w, int input, int output, int columns, int thresholds, int places, int placeBytes, int testBits, int roots, int bases,
        int weights, int names, float scale, int rows, int features, int tested, int tests, int leaves, int trees, int targets) =>
        Run<float, int, TreeWeights16>(w, input, output, columns, thresholds, places, placeBytes, testBits, roots, bases, weights,
            names, scale, rows, features, tested, tests, leaves, trees, targets);

    private static void Run<T, TSum, TWeights>(
        Workspace w, int input, int output, int columns, int thresholds, int places, int placeBytes, int testBits, int roots, int bases,
        int weights, int names, float scale, int rows, int features, int tested, int tests, int leaves, int trees, int targets)
        where T : unmanaged, INumber<T>
        where TSum : unmanaged, INumber<TSum>
        where TWeights : struct, ITreeWeights<T, TSum>
    {
        ref T x = ref Unsafe.As<byte, T>(ref w.Operand(input));
        ref T y = ref Unsafe.As<byte, T>(ref w.Arena(output));
        ref int column = ref Unsafe.As<byte, int>(ref w.Weight(columns));
        ref T threshold = ref Unsafe.As<byte, T>(ref w.Weight(thresholds));
        bool isVector = Vector256.IsHardwareAccelerated && !w.IsStarting;
        int stride = (tests + leaves + (2 * Width) - 1) / Width * Width;
        int width = names >= 0 || targets == 1 ? targets : (targets + 3) & ~3;
        int block = w.IsStarting ? 1 : Math.Max(Math.Min(BlockBytes / stride, rows), 1);
        int sumBytes = ((block * width * Unsafe.SizeOf<TSum>()) + 31) & ~31;
        ref byte scratch = ref w.Scratch(checked((block * stride) + sumBytes + (8 * sizeof(int))));
        ref TSum sums = ref Unsafe.As<byte, TSum>(ref Unsafe.AddByteOffset(ref scratch, (nint)block * stride));
        ref int reached = ref Unsafe.As<byte, int>(ref Unsafe.AddByteOffset(ref scratch, ((nint)block * stride) + sumBytes));
        for (int begin = 0; begin < rows; begin += block)
        {
            int count = Math.Min(rows - begin, block);
            Unsafe.InitBlockUnaligned(ref Unsafe.As<TSum, byte>(ref sums), 0, (uint)sumBytes);
            for (nint row = 0; row < count; row++)
            {
                ref byte answers = ref Unsafe.AddByteOffset(ref scratch, row * stride);
                ref T own = ref Unsafe.Add(ref x, (begin + row) * features);
                if (isVector)
                    Answer(ref own, ref column, tested, ref threshold, ref answers);
                else
                    AnswerOneByOne(ref own, ref column, tested, ref threshold, ref answers);
                Unsafe.InitBlockUnaligned(ref Unsafe.AddByteOffset(ref answers, tests), 0, (uint)(stride - tests));
            }
            for (int tree = 0; tree < trees; tree += 8)
            {
                int group = Math.Min(trees - tree, 8);
                ref int first = ref Unsafe.Add(ref Unsafe.As<byte, int>(ref w.Weight(roots)), tree);
                for (nint row = 0; row < count; row++)
                {
                    ref byte answers = ref Unsafe.AddByteOffset(ref scratch, row * stride);
                    ref byte place = ref w.Weight(places);
                    if (w.IsStarting || group == 1)
                        WalkEach(ref place, placeBytes, testBits, ref first, group, ref answers, ref reached);
                    else if (placeBytes == 2)
                        Walk8<TreePlaces2>(ref place, testBits, ref first, group, ref answers, ref reached);
                    else if (placeBytes == 3)
                        Walk8<TreePlaces3>(ref place, testBits, ref first, group, ref answers, ref reached);
                    else
                        Walk8<TreePlaces4>(ref place, testBits, ref first, group, ref answers, ref reached);
                    for (int i = 0; i < group; i++)
                    {
                        Unsafe.Add(ref reached, i) += (bases < 0 ? 0
                            : Unsafe.Add(ref Unsafe.As<byte, int>(ref w.Weight(bases)), tree + i)) - tests;
                    }
                    ref TSum own = ref Unsafe.Add(ref sums, row * width);
                    ref byte weight = ref w.Weight(weights);
                    if (names >= 0)
                    {
                        ref int target = ref Unsafe.Add(ref Unsafe.As<byte, int>(ref w.Weight(names)), tree);
                        for (int i = 0; i < group; i++)
                            Unsafe.Add(ref own, (nint)Unsafe.Add(ref target, i)) += TWeights.At(ref weight, Unsafe.Add(ref reached, i));
                    }
                    else if (targets == 1)
                    {
                        TSum total = own;
                        for (int i = 0; i < group; i++)
                            total += TWeights.At(ref weight, Unsafe.Add(ref reached, i));
                        own = total;
                    }
                    else
                    {
                        AddRows<T, TSum, TWeights>(ref reached, group, ref weight, ref own, width);
                    }
                }
            }
            for (nint row = 0; row < count; row++)
                for (nint t = 0; t < targets; t++)
                    Unsafe.Add(ref y, ((begin + row) * targets) + t) = TWeights.Real(Unsafe.Add(ref sums, (row * width) + t), scale);
        }
    }

    // A byte for each test; more are written behind those of the last feature.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Answer<T>(ref T row, ref int columns, int tested, ref T thresholds, ref byte answers)
        where T : unmanaged
    {
        Vector256<byte> numbers = Vector256.Create(
            (byte)0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31);
        nint test = 0;
        for (nint i = 0; i < 3 * (nint)tested; i += 3)
        {
            nint count = Unsafe.Add(ref columns, i + 2);
            nint rank = TreeRanks.Of(
                Unsafe.Add(ref row, (nint)Unsafe.Add(ref columns, i)), ref Unsafe.Add(ref thresholds, (nint)Unsafe.Add(ref columns, i + 1)),
                count);
            for (nint n = 0; n < count; n += Width)
            {
                Vector256<byte> yes = Vector256.GreaterThanOrEqual(
                    numbers, Vector256.Create((byte)Math.Min(Math.Max(rank - n, 0), Width)));
                (yes & Vector256<byte>.One).StoreUnsafe(ref answers, (nuint)(test + n));
            }
            test += count;
        }
    }

    private static void AnswerOneByOne<T>(ref T row, ref int columns, int tested, ref T thresholds, ref byte answers)
        where T : unmanaged, INumber<T>
    {
        nint test = 0;
        for (nint i = 0; i < 3 * (nint)tested; i += 3)
        {
            nint count = Unsafe.Add(ref columns, i + 2);
            nint rank = TreeRanks.OneByOne(
                Unsafe.Add(ref row, (nint)Unsafe.Add(ref columns, i)), ref Unsafe.Add(ref thresholds, (nint)Unsafe.Add(ref columns, i + 1)),
                count);
            for (nint n = 0; n < count; n++)
                Unsafe.AddByteOffset(ref answers, test + n) = n >= rank ? (byte)1 : (byte)0;
            test += count;
        }
    }

    private static void WalkEach(
        ref byte places, int placeBytes, int testBits, ref int roots, int count, ref byte answers, ref int reached)
    {
        for (int i = 0; i < count; i++)
        {
            nint at = Unsafe.Add(ref roots, i);
            while (true)
            {
                uint place = placeBytes switch
                {
                    2 => TreePlaces2.Load(ref places, at),
                    3 => TreePlaces3.Load(ref places, at),
                    _ => TreePlaces4.Load(ref places, at),
                };
                nint test = (nint)(place & ((1u << testBits) - 1));
                nint way = (nint)(place >> testBits);
                Unsafe.Add(ref reached, i) = (int)test;
                if (way == 0)
                    break;
                at += way + Unsafe.AddByteOffset(ref answers, test);
            }
        }
    }

    // Trees that are over stay where they are until all are: the answer to the number of a leaf is no.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Walk8<TPlaces>(ref byte places, int testBits, ref int roots, int count, ref byte answers, ref int reached)
        where TPlaces : struct, ITreePlaces
    {
        nint last = count - 1;
        nint a = roots;
        nint b = Unsafe.Add(ref roots, 1);
        nint c = Unsafe.Add(ref roots, Math.Min(2, last));
        nint d = Unsafe.Add(ref roots, Math.Min(3, last));
        nint e = Unsafe.Add(ref roots, Math.Min(4, last));
        nint f = Unsafe.Add(ref roots, Math.Min(5, last));
        nint g = Unsafe.Add(ref roots, Math.Min(6, last));
        nint h = Unsafe.Add(ref roots, Math.Min(7, last));
        uint mask = (1u << testBits) - 1;
        uint moved;
        do
        {
            moved = 0;
            a = Next<TPlaces>(ref places, a, testBits, mask, ref answers, ref moved);
            b = Next<TPlaces>(ref places, b, testBits, mask, ref answers, ref moved);
            c = Next<TPlaces>(ref places, c, testBits, mask, ref answers, ref moved);
            d = Next<TPlaces>(ref places, d, testBits, mask, ref answers, ref moved);
            e = Next<TPlaces>(ref places, e, testBits, mask, ref answers, ref moved);
            f = Next<TPlaces>(ref places, f, testBits, mask, ref answers, ref moved);
            g = Next<TPlaces>(ref places, g, testBits, mask, ref answers, ref moved);
            h = Next<TPlaces>(ref places, h, testBits, mask, ref answers, ref moved);
        }
        while (moved > mask);
        reached = (int)TPlaces.Load(ref places, a);
        Unsafe.Add(ref reached, 1) = (int)TPlaces.Load(ref places, b);
        Unsafe.Add(ref reached, 2) = (int)TPlaces.Load(ref places, c);
        Unsafe.Add(ref reached, 3) = (int)TPlaces.Load(ref places, d);
        Unsafe.Add(ref reached, 4) = (int)TPlaces.Load(ref places, e);
        Unsafe.Add(ref reached, 5) = (int)TPlaces.Load(ref places, f);
        Unsafe.Add(ref reached, 6) = (int)TPlaces.Load(ref places, g);
        Unsafe.Add(ref reached, 7) = (int)TPlaces.Load(ref places, h);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static nint Next<TPlaces>(ref byte places, nint at, int testBits, uint mask, ref byte answers, ref uint moved)
        where TPlaces : struct, ITreePlaces
    {
        unchecked
        {
            uint place = TPlaces.Load(ref places, at);
            moved |= place;
            return at + (nint)(place >> testBits) + Unsafe.AddByteOffset(ref answers, (nint)(place & mask));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddRows<T, TSum, TWeights>(ref int leaves, int count, ref byte weights, ref TSum sums, nint width)
        where T : unmanaged
        where TSum : unmanaged
        where TWeights : struct, ITreeWeights<T, TSum>
    {
        for (nint t = 0; t < width; t += Vector128<TSum>.Count)
        {
            Vector128<TSum> total = Vector128.LoadUnsafe(ref sums, (nuint)t);
            for (nint i = 0; i < count; i++)
                total += TWeights.Several(ref weights, (Unsafe.Add(ref leaves, i) * width) + t);
            total.StoreUnsafe(ref sums, (nuint)t);
        }
    }
}
