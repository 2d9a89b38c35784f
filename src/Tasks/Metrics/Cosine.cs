namespace OptimizerBuild.Metrics;

/// <summary>
/// The mean cosine of the angle between output and target, over the samples. Two zero vectors count as equal (1), one zero vector
/// as orthogonal (0).
/// </summary>
internal sealed class Cosine : Metric
{
    private double _sum;
    private long _samples;

    /// <inheritdoc/>
    public override string Name => "Cosine";

    /// <inheritdoc/>
    public override string DisplayName => "cosine";

    /// <inheritdoc/>
    public override double Value => _samples == 0 ? double.NaN : _sum / _samples;

    /// <inheritdoc/>
    public override void Accumulate(ReadOnlySpan<float> output, ReadOnlySpan<float> reference)
    {
        double dot = 0;
        double a = 0;
        double b = 0;
        for (int i = 0; i < output.Length; i++)
        {
            dot += (double)output[i] * reference[i];
            a += (double)output[i] * output[i];
            b += (double)reference[i] * reference[i];
        }
        _samples++;
        _sum += a == 0 && b == 0 ? 1 : a == 0 || b == 0 ? 0 : dot / (Math.Sqrt(a) * Math.Sqrt(b));
    }
}
