using OptimizerBuild.Compression.SecondOrder;

namespace OptimizerBuild.Compression.Sparsification;

/// <summary>
/// Sets blocks of a layer's weights to zero by the second-order error of its output and lets the others make up for it: the optimal brain
/// surgeon with blocks in the place of weights (E. Frantar, D. Alistarh, "Optimal Brain Compression", arXiv 2208.11580, section 4: a
/// block's loss is <c>wᵀ ((H⁻¹)BB)⁻¹ w</c>), added up over the outputs of a panel. In rounds a tenth of those that are left go, those
/// of least loss for each weight, over all panels together; then the weights of each panel are the exact least-squares solution
/// on the blocks that it still has, for which the outputs of a panel share one inverse. Layers for which that takes too long are pruned at
/// once and corrected in one walk (SparseGPT, arXiv 2301.00774, section 3.2).
/// </summary>
/// <param name="rows">For each output channel its weights; replaced.</param>
/// <param name="grid">The blocks.</param>
/// <param name="hessians">For each group the damped second moments of its inputs; null: the smallest blocks go.</param>
/// <param name="groupOf">The group of a row.</param>
/// <param name="cancellation">Stops the work between panels, which leaves weights of no use.</param>
internal sealed class BlockSurgeon(
    double[][] rows, BlockGrid grid, double[][]? hessians, Func<int, int> groupOf, CancellationToken cancellation = default)
{
    // Products of all rounds.
    private const double MostProducts = 1e11;

    // What is left after a round.
    private const double Share = 0.9;

    private readonly ParallelOptions _parallel = new() { CancellationToken = cancellation };

    /// <summary>Sets blocks to zero.</summary>
    /// <param name="count">How many; blocks that are zero already count.</param>
    public void Prune(int count)
    {
        int keep = grid.Count - count, length = rows[0].Length;
        if (count <= 0)
            return;
        int[] all = [.. Enumerable.Range(0, grid.Quads.Length)];

        // What is zero stays zero, however few are asked for.
        int[][] kept = [.. grid.Panels.Select(p => all.Where(q => Any(p, q)).ToArray())];
        if (hessians is null)
        {
            Clear(Chosen([.. kept.Select((quads, p) => quads.Select(q => Square(p, q)).ToArray())], kept, keep));
            return;
        }
        double[][] factors = [.. hessians.Select(h => SymmetricMatrix.FactorOfInverse((double[])h.Clone(), length))];
        var positions = Enumerable.Range(0, length).ToArray();
        var scores = new double[grid.Panels.Length][];
        Parallel.For(0, scores.Length, _parallel, p => scores[p] = Scores(p, kept[p], factors[groupOf(grid.Panels[p].First)], positions));
        int first = Math.Max(keep, (int)(grid.Count * Share));
        double ofAPanel = (double)first / grid.Panels.Length / grid.Quads.Length * length;

        // A round costs a half of the cube for the factor and its inverse each, and rounds are a geometric series.
        double products = grid.Panels.Length * ofAPanel * ofAPanel * ofAPanel / (1 - (Share * Share * Share));
        if (products > MostProducts)
        {
            Walk(Chosen(scores, kept, keep));
            return;
        }

        double[][] targets = [.. rows.Select((row, r) => Times(hessians[groupOf(r)], row))];
        for (int left = first; ; left = Math.Max(keep, (int)(left * Share)))
        {
            kept = Chosen(scores, kept, left);
            Parallel.For(0, scores.Length, _parallel, p => scores[p] = Refit(p, kept[p], targets));
            if (left == keep)
                break;
        }
    }

    private bool Any((int First, int Count) panel, int quad) =>
        Enumerable.Range(panel.First, panel.Count).Any(r => grid.Quads[quad].Any(k => rows[r][k] != 0));

    // The mean square.
    private double Square(int panel, int quad)
    {
        (int start, int count) = grid.Panels[panel];
        double sum = 0;
        for (int r = start; r < start + count; r++)
            foreach (int k in grid.Quads[quad])
                sum += rows[r][k] * rows[r][k];
        return sum / (count * grid.Quads[quad].Length);
    }

    // The panel's best weights on the blocks that are left, and what each of these is worth.
    private double[] Refit(int panel, int[] quads, double[][] targets)
    {
        (int start, int count) = grid.Panels[panel];
        double[] hessian = hessians![groupOf(start)];
        int[] kept = [.. quads.SelectMany(q => grid.Quads[q])];
        int size = kept.Length, length = rows[start].Length;
        var part = new double[size * size];
        for (int i = 0; i < size; i++)
            for (int j = 0; j < size; j++)
                part[(i * size) + j] = hessian[(kept[i] * length) + kept[j]];
        double[] factor = size == 0 ? [] : SymmetricMatrix.FactorOfInverse(part, size);
        for (int r = start; r < start + count; r++)
        {
            // UᵀU b.
            var weights = new double[size];
            for (int i = 0; i < size; i++)
            {
                double half = 0;
                for (int j = i; j < size; j++)
                    half += factor[(i * size) + j] * targets[r][kept[j]];
                SymmetricMatrix.AddMultiple(weights.AsSpan(i), half, factor.AsSpan((i * size) + i, size - i));
            }
            Array.Clear(rows[r]);
            for (int i = 0; i < size; i++)
                rows[r][kept[i]] = weights[i];
        }
        return Scores(panel, quads, factor, kept);
    }

    // For each block its loss by weight. The blocks' positions lie in the factor's rows in the order of `positions`.
    private double[] Scores(int panel, int[] quads, double[] factor, int[] positions)
    {
        (int start, int count) = grid.Panels[panel];
        int size = positions.Length;
        var place = new Dictionary<int, int>(size);
        for (int i = 0; i < size; i++)
            place[positions[i]] = i;
        var scores = new double[quads.Length];
        for (int q = 0; q < quads.Length; q++)
        {
            int[] block = grid.Quads[quads[q]];
            int n = block.Length;

            // (UᵀU)BB over the rows above, and the factor of its inverse.
            var inverse = new double[n * n];
            for (int a = 0; a < n; a++)
                for (int b = 0; b < n; b++)
                {
                    (int x, int y) = (place[block[a]], place[block[b]]);
                    for (int i = 0; i <= Math.Min(x, y); i++)
                        inverse[(a * n) + b] += factor[(i * size) + x] * factor[(i * size) + y];
                }
            double[] upper = SymmetricMatrix.FactorOfInverse(inverse, n);
            double loss = 0;
            for (int r = start; r < start + count; r++)
                for (int a = 0; a < n; a++)
                {
                    double sum = 0;
                    for (int b = a; b < n; b++)
                        sum += upper[(a * n) + b] * rows[r][block[b]];
                    loss += sum * sum;
                }
            scores[q] = loss / (n * count);
        }
        return scores;
    }

    // Those with the greatest scores over all panels; of equal ones the first.
    private static int[][] Chosen(double[][] scores, int[][] kept, int left)
    {
        var chosen = new List<int>[kept.Length];
        for (int p = 0; p < chosen.Length; p++)
            chosen[p] = [];
        foreach ((int p, int i) in scores.SelectMany((panel, p) => panel.Select((s, i) => (s, p, i)))
            .OrderByDescending(s => s.s).Take(left).Select(s => (s.p, s.i)))
            chosen[p].Add(kept[p][i]);
        return [.. chosen.Select(c => c.Order().ToArray())];
    }

    private bool[] Stays(int[] quads)
    {
        var stays = new bool[rows[0].Length];
        foreach (int q in quads)
            foreach (int k in grid.Quads[q])
                stays[k] = true;
        return stays;
    }

    private void Clear(int[][] kept)
    {
        for (int p = 0; p < kept.Length; p++)
        {
            bool[] stays = Stays(kept[p]);
            for (int r = grid.Panels[p].First; r < grid.Panels[p].First + grid.Panels[p].Count; r++)
                for (int k = 0; k < stays.Length; k++)
                    if (!stays[k])
                        rows[r][k] = 0;
        }
    }

    private void Walk(int[][] kept)
    {
        CompensatedWalk[] walks = [.. hessians!.Select(h => new CompensatedWalk(h))];
        bool[][] stays = [.. kept.Select(Stays)];
        Parallel.ForEach(
            grid.Panels.SelectMany((panel, p) => Enumerable.Range(panel.First, panel.Count).Select(r => (r, p))),
            row => walks[groupOf(row.r)].Run(rows[row.r], (k, value) => stays[row.p][k] ? value : 0));
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
