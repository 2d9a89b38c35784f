using OptimizerBuild.Operators.Trees;

namespace OptimizerBuild.Lowering.Trees;

/// <summary>
/// The different comparisons of features with thresholds in a number of trees, by feature and ascending threshold: so many of a feature's
/// tests are answered with no as its rank says (<see cref="Kernels.TreeRanks"/>).
/// </summary>
internal sealed class TreeTests
{
    // What kernels may read behind the last threshold.
    private const int Behind = 7;

    private const int MostSpared = 1024;

    private readonly Dictionary<(int Feature, double Threshold), int> _numbers;
    private readonly double[] _thresholds;

    private TreeTests(int[] columns, double[] thresholds, Dictionary<(int Feature, double Threshold), int> numbers, int count)
    {
        Columns = columns;
        _thresholds = thresholds;
        _numbers = numbers;
        Count = count;
    }

    /// <summary>For each feature that is tested: its number, that of its first threshold, and how many it has.</summary>
    public int[] Columns { get; }

    /// <summary>The number of tests.</summary>
    public int Count { get; }

    /// <summary>The number of thresholds that are stored.</summary>
    public int Thresholds => _thresholds.Length;

    /// <summary>The thresholds, with room behind them.</summary>
    /// <typeparam name="T">float32 or double.</typeparam>
    public T[] ThresholdsAs<T>(Func<double, T> convert) => [.. _thresholds.Select(convert), .. Enumerable.Repeat(default(T)!, Behind)];

    /// <summary>The number of a branch's test.</summary>
    public int Number(TreeForest forest, int branch) => _numbers[(forest.Features[branch], Plain(forest.Thresholds[branch]))];

    /// <summary>The tests of the branches that walks can reach.</summary>
    /// <param name="forest">The trees.</param>
    /// <param name="isShared">Whether all features have their thresholds in one list, of which each takes the stretch from its least to
    /// its greatest: fewer thresholds, but more tests.</param>
    public static TreeTests Of(TreeForest forest, bool isShared)
    {
        IGrouping<int, double>[] features =
        [
            .. forest.Order()!.Select(b => (Feature: forest.Features[b], Threshold: Plain(forest.Thresholds[b])))
                .Distinct().OrderBy(t => t.Feature).ThenBy(t => t.Threshold).GroupBy(t => t.Feature, t => t.Threshold),
        ];
        double[] all = [.. features.SelectMany(f => f)];
        if (isShared)
        {
            double[] distinct = [.. all.Distinct().Order()];
            // Many features with few thresholds each would get many tests that no branch makes.
            isShared = features.Sum(f => (long)Stretch(distinct, f.First(), f.Last()).Length) <= (2L * all.Length) + MostSpared;
            all = isShared ? distinct : all;
        }
        var columns = new List<int>();
        var numbers = new Dictionary<(int, double), int>();
        (int start, int length, int test) = (0, 0, 0);
        foreach (IGrouping<int, double> feature in features)
        {
            (start, length) = isShared ? Stretch(all, feature.First(), feature.Last()) : (start + length, feature.Count());
            columns.AddRange([feature.Key, start, length]);
            for (int i = 0; i < length; i++)
                numbers[(feature.Key, all[start + i])] = test++;
        }
        return new([.. columns], all, numbers, test);
    }

    private static (int Start, int Length) Stretch(double[] all, double least, double greatest)
    {
        int start = Array.BinarySearch(all, least);
        return (start, Array.BinarySearch(all, greatest) - start + 1);
    }

    // Zeros of both signs are the same threshold.
    private static double Plain(double threshold) => threshold == 0 ? 0 : threshold;
}
