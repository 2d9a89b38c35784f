namespace OptimizerBuild.Bench.Measurement;

/// <summary>One layer in int8 and in float32.</summary>
/// <param name="Layer">The layer.</param>
/// <param name="Int8">Its cost in int8.</param>
/// <param name="Float32">Its cost in float32.</param>
internal sealed record LayerComparison(string Layer, StepCost Int8, StepCost Float32)
{
    /// <summary>How many times as fast as float32 int8 is.</summary>
    public double Ratio => Float32.Microseconds / Int8.Microseconds;

    /// <summary>
    /// Whether int8 is slower than float32, by more than a clock tells apart of steps of a microsecond: a twentieth.
    /// </summary>
    public bool IsSlower => Ratio < 0.95;
}
