namespace OptimizerBuild.Bench.Measurement;

/// <summary>One layer in int8 and in float32.</summary>
/// <param name="Layer">The layer.</param>
/// <param name="Int8">Its cost in int8, with weights whose pair sums are bounded, as the quantiser bounds them.</param>
/// <param name="Float32">Its cost in float32.</param>
/// <param name="AnyWeights">Its cost in int8 with weights whose pair sums are not bounded; null where it was not measured.</param>
internal sealed record LayerComparison(string Layer, StepCost Int8, StepCost Float32, StepCost? AnyWeights)
{
    /// <summary>How many times as fast as float32 int8 is.</summary>
    public double Ratio => Float32.Microseconds / Int8.Microseconds;

    /// <summary>
    /// Whether int8 is slower than float32, by more than a clock tells apart of steps of a microsecond: a twentieth.
    /// </summary>
    public bool IsSlower => Ratio < Noise;

    /// <summary>The same of int8 with any weights, where that was measured.</summary>
    public bool IsSlowerOfAnyWeights => AnyWeights is { } any && Float32.Microseconds / any.Microseconds < Noise;

    private const double Noise = 0.95;
}
