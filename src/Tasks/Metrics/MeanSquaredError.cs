namespace OptimizerBuild.Metrics;

/// <summary>The mean of the squared differences between outputs and targets over all elements of all samples.</summary>
internal sealed class MeanSquaredError : Metric
{
    private double _sum;
    private long _count;

    /// <inheritdoc/>
    public override string Name => "MeanSquaredError";

    /// <inheritdoc/>
    public override string DisplayName => "mean squared error";

    /// <inheritdoc/>
    public override bool HigherIsBetter => false;

    /// <inheritdoc/>
    public override bool RelativeDrop => true;

    /// <inheritdoc/>
    public override double Value => _count == 0 ? double.NaN : _sum / _count;

    /// <inheritdoc/>
    public override void Accumulate(ReadOnlySpan<float> output, ReadOnlySpan<float> reference)
    {
        for (int i = 0; i < output.Length; i++)
        {
            double difference = (double)output[i] - reference[i];
            _sum += difference * difference;
        }
        _count += output.Length;
    }
}
