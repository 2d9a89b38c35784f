using System.Globalization;

namespace OptimizerBuild.Metrics;

/// <summary>
/// Top-k: the share of samples whose class is among the k highest scores. Of equal scores the lower index ranks higher; a score that
/// is not a number ranks last.
/// </summary>
/// <param name="k">How many of the highest scores count.</param>
internal sealed class TopK(int k) : Metric
{
    private readonly SortedDictionary<int, (long Hits, long Samples)> _classes = [];
    private long _hits;
    private long _samples;

    /// <inheritdoc/>
    public override string Name => "Top" + k.ToString(CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public override string DisplayName => "Top-" + k.ToString(CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public override bool IsShare => true;

    /// <inheritdoc/>
    public override double Value => _samples == 0 ? double.NaN : (double)_hits / _samples;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<int, (long Hits, long Samples)> Classes => _classes;

    /// <inheritdoc/>
    public override void Accumulate(ReadOnlySpan<float> output, ReadOnlySpan<float> reference)
    {
        int label = checked((int)reference[0]);
        bool hit = IsHit(output, label);
        _samples++;
        _hits += hit ? 1 : 0;
        (long hits, long samples) = _classes.GetValueOrDefault(label);
        _classes[label] = (hits + (hit ? 1 : 0), samples + 1);
    }

    private bool IsHit(ReadOnlySpan<float> output, int label)
    {
        if ((uint)label >= (uint)output.Length || float.IsNaN(output[label]))
            return false;
        int better = 0;
        for (int i = 0; i < output.Length; i++)
            if (output[i] > output[label] || (output[i] == output[label] && i < label))
                better++;
        return better < k;
    }
}
