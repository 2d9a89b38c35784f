namespace OptimizerBuild.Compression.Folding;

/// <summary>
/// Which vectors merge one after the other so that the sum of the squared distances to the clusters' means grows least each time (J. Ward
/// 1963): what any number of clusters loses, from one pass.
/// </summary>
internal sealed class WardMerges
{
    private readonly (int Into, int From)[] _merges;

    private WardMerges((int Into, int From)[] merges, double[] distortions)
    {
        _merges = merges;
        Distortions = distortions;
    }

    /// <summary>The sum of the squared distances after so many merges: 0 for none.</summary>
    public double[] Distortions { get; }

    /// <summary>Merges vectors until one cluster is left.</summary>
    /// <param name="features">The vectors, of equal lengths.</param>
    public static WardMerges Of(double[][] features)
    {
        int n = features.Length;
        // What a merge of two clusters would cost; updated by the rule of G. Lance and W. Williams (1967).
        var cost = new double[n, n];
        Parallel.For(0, n, i =>
        {
            for (int j = 0; j < n; j++)
            {
                double sum = 0;
                for (int k = 0; k < features[i].Length; k++)
                    sum += (features[i][k] - features[j][k]) * (features[i][k] - features[j][k]);
                cost[i, j] = sum / 2;
            }
        });
        int[] sizes = [.. Enumerable.Repeat(1, n)];
        List<int> alive = [.. Enumerable.Range(0, n)];
        var merges = new (int, int)[Math.Max(n - 1, 0)];
        var distortions = new double[Math.Max(n, 1)];
        for (int m = 0; m < merges.Length; m++)
        {
            (int a, int b, double least) = (-1, -1, double.PositiveInfinity);
            for (int x = 0; x < alive.Count; x++)
                for (int y = x + 1; y < alive.Count; y++)
                    if (cost[alive[x], alive[y]] < least)
                        (a, b, least) = (alive[x], alive[y], cost[alive[x], alive[y]]);
            if (a < 0)
                (a, b, least) = (alive[0], alive[1], double.MaxValue);
            merges[m] = (a, b);
            distortions[m + 1] = distortions[m] + Math.Max(least, 0);
            alive.Remove(b);
            foreach (int c in alive)
            {
                if (c == a)
                    continue;
                double whole = sizes[a] + sizes[b] + sizes[c];
                cost[a, c] = cost[c, a] = ((((sizes[a] + sizes[c]) * cost[a, c]) + ((sizes[b] + sizes[c]) * cost[b, c])) / whole)
                    - (sizes[c] * least / whole);
            }
            sizes[a] += sizes[b];
        }
        return new(merges, distortions);
    }

    /// <summary>For each vector the number of its cluster after so many merges.</summary>
    public int[] After(int merges)
    {
        int[] into = [.. Enumerable.Range(0, _merges.Length + 1)];
        for (int m = 0; m < merges; m++)
        {
            (int keep, int gone) = _merges[m];
            for (int i = 0; i < into.Length; i++)
                if (into[i] == gone)
                    into[i] = keep;
        }
        int[] numbers = [.. into.Distinct()];
        return Array.ConvertAll(into, i => Array.IndexOf(numbers, i));
    }
}
