namespace OptimizerBuild.Kernels;

using global::System.Numerics;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;

/// <summary>
/// Decision trees of at most 32 leaves without walks: a bit for each leaf of each tree, from which every branch whose answer is no takes
/// the leaves behind its yes; the first bit that remains is the leaf. Branches lie by feature and threshold, each threshold once, so that
/// those that answer no come first, up to the feature's rank (C. Lucchese and others, "QuickScorer", 2015; several rows at a time as in
/// their "V-QuickScorer"). The weights are added up in the order of the trees.
/// </summary>
internal static class TreeScorer
{
    private const int Lanes = 8;

    /// <summary>Trees over float32 features with float32 weights.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Operand offset of the features: <c>[rows, features]</c>.</param>
    /// <param name="output">Arena offset of the output: <c>[rows, targets]</c>.</param>
    /// <param name="columns">Weights offset of the features that are tested, signed 32 bits: three numbers for each, its own, that of its
    /// first threshold and how many it has; the tests are numbered in this order.</param>
    /// <param name="thresholds">Weights offset of the thresholds, ascending for each feature, NaN first; seven more elements may be read
    /// behind them.</param>
    /// <param name="starts">Weights offset of where the marks of each test begin, and the last ones end.</param>
    /// <param name="startBytes">The size of one of these: 2 or 4.</param>
    /// <param name="marks">Weights offset of the branches' trees and of the numbers of their masks.</param>
    /// <param name="markBytes">The size of one of these: 1 or 2.</param>
    /// <param name="masks">Weights offset of the bits that a no leaves, 32 bits each.</param>
    /// <param name="numbers">Weights offset of the numbers of the leaves of each tree, <paramref name="most"/> for each, of the size of
    /// marks; −1 where leaves have one weight each, which lie in this order.</param>
    /// <param name="weights">Weights offset of the leaves' weights: for each leaf one, or one for each target, filled up to a multiple of
    /// four.</param>
    /// <param name="names">Weights offset of the target of each tree, signed 32 bits; −1 where there is one target only, or leaves have a
    /// weight for each.</param>
    /// <param name="scale">What weights that are integers are multiplied with; not read otherwise.</param>
    /// <param name="rows">The number of rows.</param>
    /// <param name="features">The number of features of a row.</param>
    /// <param name="tested">The number of features that are tested.</param>
    /// <param name="trees">The number of trees.</param>
    /// <param name="targets">The number of targets.</param>
    /// <param name="most">The most leaves of a tree, 1 to 32.</param>
    public static void Float32(
        Workspace w, int input, int output, int columns, int thresholds, int starts, int startBytes, int marks, int markBytes, int masks,
        int numbers, int weights, int names, float scale, int rows, int features, int tested, int trees, int targets, int most)
    {
        if (markBytes == 1)
            Run<float, float, TreeWeights<float>, byte>(w, input, output, columns, thresholds, starts, startBytes, marks, masks, numbers,
                weights, names, scale, rows, features, tested, trees, targets, most);
        else
            Run<float, float, TreeWeights<float>, ushort>(w, input, output, columns, thresholds, starts, startBytes, marks, masks, numbers,
                weights, names, scale, rows, features, tested, trees, targets, most);
    }

    /// <summary>Trees over double features with weights in double; parameters as for float32.</summary>
    public static void Float64(
        Workspace w, int input, int output, int columns, int thresholds, int starts, int startBytes, int marks, int markBytes, int masks,
        int numbers, int weights, int names, float scale, int rows, int features, int tested, int trees, int targets, int most)
    {
        if (markBytes == 1)
            Run<double, double, TreeWeights<double>, byte>(w, input, output, columns, thresholds, starts, startBytes, marks, masks, numbers,
                weights, names, scale, rows, features, tested, trees, targets, most);
        else
            Run<double, double, TreeWeights<double>, ushort>(w, input, output, columns, thresholds, starts, startBytes, marks, masks,
                numbers, weights, names, scale, rows, features, tested, trees, targets, most);
    }

    /// <summary>Trees over float32 features with weights that are signed 16-bit steps of a scale; parameters as for float32.</summary>
    public static void Int16(
        Workspace w, int input, int output, int columns, int thresholds, int starts, int startBytes, int marks, int markBytes, int masks,
        int numbers, int weights, int names, float scale, int rows, int features, int tested, int trees, int targets, int most)
    {
        if (markBytes == 1)
            Run<float, int, TreeWeights16, byte>(w, input, output, columns, thresholds, starts, startBytes, marks, masks, numbers,
                weights, names, scale, rows, features, tested, trees, targets, most);
        else
            Run<float, int, TreeWeights16, ushort>(w, input, output, columns, thresholds, starts, startBytes, marks, masks, numbers,
                weights, names, scale, rows, features, tested, trees, targets, most);
    }

    private static void Run<T, TSum, TWeights, TNumber>(
        Workspace w, int input, int output, int columns, int thresholds, int starts, int startBytes, int marks, int masks, int numbers,
        int weights, int names, float scale, int rows, int features, int tested, int trees, int targets, int most)
        where T : unmanaged, INumber<T>
        where TSum : unmanaged, INumber<TSum>
        where TWeights : struct, ITreeWeights<T, TSum>
        where TNumber : unmanaged, IBinaryInteger<TNumber>
    {
        ref T x = ref Unsafe.As<byte, T>(ref w.Operand(input));
        ref T y = ref Unsafe.As<byte, T>(ref w.Arena(output));
        ref int column = ref Unsafe.As<byte, int>(ref w.Weight(columns));
        ref T threshold = ref Unsafe.As<byte, T>(ref w.Weight(thresholds));
        ref byte start = ref w.Weight(starts);
        ref TNumber mark = ref Unsafe.As<byte, TNumber>(ref w.Weight(marks));
        ref uint mask = ref Unsafe.As<byte, uint>(ref w.Weight(masks));
        ref byte weight = ref w.Weight(weights);
        ref int name = ref Unsafe.As<byte, int>(ref w.Weight(names < 0 ? 0 : names));
        ref TNumber number = ref Unsafe.As<byte, TNumber>(ref w.Weight(numbers < 0 ? 0 : numbers));
        int bitBytes = checked(trees * Lanes * sizeof(uint));
        ref byte scratch = ref w.Scratch(checked(bitBytes + (targets * Unsafe.SizeOf<TSum>())));
        ref uint bits = ref Unsafe.As<byte, uint>(ref scratch);
        ref TSum sums = ref Unsafe.As<byte, TSum>(ref Unsafe.AddByteOffset(ref scratch, bitBytes));
        bool isVector = Vector256.IsHardwareAccelerated && !w.IsStarting;
        for (nint row = 0; row < rows;)
        {
            // Of double features a vector has four only, and sums of eight rows are in float32.
            bool isSeveral = isVector && typeof(T) == typeof(float) && row <= rows - Lanes;
            nint count = isSeveral ? Lanes : 1;
            ref T own = ref Unsafe.Add(ref x, row * features);
            Unsafe.InitBlockUnaligned(ref scratch, 0xFF, (uint)(trees * count * sizeof(uint)));
            if (isSeveral)
                MarkRows(ref bits, ref Unsafe.As<T, float>(ref own), features, ref column, tested, ref Unsafe.As<T, float>(ref threshold),
                    ref start, startBytes, ref mark, ref mask);
            else
                MarkRow(ref bits, ref own, ref column, tested, ref threshold, ref start, startBytes, ref mark, ref mask, isVector);
            for (nint lane = 0; lane < count; lane++, row++)
            {
                ref uint remaining = ref Unsafe.Add(ref bits, lane);
                ref T result = ref Unsafe.Add(ref y, row * targets);
                if (numbers >= 0)
                {
                    AddRows<T, TSum, TWeights, TNumber>(
                        ref remaining, count, ref number, ref weight, trees, most, ref result, targets, scale);
                }
                else if (names < 0)
                {
                    if (isSeveral)
                    {
                        AddFour<T, TSum, TWeights>(ref remaining, ref weight, trees, most, ref result, scale);
                        lane += 3;
                        row += 3;
                        continue;
                    }
                    TSum total = TSum.Zero;
                    for (nint tree = 0; tree < trees; tree++)
                        total += TWeights.At(
                            ref weight, (tree * most) + BitOperations.TrailingZeroCount(Unsafe.Add(ref remaining, tree)));
                    result = TWeights.Real(total, scale);
                }
                else
                {
                    for (nint t = 0; t < targets; t++)
                        Unsafe.Add(ref sums, t) = TSum.Zero;
                    for (nint tree = 0; tree < trees; tree++)
                    {
                        Unsafe.Add(ref sums, (nint)Unsafe.Add(ref name, tree)) += TWeights.At(
                            ref weight, (tree * most) + BitOperations.TrailingZeroCount(Unsafe.Add(ref remaining, tree * count)));
                    }
                    for (nint t = 0; t < targets; t++)
                        Unsafe.Add(ref result, t) = TWeights.Real(Unsafe.Add(ref sums, t), scale);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static nint Start(ref byte starts, int startBytes, nint test) => startBytes == 2
        ? Unsafe.Add(ref Unsafe.As<byte, ushort>(ref starts), test) : Unsafe.Add(ref Unsafe.As<byte, int>(ref starts), test);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static nint Number<TNumber>(ref TNumber numbers, nint index)
        where TNumber : unmanaged => Unsafe.SizeOf<TNumber>() == 1
        ? Unsafe.Add(ref Unsafe.As<TNumber, byte>(ref numbers), index) : Unsafe.Add(ref Unsafe.As<TNumber, ushort>(ref numbers), index);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MarkRow<T, TNumber>(
        ref uint bits, ref T row, ref int columns, int tested, ref T thresholds, ref byte starts, int startBytes, ref TNumber marks,
        ref uint masks, bool isVector)
        where T : unmanaged, INumber<T>
        where TNumber : unmanaged
    {
        nint test = 0;
        for (nint i = 0; i < 3 * (nint)tested; i += 3)
        {
            T x = Unsafe.Add(ref row, (nint)Unsafe.Add(ref columns, i));
            ref T first = ref Unsafe.Add(ref thresholds, (nint)Unsafe.Add(ref columns, i + 1));
            nint count = Unsafe.Add(ref columns, i + 2);
            nint rank = isVector ? TreeRanks.Of(x, ref first, count) : TreeRanks.OneByOne(x, ref first, count);
            nint end = Start(ref starts, startBytes, test + rank);
            for (nint n = Start(ref starts, startBytes, test); n < end; n++)
                Unsafe.Add(ref bits, Number(ref marks, 2 * n)) &= Unsafe.Add(ref masks, Number(ref marks, (2 * n) + 1));
            test += count;
        }
    }

    // The same of eight rows, whose bits of one tree lie side by side.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MarkRows<TNumber>(
        ref uint bits, ref float row, nint features, ref int columns, int tested, ref float thresholds, ref byte starts, int startBytes,
        ref TNumber marks, ref uint masks)
        where TNumber : unmanaged
    {
        nint test = 0;
        for (nint i = 0; i < 3 * (nint)tested; i += 3)
        {
            ref float first = ref Unsafe.Add(ref row, (nint)Unsafe.Add(ref columns, i));
            Vector256<float> x = Vector256.Create(
                first, Unsafe.Add(ref first, features), Unsafe.Add(ref first, 2 * features), Unsafe.Add(ref first, 3 * features),
                Unsafe.Add(ref first, 4 * features), Unsafe.Add(ref first, 5 * features), Unsafe.Add(ref first, 6 * features),
                Unsafe.Add(ref first, 7 * features));
            ref float threshold = ref Unsafe.Add(ref thresholds, (nint)Unsafe.Add(ref columns, i + 1));
            nint count = Unsafe.Add(ref columns, i + 2);
            nint n = Start(ref starts, startBytes, test);
            for (nint k = 0; k < count; k++)
            {
                Vector256<uint> yes = Vector256.LessThanOrEqual(x, Vector256.Create(Unsafe.Add(ref threshold, k))).AsUInt32();
                if (yes == Vector256<uint>.AllBitsSet)
                    break;
                nint end = Start(ref starts, startBytes, test + k + 1);
                for (; n < end; n++)
                {
                    nuint at = (nuint)Number(ref marks, 2 * n) * Lanes;
                    Vector256<uint> kept = yes | Vector256.Create(Unsafe.Add(ref masks, Number(ref marks, (2 * n) + 1)));
                    (Vector256.LoadUnsafe(ref bits, at) & kept).StoreUnsafe(ref bits, at);
                }
            }
            test += count;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddFour<T, TSum, TWeights>(ref uint bits, ref byte weights, int trees, int most, ref T results, float scale)
        where T : unmanaged
        where TSum : unmanaged, INumber<TSum>
        where TWeights : struct, ITreeWeights<T, TSum>
    {
        TSum a = TSum.Zero, b = TSum.Zero, c = TSum.Zero, d = TSum.Zero;
        for (nint tree = 0; tree < trees; tree++)
        {
            ref uint own = ref Unsafe.Add(ref bits, tree * Lanes);
            nint first = tree * most;
            a += TWeights.At(ref weights, first + BitOperations.TrailingZeroCount(own));
            b += TWeights.At(ref weights, first + BitOperations.TrailingZeroCount(Unsafe.Add(ref own, 1)));
            c += TWeights.At(ref weights, first + BitOperations.TrailingZeroCount(Unsafe.Add(ref own, 2)));
            d += TWeights.At(ref weights, first + BitOperations.TrailingZeroCount(Unsafe.Add(ref own, 3)));
        }
        results = TWeights.Real(a, scale);
        Unsafe.Add(ref results, 1) = TWeights.Real(b, scale);
        Unsafe.Add(ref results, 2) = TWeights.Real(c, scale);
        Unsafe.Add(ref results, 3) = TWeights.Real(d, scale);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddRows<T, TSum, TWeights, TNumber>(
        ref uint bits, nint step, ref TNumber numbers, ref byte weights, int trees, int most, ref T results, int targets, float scale)
        where T : unmanaged
        where TSum : unmanaged
        where TWeights : struct, ITreeWeights<T, TSum>
        where TNumber : unmanaged
    {
        nint width = (targets + 3) & ~3;
        for (nint t = 0; t < targets; t += Vector128<TSum>.Count)
        {
            Vector128<TSum> total = Vector128<TSum>.Zero;
            for (nint tree = 0; tree < trees; tree++)
            {
                int bit = BitOperations.TrailingZeroCount(Unsafe.Add(ref bits, tree * step));
                total += TWeights.Several(ref weights, (Number(ref numbers, (tree * most) + bit) * width) + t);
            }
            for (int i = 0; i < Vector128<TSum>.Count && t + i < targets; i++)
                Unsafe.Add(ref results, t + i) = TWeights.Real(total.GetElement(i), scale);
        }
    }
}
