using System.Numerics;
using OptimizerBuild.Operators.Trees;

namespace OptimizerBuild.Lowering.Trees;

/// <summary>
/// The weights of leaves as kernels read them: one for each leaf, or one for each target of each leaf, filled up to a multiple of four.
/// Where all are steps of one power of two, few enough that float32 sums are exact, they are stored as 16-bit integers.
/// </summary>
internal sealed class TreeLeaves
{
    private readonly double[] _weights;

    private TreeLeaves(double[] weights, int width, int[]? names, double? step)
    {
        _weights = weights;
        Width = width;
        Names = names;
        Step = step;
    }

    /// <summary>How many weights a leaf has.</summary>
    public int Width { get; }

    /// <summary>The target of each tree, where all its leaves are of one; null where there is one target only, or leaves have a weight for
    /// each.</summary>
    public int[]? Names { get; }

    /// <summary>Whether leaves have a weight for each of several targets.</summary>
    public bool IsRows => Width > 1;

    /// <summary>What weights stored as integers are multiples of; null where they are real numbers.</summary>
    public double? Step { get; }

    /// <summary>The leaves of a number of trees whose weights are added up.</summary>
    /// <param name="forest">The trees.</param>
    /// <param name="targets">The number of targets.</param>
    /// <param name="isSingle">Whether weights are float32.</param>
    public static TreeLeaves Of(TreeForest forest, int targets, bool isSingle)
    {
        int[]? names = targets == 1 ? null : NamesOf(forest);
        bool isRows = targets > 1 && names is null;
        int width = isRows ? (targets + 3) & ~3 : 1;
        var weights = new double[forest.Leaves * width];
        for (int leaf = 0; leaf < forest.Leaves; leaf++)
            for (int i = forest.Starts[leaf]; i < forest.Starts[leaf + 1]; i++)
                weights[(leaf * width) + (isRows ? forest.Targets[i] : 0)] = forest.Weights[i];
        return new(weights, width, names, isSingle ? StepOf(forest) : null);
    }

    /// <summary>How many leaves' weights for each target would take at most.</summary>
    public static bool IsDense(TreeForest forest, int targets, double least) =>
        forest.Weights.Length >= least * forest.Leaves * targets;

    /// <summary>The weights of a list of leaves.</summary>
    /// <typeparam name="T">Their type in memory.</typeparam>
    /// <param name="leaves">The leaves; negative for one that is not there.</param>
    /// <param name="convert">Makes an element of a weight.</param>
    public T[] Weights<T>(IReadOnlyList<int> leaves, Func<double, T> convert)
    {
        var values = new T[leaves.Count * Width];
        for (int i = 0; i < leaves.Count; i++)
            for (int t = 0; t < Width; t++)
                values[(i * Width) + t] = leaves[i] < 0 ? convert(0) : convert(_weights[(leaves[i] * Width) + t]);
        return values;
    }

    // Null where a tree has leaves for several targets.
    private static int[]? NamesOf(TreeForest forest)
    {
        const int Nothing = -1, Several = -2;
        var branches = new int[forest.Branches];
        foreach (int node in forest.Order()!.Reverse())
        {
            (int yes, int no) = (Name(forest.Yes[node]), Name(forest.No[node]));
            branches[node] = yes == no || no == Nothing ? yes : yes == Nothing ? no : Several;
        }
        int[] names = Array.ConvertAll(forest.Roots, Name);
        return Array.IndexOf(names, Several) >= 0 ? null : Array.ConvertAll(names, n => Math.Max(n, 0));

        int Name(int node) => node >= 0 ? branches[node]
            : (forest.Starts[~node + 1] - forest.Starts[~node]) switch
            {
                0 => Nothing,
                1 => forest.Targets[forest.Starts[~node]],
                _ => Several,
            };
    }

    // The greatest power of two of which all weights are multiples that 16 bits hold.
    private static double? StepOf(TreeForest forest)
    {
        double greatest = 0, step = double.PositiveInfinity;
        foreach (double weight in forest.Weights)
        {
            if (!double.IsFinite(weight))
                return null;
            greatest = Math.Max(greatest, Math.Abs(weight));
            if (weight != 0)
                step = Math.Min(step, LowestBit(weight));
        }
        if (double.IsInfinity(step))
            return 1;
        return step >= TreeSteps.Least && greatest / step <= TreeSteps.MostOfWeight
            && TreeSteps.MostOfSums(forest) / step <= TreeSteps.MostOfSum ? step : null;
    }

    private static double LowestBit(double value)
    {
        long bits = BitConverter.DoubleToInt64Bits(value);
        int exponent = (int)((bits >> 52) & 0x7FF);
        long fraction = (bits & 0xFFFFFFFFFFFFF) | (exponent == 0 ? 0 : 1L << 52);
        return Math.ScaleB(1, Math.Max(exponent, 1) - 1075 + BitOperations.TrailingZeroCount(fraction));
    }
}
