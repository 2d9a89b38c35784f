namespace OptimizerBuild.Compression.Folding;

/// <summary>
/// k-means (S. Lloyd 1982) over feature vectors, from clusters that are given and from the seeding of k-means++ (D. Arthur and
/// S. Vassilvitskii 2007), in double precision and with seeded random numbers: the same clusters in every build.
/// </summary>
internal static class ChannelClusters
{
    private const int Restarts = 5;
    private const int MostRounds = 100;

    /// <summary>Clusters vectors.</summary>
    /// <param name="features">The vectors, of equal lengths.</param>
    /// <param name="first">For each vector the number of its cluster to begin with, counted from 0; none is empty.</param>
    /// <param name="random">Random numbers for the seeds.</param>
    /// <returns>For each vector the number of its cluster; no cluster is empty.</returns>
    public static int[] Of(double[][] features, int[] first, RandomSource random)
    {
        int count = first.Max() + 1;
        (int[] best, double least) = Lloyd(
            features, [.. Enumerable.Range(0, count).Select(c => Mean([.. features.Where((_, i) => first[i] == c)]))]);
        for (int restart = 0; restart < Restarts; restart++)
        {
            (int[] assigned, double distortion) = Lloyd(features, Seeds(features, count, random));
            if (distortion < least)
                (best, least) = (assigned, distortion);
        }
        return best;
    }

    private static double[][] Seeds(double[][] features, int count, RandomSource random)
    {
        var seeds = new List<double[]> { features[random.NextBelow(features.Length)] };
        double[] nearest = [.. features.Select(f => Distance(f, seeds[0]))];
        while (seeds.Count < count)
        {
            double sum = 0;
            foreach (double d in nearest)
                sum += d;
            double target = random.NextUnit() * sum;
            int chosen = Array.FindIndex(nearest, d => d > 0);
            for (int i = 0; i < nearest.Length && chosen >= 0; i++)
            {
                if (nearest[i] > 0)
                    chosen = i;
                if ((target -= nearest[i]) < 0)
                    break;
            }
            // Where all that are left equal a seed, any will do.
            double[] seed = features[chosen < 0 ? seeds.Count : chosen];
            seeds.Add(seed);
            for (int i = 0; i < nearest.Length; i++)
                nearest[i] = Math.Min(nearest[i], Distance(features[i], seed));
        }
        return [.. seeds];
    }

    private static (int[] Assigned, double Distortion) Lloyd(double[][] features, double[][] centres)
    {
        var assigned = new int[features.Length];
        double distortion = 0;
        for (int round = 0; round < MostRounds; round++)
        {
            bool moved = round == 0;
            distortion = 0;
            var distances = new double[features.Length];
            for (int i = 0; i < features.Length; i++)
            {
                int best = 0;
                double least = double.PositiveInfinity;
                for (int c = 0; c < centres.Length; c++)
                    if (Distance(features[i], centres[c]) is var d && d < least)
                        (best, least) = (c, d);
                moved |= assigned[i] != best;
                assigned[i] = best;
                distances[i] = least;
                distortion += least;
            }
            // An empty cluster takes the vector that lies farthest from its centre, of a cluster that has others.
            for (int c = 0; c < centres.Length; c++)
            {
                if (assigned.Contains(c))
                    continue;
                int farthest = Enumerable.Range(0, features.Length).Where(i => assigned.Count(a => a == assigned[i]) > 1)
                    .MaxBy(i => distances[i]);
                assigned[farthest] = c;
                distances[farthest] = 0;
                moved = true;
            }
            if (!moved)
                break;
            for (int c = 0; c < centres.Length; c++)
                centres[c] = Mean([.. features.Where((_, i) => assigned[i] == c)]);
        }
        return (assigned, distortion);
    }

    private static double[] Mean(double[][] vectors)
    {
        var mean = new double[vectors[0].Length];
        foreach (double[] vector in vectors)
            for (int k = 0; k < mean.Length; k++)
                mean[k] += vector[k];
        return Array.ConvertAll(mean, m => m / vectors.Length);
    }

    private static double Distance(double[] a, double[] b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
            sum += (a[i] - b[i]) * (a[i] - b[i]);
        return sum;
    }
}
