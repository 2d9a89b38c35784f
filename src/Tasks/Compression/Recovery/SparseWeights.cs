using OptimizerBuild.Training;

namespace OptimizerBuild.Compression.Recovery;

/// <summary>
/// Weights of which a number are other than zero: in each step those that are greatest by then. Those that are zero learn as well, as if
/// they were not, so that which ones are zero may change while the number stays (straight-through estimator with decay of what is left
/// out: A. Zhou et al. 2021, arXiv 2102.04010, section 3.2, here for single weights, or for groups that are zero together, by their mean
/// square). They become so few gradually: training begins with all weights, and the share of zeros s rises to its final value over the
/// first part of the steps t as s·(1 − (1 − t/n)³) (M. Zhu and S. Gupta 2018, arXiv 1710.01878, section 3).
/// </summary>
internal sealed class SparseWeights : IWeightForm
{
    private const float Decay = 2e-4f;

    private readonly int[][]? _groups;
    private readonly int _count;
    private readonly int _least;
    private int _kept;

    /// <summary>The weights of a layer.</summary>
    /// <param name="weights">The weights, some of which are zero.</param>
    /// <param name="dense">The weights before some of them became zero.</param>
    /// <param name="groups">The places of weights that are zero together, each in one group; null for single weights.</param>
    public SparseWeights(float[] weights, float[] dense, int[][]? groups = null)
    {
        (_groups, _count) = (groups, groups?.Length ?? weights.Length);
        bool[] isZero = groups is null ? Array.ConvertAll(weights, w => w == 0)
            : Array.ConvertAll(groups, g => Array.TrueForAll(g, i => weights[i] == 0));
        _kept = _least = isZero.Count(z => !z);
        // What is zero begins below all others, in the order of what it was.
        float least = Sizes(weights).Where((_, g) => !isZero[g]).DefaultIfEmpty(0).Min();
        float greatest = Sizes(dense).Where((_, g) => isZero[g]).DefaultIfEmpty(0).Max();
        float factor = greatest > 0 ? 0.9f * Math.Min(least / greatest, 1) : 0;
        Master = (float[])weights.Clone();
        for (int g = 0; g < _count; g++)
            for (int m = 0; isZero[g] && m < Members(g); m++)
                Master[Member(g, m)] = dense[Member(g, m)] * factor;
    }

    /// <summary>The numbers behind the weights at the beginning.</summary>
    public float[] Master { get; }

    /// <inheritdoc/>
    public float[] Extra => [];

    /// <inheritdoc/>
    public bool HasUnitOfValues => true;

    /// <summary>Whether zeros become more gradually; otherwise all are there from the beginning.</summary>
    public bool IsGradual { get; set; } = true;

    /// <inheritdoc/>
    public double SettledAt => IsGradual ? 0.5 : 0;

    /// <inheritdoc/>
    public void MoveTo(double progress)
    {
        if (!IsGradual)
            return;
        double left = Math.Max(1 - (progress / SettledAt), 0);
        _kept = _least + (int)((_count - _least) * left * left * left);
    }

    /// <inheritdoc/>
    public void Apply(ReadOnlySpan<float> master, ReadOnlySpan<float> extra, Span<float> weights)
    {
        float[] sizes = Sizes(master);
        (float threshold, int ties) = Threshold(sizes);
        master.CopyTo(weights);
        for (int g = 0; g < _count; g++)
            if (sizes[g] < threshold || (sizes[g] == threshold && ties-- <= 0) || float.IsNaN(sizes[g]))
                for (int m = 0; m < Members(g); m++)
                    weights[Member(g, m)] = 0;
    }

    /// <inheritdoc/>
    public void Pull(ReadOnlySpan<float> master, ReadOnlySpan<float> extra, Span<float> gradient, Span<float> extraGradient)
    {
        float[] sizes = Sizes(master);
        (float threshold, _) = Threshold(sizes);
        for (int g = 0; g < _count; g++)
            if (sizes[g] < threshold)
                for (int m = 0; m < Members(g); m++)
                    gradient[Member(g, m)] += Decay * master[Member(g, m)];
    }

    private int Members(int group) => _groups is null ? 1 : _groups[group].Length;

    private int Member(int group, int member) => _groups is null ? group : _groups[group][member];

    // What decides which are kept: magnitudes, or roots of mean squares.
    private float[] Sizes(ReadOnlySpan<float> master)
    {
        var sizes = new float[_count];
        for (int g = 0; g < sizes.Length; g++)
        {
            if (_groups is null)
            {
                sizes[g] = Math.Abs(master[g]);
                continue;
            }
            double sum = 0;
            foreach (int i in _groups[g])
                sum += (double)master[i] * master[i];
            sizes[g] = (float)Math.Sqrt(sum / _groups[g].Length);
        }
        return sizes;
    }

    // The size of the last one that is kept, and how many of exactly that size are.
    private (float Size, int Ties) Threshold(float[] sizes)
    {
        if (_kept == 0)
            return (float.PositiveInfinity, 0);
        // Sizes as integers, which have their order: the bits are found from the highest on, eleven at a time.
        uint prefix = 0;
        int left = _kept;
        for (int shift = 21; shift >= 0; shift = shift == 21 ? 10 : shift == 10 ? 0 : -1)
        {
            int bits = shift == 0 ? 10 : 11;
            var counts = new int[1 << bits];
            uint mask = shift == 21 ? 0 : uint.MaxValue << (shift + bits);
            foreach (float w in sizes)
            {
                uint size = BitConverter.SingleToUInt32Bits(w) & 0x7FFFFFFF;
                if ((size & mask) == (prefix & mask))
                    counts[(size >> shift) & ((1u << bits) - 1)]++;
            }
            int digit = counts.Length - 1;
            for (; digit > 0 && counts[digit] < left; digit--)
                left -= counts[digit];
            prefix |= (uint)digit << shift;
        }
        return (BitConverter.UInt32BitsToSingle(prefix), left);
    }
}
