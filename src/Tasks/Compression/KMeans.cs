using System.Collections.Immutable;

namespace OptimizerBuild.Compression;

/// <summary>
/// Clusters of numbers on a line with the least weighted squared distance from their means, exactly, by dynamic programming over the sorted
/// numbers (H. Wang, M. Song, "Ckmeans.1d.dp", 2011); where there are more than 2,048 different ones, over as many bins, and then refined
/// over the numbers themselves (S. Lloyd 1982), from which the outcome differs little. No random start.
/// </summary>
internal static class KMeans
{
    private const int MostPoints = 2048;

    private const int Refinements = 12;

    /// <summary>The means of at most so many clusters, ascending.</summary>
    /// <param name="points">Numbers with what each counts.</param>
    /// <param name="clusters">How many clusters at most; at least 1.</param>
    public static ImmutableArray<double> Means(IEnumerable<(double Value, double Weight)> points, int clusters)
    {
        (double Value, double Weight)[] sorted = [.. points.Where(p => p.Weight > 0).OrderBy(p => p.Value)];
        if (sorted.Length == 0)
            return [];
        (double Value, double Weight)[] different = Merged(sorted, p => p.Value);
        if (different.Length <= MostPoints)
            return Exact(different, clusters);
        double low = sorted[0].Value, step = (sorted[^1].Value - low) / MostPoints;
        ImmutableArray<double> means = Exact(Merged(sorted, p => Math.Floor((p.Value - low) / step)), clusters);
        for (int round = 0; round < Refinements; round++)
        {
            var sums = new double[means.Length];
            var weights = new double[means.Length];
            int at = 0;
            foreach ((double value, double weight) in different)
            {
                while (at + 1 < means.Length && value > (means[at] + means[at + 1]) / 2)
                    at++;
                sums[at] += weight * value;
                weights[at] += weight;
            }
            means = [.. means.Select((m, i) => weights[i] > 0 ? sums[i] / weights[i] : m)];
        }
        return means;
    }

    /// <summary>The means of at most so many clusters beside zero, which numbers may become, too; ascending.</summary>
    /// <param name="points">Numbers with what each counts.</param>
    /// <param name="clusters">How many clusters at most, without zero; at least 1.</param>
    public static ImmutableArray<double> MeansBesideZero(IReadOnlyCollection<(double Value, double Weight)> points, int clusters)
    {
        if (clusters > 1)
            return Means(points, clusters);

        // A single mean of all would lie between numbers of both signs, near the zero that there is anyway. Those that do not become zero
        // are the greatest of one sign: how many is tried.
        (double best, double gain) = (0, 0);
        foreach (int sign in (ReadOnlySpan<int>)[1, -1])
        {
            double sum = 0, weights = 0;
            foreach ((double value, double weight) in points.Where(p => p.Weight > 0 && Math.Sign(p.Value) == sign)
                .OrderByDescending(p => Math.Abs(p.Value)))
            {
                sum += weight * value;
                weights += weight;
                if (sum * sum / weights > gain)
                    (best, gain) = (sum / weights, sum * sum / weights);
            }
        }
        return gain > 0 ? [best] : [];
    }

    /// <summary>The place of the nearest of ascending means.</summary>
    public static int Nearest(ImmutableArray<double> means, double value)
    {
        int place = means.BinarySearch(value);
        if (place >= 0)
            return place;
        place = ~place;
        return place == 0 ? 0 : place == means.Length || value - means[place - 1] <= means[place] - value ? place - 1 : place;
    }

    // Neighbours with equal keys become one point at their mean.
    private static (double Value, double Weight)[] Merged((double Value, double Weight)[] sorted, Func<(double Value, double Weight),
        double> key)
    {
        var merged = new List<(double Value, double Weight)>();
        double last = double.NaN;
        foreach ((double Value, double Weight) point in sorted)
        {
            double own = key(point);
            if (own.Equals(last))
            {
                (double value, double weight) = merged[^1];
                merged[^1] = (((value * weight) + (point.Value * point.Weight)) / (weight + point.Weight), weight + point.Weight);
            }
            else
            {
                merged.Add(point);
            }
            last = own;
        }
        return [.. merged];
    }

    private static ImmutableArray<double> Exact((double Value, double Weight)[] points, int clusters)
    {
        int n = points.Length, k = Math.Min(clusters, n);
        var w = new double[n + 1];
        var s = new double[n + 1];
        var q = new double[n + 1];
        for (int i = 0; i < n; i++)
        {
            w[i + 1] = w[i] + points[i].Weight;
            s[i + 1] = s[i] + (points[i].Weight * points[i].Value);
            q[i + 1] = q[i] + (points[i].Weight * points[i].Value * points[i].Value);
        }
        double[] costs = [0, .. Enumerable.Range(1, n).Select(i => Cost(0, i))];
        var starts = new int[k][];
        starts[0] = new int[n + 1];
        for (int c = 1; c < k; c++)
        {
            var next = new double[n + 1];
            Array.Fill(next, double.PositiveInfinity);
            starts[c] = new int[n + 1];
            Fill(costs, next, starts[c], c + 1, n, c, n - 1);
            costs = next;
        }
        var means = new double[k];
        for (int c = k - 1, end = n; c >= 0; c--)
        {
            int start = starts[c][end];
            means[c] = (s[end] - s[start]) / (w[end] - w[start]);
            end = start;
        }
        return [.. means];

        // The squared distances of points [from, to) from their mean.
        double Cost(int from, int to)
        {
            double sum = s[to] - s[from];
            return Math.Max(q[to] - q[from] - (sum * sum / (w[to] - w[from])), 0);
        }

        // The best start of the last cluster moves one way as the end does: halves are searched.
        void Fill(double[] before, double[] next, int[] start, int low, int high, int least, int greatest)
        {
            if (low > high)
                return;
            int middle = (low + high) / 2, best = least;
            for (int from = least; from <= Math.Min(greatest, middle - 1); from++)
            {
                double cost = before[from] + Cost(from, middle);
                if (cost < next[middle])
                    (next[middle], best) = (cost, from);
            }
            start[middle] = best;
            Fill(before, next, start, low, middle - 1, least, best);
            Fill(before, next, start, middle + 1, high, best, greatest);
        }
    }
}
