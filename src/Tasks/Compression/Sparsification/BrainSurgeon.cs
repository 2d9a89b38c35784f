using OptimizerBuild.Compression.SecondOrder;

namespace OptimizerBuild.Compression.Sparsification;

/// <summary>
/// Sets weights of a layer to zero by the second-order error of its output and lets the others make up for it (B. Hassibi, D. Stork,
/// "Optimal Brain Surgeon", 1993; for a layer: E. Frantar, D. Alistarh, "Optimal Brain Compression", arXiv 2208.11580, section 4). Instead
/// of one weight at a time half of those that are left go in each round, over all rows together, by <c>w² / (H⁻¹)kk</c> with the inverse
/// for the weights that the row still has; then the row's weights are the exact least-squares solution on them. Layers for which that takes
/// too long are pruned at once and corrected in one walk (SparseGPT, arXiv 2301.00774, section 3.2).
/// </summary>
/// <param name="rows">For each output channel its weights; replaced.</param>
/// <param name="hessians">For each group the damped second moments of its inputs.</param>
/// <param name="groupOf">The group of a row.</param>
/// <param name="cancellation">Stops the work between rows, which leaves weights of no use.</param>
internal sealed class BrainSurgeon(
    double[][] rows, double[][] hessians, Func<int, int> groupOf, CancellationToken cancellation = default)
{
    // Products of all rounds.
    private const double MostProducts = 4e10;

    private readonly ParallelOptions _parallel = new() { CancellationToken = cancellation };

    /// <summary>Sets weights to zero.</summary>
    /// <param name="count">How many; weights that are zero already count.</param>
    public void Prune(int count)
    {
        int all = rows.Sum(r => r.Length), keep = all - count, length = rows[0].Length;
        if (count <= 0)
            return;

        // In the first round the rows of a group have the same inverse.
        double[][] factors = [.. hessians.Select(h => SymmetricMatrix.FactorOfInverse((double[])h.Clone(), length))];
        double[][] diagonals = [.. factors.Select(f => DiagonalOfInverse(f, length))];
        int first = Math.Max(keep, all / 2);
        double ofARow = (double)first / rows.Length, products = rows.Length * ofARow * ofARow * ofARow / 2;

        // What is zero stays zero, however few are asked for.
        int[][] kept = [.. rows.Select(row => Enumerable.Range(0, length).Where(k => row[k] != 0).ToArray())];
        double[][] scores = [.. rows.Select((row, r) => kept[r].Select(k => row[k] * row[k] / diagonals[groupOf(r)][k]).ToArray())];
        if (products > MostProducts)
        {
            Walk(Chosen(scores, kept, keep));
            return;
        }

        double[][] targets = [.. rows.Select((row, r) => Times(hessians[groupOf(r)], row))];
        for (int left = first; ; left = Math.Max(keep, left / 2))
        {
            kept = Chosen(scores, kept, left);
            Parallel.For(0, rows.Length, _parallel, r => scores[r] = Refit(r, kept[r], targets[r]));
            if (left == keep)
                break;
        }
    }

    /// <summary>
    /// Sets all but two weights of each quad of a row to zero: first one of each quad, by the same score, and, after the others have made
    /// up for it, the next.
    /// </summary>
    /// <param name="quads">The positions of each quad's weights.</param>
    public void PruneQuads(int[][] quads)
    {
        int length = rows[0].Length;
        double[][] factors = [.. hessians.Select(h => SymmetricMatrix.FactorOfInverse((double[])h.Clone(), length))];
        double[][] diagonals = [.. factors.Select(f => DiagonalOfInverse(f, length))];
        int[][] kept = [.. rows.Select(row => Enumerable.Range(0, length).Where(k => row[k] != 0).ToArray())];
        double[][] scores = [.. rows.Select((row, r) => kept[r].Select(k => row[k] * row[k] / diagonals[groupOf(r)][k]).ToArray())];

        // Rounds on three and on two quarters of the row.
        if (rows.Length * (double)length * length * length * 0.27 > MostProducts)
        {
            Walk(Best(scores, kept, quads, 2));
            return;
        }
        double[][] targets = [.. rows.Select((row, r) => Times(hessians[groupOf(r)], row))];
        for (int most = 3; most >= 2; most--)
        {
            kept = Best(scores, kept, quads, most);
            Parallel.For(0, rows.Length, _parallel, r => scores[r] = Refit(r, kept[r], targets[r]));
        }
    }

    // Of each quad those with the greatest scores; of equal ones the first.
    private static int[][] Best(double[][] scores, int[][] kept, int[][] quads, int most)
    {
        var best = new int[kept.Length][];
        for (int r = 0; r < best.Length; r++)
        {
            var scoreOf = kept[r].Zip(scores[r]).ToDictionary(p => p.First, p => p.Second);
            best[r] = [.. quads.SelectMany(q => q.Where(scoreOf.ContainsKey).OrderByDescending(k => scoreOf[k]).Take(most)).Order()];
        }
        return best;
    }

    // The row's best weights on those that are left, and what each of them is worth.
    private double[] Refit(int row, int[] kept, double[] target)
    {
        double[] hessian = hessians[groupOf(row)];
        int size = kept.Length, length = rows[row].Length;
        Array.Clear(rows[row]);
        if (size == 0)
            return [];
        var part = new double[size * size];
        for (int i = 0; i < size; i++)
            for (int j = 0; j < size; j++)
                part[(i * size) + j] = hessian[(kept[i] * length) + kept[j]];
        double[] factor = SymmetricMatrix.FactorOfInverse(part, size);

        // UᵀU b.
        var half = new double[size];
        var weights = new double[size];
        for (int i = 0; i < size; i++)
        {
            double sum = 0;
            for (int j = i; j < size; j++)
                sum += factor[(i * size) + j] * target[kept[j]];
            half[i] = sum;
        }
        for (int i = 0; i < size; i++)
            SymmetricMatrix.AddMultiple(weights.AsSpan(i), half[i], factor.AsSpan((i * size) + i, size - i));
        double[] diagonal = DiagonalOfInverse(factor, size);
        for (int i = 0; i < size; i++)
            rows[row][kept[i]] = weights[i];
        return [.. weights.Select((w, i) => w * w / diagonal[i])];
    }

    // Those with the greatest scores over all rows; of equal ones the first.
    private static int[][] Chosen(double[][] scores, int[][] kept, int left)
    {
        var chosen = new List<int>[kept.Length];
        for (int r = 0; r < chosen.Length; r++)
            chosen[r] = [];
        foreach ((int r, int i) in scores.SelectMany((row, r) => row.Select((s, i) => (s, r, i)))
            .OrderByDescending(s => s.s).Take(left).Select(s => (s.r, s.i)))
            chosen[r].Add(kept[r][i]);
        return [.. chosen.Select(c => c.Order().ToArray())];
    }

    private void Walk(int[][] kept)
    {
        CompensatedWalk[] walks = [.. hessians.Select(h => new CompensatedWalk(h))];
        Parallel.For(0, rows.Length, _parallel, r =>
        {
            var stays = new bool[rows[r].Length];
            foreach (int k in kept[r])
                stays[k] = true;
            walks[groupOf(r)].Run(rows[r], (k, value) => stays[k] ? value : 0);
        });
    }

    // (UᵀU)kk = Σ U[i,k]² over the rows above.
    private static double[] DiagonalOfInverse(double[] factor, int size)
    {
        var diagonal = new double[size];
        for (int i = 0; i < size; i++)
            for (int k = i; k < size; k++)
                diagonal[k] += factor[(i * size) + k] * factor[(i * size) + k];
        return diagonal;
    }

    private static double[] Times(double[] matrix, double[] vector)
    {
        var product = new double[vector.Length];
        for (int i = 0; i < vector.Length; i++)
            if (vector[i] != 0)
                SymmetricMatrix.AddMultiple(product, vector[i], matrix.AsSpan(i * vector.Length, vector.Length));
        return product;
    }
}
