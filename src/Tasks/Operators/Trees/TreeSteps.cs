namespace OptimizerBuild.Operators.Trees;

/// <summary>
/// Weights of leaves as multiples of one power of two: small enough multiples have float32 sums without rounding, in any order, so that
/// integers can stand for them.
/// </summary>
internal static class TreeSteps
{
    /// <summary>The least power of two that weights are multiples of: all their sums are normal numbers.</summary>
    public const double Least = 1.0 / (1L << 62) / (1L << 62);

    /// <summary>The most steps that a sum may have: from here on not every number of steps is a float32.</summary>
    public const double MostOfSum = 1 << 24;

    /// <summary>The most steps that a weight may have, in 16 bits.</summary>
    public const double MostOfWeight = short.MaxValue;

    /// <summary>How many steps the usual weight of each target must have, its median without zeros. One of a thousandth of the greatest
    /// has 32.</summary>
    public const double LeastOfUsualWeight = 16;

    /// <summary>
    /// The first target of which most weights would keep fewer bits than they must as multiples of a step: another target's, or a few of
    /// its own, are so much larger. Samples that never reach its leaves, or power that the large ones dominate, would not show it.
    /// </summary>
    /// <returns>The target's number; null where there is none.</returns>
    public static int? TooFine(TreeForest forest, double step)
    {
        foreach (IGrouping<int, double> target in forest.Targets.Zip(forest.Weights, (t, w) => (Target: t, Size: Math.Abs(w)))
            .Where(p => p.Size > 0).GroupBy(p => p.Target, p => p.Size).OrderBy(g => g.Key))
        {
            double[] sizes = [.. target.Order()];
            if (sizes[sizes.Length / 2] < LeastOfUsualWeight * step)
                return target.Key;
        }
        return null;
    }

    /// <summary>The greatest magnitude of what the weights of one leaf of each tree can add up to, for any target.</summary>
    public static double MostOfSums(TreeForest forest)
    {
        var branches = new double[forest.Branches];
        foreach (int node in forest.Order()!.Reverse())
            branches[node] = Math.Max(Most(forest.Yes[node]), Most(forest.No[node]));
        return forest.Roots.Sum(Most);

        double Most(int node)
        {
            if (node >= 0)
                return branches[node];
            double most = 0;
            for (int i = forest.Starts[~node]; i < forest.Starts[~node + 1]; i++)
                most = Math.Max(most, Math.Abs(forest.Weights[i]));
            return most;
        }
    }
}
