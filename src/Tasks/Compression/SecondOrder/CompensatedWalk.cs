namespace OptimizerBuild.Compression.SecondOrder;

/// <summary>
/// Replaces the weights of an output channel one after the other, each followed by a correction of those that are still to come by which
/// the channel's output changes least: E. Frantar et al., "GPTQ", arXiv 2210.17323, section 3 (with weights that are set to zero:
/// "SparseGPT", arXiv 2301.00774, section 3.2). Weights with the greatest inputs come first, as long as the most others can make up for
/// them.
/// </summary>
internal sealed class CompensatedWalk
{
    private readonly int[] _order;
    private readonly double[] _factor;

    /// <summary>Prepares the walk for all channels of a group.</summary>
    /// <param name="hessian">Second moments of the inputs, damped: [size, size].</param>
    public CompensatedWalk(double[] hessian)
    {
        int size = (int)Math.Round(Math.Sqrt(hessian.Length));
        _order = [.. Enumerable.Range(0, size).OrderByDescending(k => hessian[(k * size) + k])];
        var ordered = new double[hessian.Length];
        for (int i = 0; i < size; i++)
            for (int j = 0; j < size; j++)
                ordered[(i * size) + j] = hessian[(_order[i] * size) + _order[j]];
        _factor = SymmetricMatrix.FactorOfInverse(ordered, size);
    }

    /// <summary>Walks through a channel.</summary>
    /// <param name="weights">The weights; corrected as the walk goes on.</param>
    /// <param name="replace">What becomes of a weight: its position and its corrected value to the value that it gets.</param>
    public void Run(Span<double> weights, Func<int, double, double> replace)
    {
        int size = _order.Length;
        var left = new double[size];
        for (int i = 0; i < size; i++)
            left[i] = weights[_order[i]];
        for (int i = 0; i < size; i++)
        {
            ReadOnlySpan<double> row = _factor.AsSpan(i * size, size);
            double value = replace(_order[i], left[i]);
            double error = (left[i] - value) / row[i];
            SymmetricMatrix.AddMultiple(left.AsSpan(i + 1), -error, row[(i + 1)..]);
            weights[_order[i]] = value;
        }
    }
}
