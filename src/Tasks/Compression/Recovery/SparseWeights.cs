using OptimizerBuild.Training;

namespace OptimizerBuild.Compression.Recovery;

/// <summary>
/// Weights of which a number are other than zero: in each step those that are greatest by then. Those that are zero learn as well, as if
/// they were not, so that which ones are zero may change while the number stays (straight-through estimator with decay of what is left
/// out: A. Zhou et al. 2021, arXiv 2102.04010, section 3.2, here for single weights). They become so few gradually: training begins with
/// all weights, and the share of zeros s rises to its final value over the first part of the steps t as s·(1 − (1 − t/n)³) (M. Zhu and
/// S. Gupta 2018, arXiv 1710.01878, section 3).
/// </summary>
internal sealed class SparseWeights : IWeightForm
{
    private const float Decay = 2e-4f;

    private readonly int _least;
    private int _kept;

    /// <summary>The weights of a layer.</summary>
    /// <param name="weights">The weights, some of which are zero.</param>
    /// <param name="dense">The weights before some of them became zero.</param>
    public SparseWeights(float[] weights, float[] dense)
    {
        _kept = _least = weights.Count(w => w != 0);
        float least = weights.Where(w => w != 0).Select(Math.Abs).DefaultIfEmpty(0).Min();
        // What is zero begins below all others, in the order of what it was.
        float greatest = dense.Where((_, i) => weights[i] == 0).Select(Math.Abs).DefaultIfEmpty(0).Max();
        float factor = greatest > 0 ? 0.9f * Math.Min(least / greatest, 1) : 0;
        Master = [.. weights.Select((w, i) => w != 0 ? w : dense[i] * factor)];
    }

    /// <summary>The numbers behind the weights at the beginning.</summary>
    public float[] Master { get; }

    /// <inheritdoc/>
    public float[] Extra => [];

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
        _kept = _least + (int)((Master.Length - _least) * left * left * left);
    }

    /// <inheritdoc/>
    public void Apply(ReadOnlySpan<float> master, ReadOnlySpan<float> extra, Span<float> weights)
    {
        (float threshold, int ties) = Threshold(master);
        for (int i = 0; i < master.Length; i++)
        {
            float size = Math.Abs(master[i]);
            weights[i] = size > threshold || (size == threshold && ties-- > 0) ? master[i] : 0;
        }
    }

    /// <inheritdoc/>
    public void Pull(ReadOnlySpan<float> master, ReadOnlySpan<float> extra, Span<float> gradient, Span<float> extraGradient)
    {
        (float threshold, _) = Threshold(master);
        for (int i = 0; i < master.Length; i++)
            if (Math.Abs(master[i]) < threshold)
                gradient[i] += Decay * master[i];
    }

    // The size of the last weight that is kept, and how many of exactly that size are.
    private (float Size, int Ties) Threshold(ReadOnlySpan<float> master)
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
            foreach (float w in master)
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
