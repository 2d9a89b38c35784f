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
