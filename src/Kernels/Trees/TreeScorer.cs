namespace OptimizerBuild.Kernels;

using global::System.Numerics;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;

/// <summary>
/// Decision trees of at most 32 leaves without walks, over float32 features: a bit for each leaf of each tree, from which every branch
/// whose answer is no takes the leaves behind its yes; the first bit that remains is the leaf. Branches lie by feature and threshold, so
/// that those that answer no come first (C. Lucchese and others, "QuickScorer", 2015; several rows at a time as in their "V-QuickScorer").
/// The weights are added up in the order of the trees.
/// </summary>
internal static class TreeScorer
{
    private const int Lanes = 8;

    /// <summary>Finds the leaves and adds up their weights.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Operand offset of the features: float32 <c>[rows, features]</c>.</param>
    /// <param name="output">Arena offset of the output: float32 <c>[rows, targets]</c>.</param>
    /// <param name="bounds">Weights offset of where the branches of each feature begin, and the last ones end, signed 32 bits.</param>
    /// <param name="thresholds">Weights offset of the branches' thresholds, ascending for each feature, NaN first.</param>
    /// <param name="marks">Weights offset of the branches' trees and of the bits that a no leaves, 32 bits each.</param>
    /// <param name="leaves">Weights offset of the leaves of each tree, <paramref name="most"/> for each: for one target their weights, else
    /// the numbers of their rows of weights, signed 32 bits.</param>
    /// <param name="weights">Weights offset of the rows of weights, of a multiple of four each; not read for one target.</param>
    /// <param name="rows">The number of rows.</param>
    /// <param name="features">The number of features of a row.</param>
    /// <param name="trees">The number of trees.</param>
    /// <param name="targets">The number of targets.</param>
    /// <param name="most">The most leaves of a tree, 1 to 32.</param>
    public static void Run(
        Workspace w,
        int input,
        int output,
        int bounds,
        int thresholds,
        int marks,
        int leaves,
        int weights,
        int rows,
        int features,
        int trees,
        int targets,
        int most)
    {
        ref float x = ref Unsafe.As<byte, float>(ref w.Operand(input));
        ref float y = ref Unsafe.As<byte, float>(ref w.Arena(output));
        ref int bound = ref Unsafe.As<byte, int>(ref w.Weight(bounds));
        ref float threshold = ref Unsafe.As<byte, float>(ref w.Weight(thresholds));
        ref uint mark = ref Unsafe.As<byte, uint>(ref w.Weight(marks));
        ref int place = ref Unsafe.As<byte, int>(ref w.Weight(leaves));
        ref float weight = ref Unsafe.As<byte, float>(ref w.Weight(weights));
        ref uint bits = ref Unsafe.As<byte, uint>(ref w.Scratch(checked(trees * Lanes * sizeof(uint))));
        nint row = 0;
        if (Vector256.IsHardwareAccelerated && !w.IsStarting)
        {
            for (; row <= rows - Lanes; row += Lanes)
            {
                MarkRows(ref bits, trees, ref Unsafe.Add(ref x, row * features), features, ref bound, ref threshold, ref mark);
                if (targets == 1)
                {
                    AddFour(ref bits, ref Unsafe.As<int, float>(ref place), trees, most, ref Unsafe.Add(ref y, row));
                    AddFour(ref Unsafe.Add(ref bits, 4), ref Unsafe.As<int, float>(ref place), trees, most, ref Unsafe.Add(ref y, row + 4));
                    continue;
                }
                for (nint lane = 0; lane < Lanes; lane++)
                {
                    AddRows(ref Unsafe.Add(ref bits, lane), Lanes, ref place, ref weight, trees, most,
                        ref Unsafe.Add(ref y, (row + lane) * targets), targets);
                }
            }
        }
        for (; row < rows; row++)
        {
            MarkRow(ref bits, trees, ref Unsafe.Add(ref x, row * features), features, ref bound, ref threshold, ref mark);
            if (targets == 1)
                AddOne(ref bits, ref Unsafe.As<int, float>(ref place), trees, most, ref Unsafe.Add(ref y, row));
            else
                AddRows(ref bits, 1, ref place, ref weight, trees, most, ref Unsafe.Add(ref y, row * targets), targets);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MarkRow(
        ref uint bits, int trees, ref float row, int features, ref int bounds, ref float thresholds, ref uint marks)
    {
        for (nint tree = 0; tree < trees; tree++)
            Unsafe.Add(ref bits, tree) = uint.MaxValue;
        for (nint feature = 0; feature < features; feature++)
        {
            float x = Unsafe.Add(ref row, feature);
            nint end = Unsafe.Add(ref bounds, feature + 1);
            for (nint i = Unsafe.Add(ref bounds, feature); i < end; i++)
            {
                if (x <= Unsafe.Add(ref thresholds, i))
                    break;
                Unsafe.Add(ref bits, (nint)Unsafe.Add(ref marks, 2 * i)) &= Unsafe.Add(ref marks, (2 * i) + 1);
            }
        }
    }

    // The same of eight rows, whose bits of one tree lie side by side.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MarkRows(
        ref uint bits, int trees, ref float row, int features, ref int bounds, ref float thresholds, ref uint marks)
    {
        for (nint tree = 0; tree < trees; tree++)
            Vector256<uint>.AllBitsSet.StoreUnsafe(ref bits, (nuint)(tree * Lanes));
        for (nint feature = 0; feature < features; feature++)
        {
            nint i = Unsafe.Add(ref bounds, feature);
            nint end = Unsafe.Add(ref bounds, feature + 1);
            if (i == end)
                continue;
            ref float first = ref Unsafe.Add(ref row, feature);
            Vector256<float> x = Vector256.Create(
                first, Unsafe.Add(ref first, features), Unsafe.Add(ref first, (nint)2 * features),
                    Unsafe.Add(ref first, (nint)3 * features),
                Unsafe.Add(ref first, (nint)4 * features), Unsafe.Add(ref first, (nint)5 * features),
                Unsafe.Add(ref first, (nint)6 * features), Unsafe.Add(ref first, (nint)7 * features));
            for (; i < end; i++)
            {
                Vector256<uint> yes = Vector256.LessThanOrEqual(x, Vector256.Create(Unsafe.Add(ref thresholds, i))).AsUInt32();
                if (yes == Vector256<uint>.AllBitsSet)
                    break;
                nuint at = (nuint)Unsafe.Add(ref marks, 2 * i) * Lanes;
                Vector256<uint> kept = yes | Vector256.Create(Unsafe.Add(ref marks, (2 * i) + 1));
                (Vector256.LoadUnsafe(ref bits, at) & kept).StoreUnsafe(ref bits, at);
            }
        }
    }

    private static void AddOne(ref uint bits, ref float leaves, int trees, int most, ref float sum)
    {
        float total = 0;
        for (nint tree = 0; tree < trees; tree++)
            total += Unsafe.Add(ref leaves, (tree * most) + BitOperations.TrailingZeroCount(Unsafe.Add(ref bits, tree)));
        sum = total;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddFour(ref uint bits, ref float leaves, int trees, int most, ref float sums)
    {
        float a = 0, b = 0, c = 0, d = 0;
        for (nint tree = 0; tree < trees; tree++)
        {
            ref uint own = ref Unsafe.Add(ref bits, tree * Lanes);
            ref float weights = ref Unsafe.Add(ref leaves, tree * most);
            a += Unsafe.Add(ref weights, BitOperations.TrailingZeroCount(own));
            b += Unsafe.Add(ref weights, BitOperations.TrailingZeroCount(Unsafe.Add(ref own, 1)));
            c += Unsafe.Add(ref weights, BitOperations.TrailingZeroCount(Unsafe.Add(ref own, 2)));
            d += Unsafe.Add(ref weights, BitOperations.TrailingZeroCount(Unsafe.Add(ref own, 3)));
        }
        sums = a;
        Unsafe.Add(ref sums, 1) = b;
        Unsafe.Add(ref sums, 2) = c;
        Unsafe.Add(ref sums, 3) = d;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddRows(
        ref uint bits, nint step, ref int leaves, ref float weights, int trees, int most, ref float sums, int targets)
    {
        nint width = (targets + 3) & ~3;
        for (nint t = 0; t < targets; t += 4)
        {
            Vector128<float> total = Vector128<float>.Zero;
            for (nint tree = 0; tree < trees; tree++)
            {
                int bit = BitOperations.TrailingZeroCount(Unsafe.Add(ref bits, tree * step));
                nint leaf = Unsafe.Add(ref leaves, (tree * most) + bit);
                total += Vector128.LoadUnsafe(ref weights, (nuint)((leaf * width) + t));
            }
            for (int i = 0; i < 4 && t + i < targets; i++)
                Unsafe.Add(ref sums, t + i) = total.GetElement(i);
        }
    }
}
