namespace OptimizerBuild.Metrics;

/// <summary>
/// R²: 1 − residual sum of squares ÷ total sum of squares around the targets' mean. The mean and the total are updated sample by
/// sample (Welford 1962), which stays exact where the targets are large compared with their spread.
/// </summary>
internal sealed class CoefficientOfDetermination : Metric
{
    private double _residual;
    private double _mean;
    private double _total;
    private long _count;

    /// <inheritdoc/>
    public override string Name => "R2";

    /// <inheritdoc/>
    public override string DisplayName => "R²";

    /// <inheritdoc/>
    public override double Value => _count == 0 ? double.NaN : _total > 0 ? 1 - (_residual / _total) : _residual == 0 ? 1
        : double.NegativeInfinity;

    /// <inheritdoc/>
    public override void Accumulate(ReadOnlySpan<float> output, ReadOnlySpan<float> reference)
    {
        for (int i = 0; i < output.Length; i++)
        {
            double target = reference[i];
            double error = output[i] - target;
            _residual += error * error;
            _count++;
            double delta = target - _mean;
            _mean += delta / _count;
            _total += delta * (target - _mean);
        }
    }
}
