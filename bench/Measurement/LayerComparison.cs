namespace OptimizerBuild.Bench.Measurement;

/// <summary>One layer in int8 and in float32.</summary>
/// <param name="Layer">The layer.</param>
/// <param name="Products">Products to an output.</param>
/// <param name="Int8">Its cost in int8, with weights whose pair sums are bounded, as the quantiser bounds them.</param>
/// <param name="Float32">Its cost in float32.</param>
/// <param name="AnyWeights">Its cost in int8 with weights whose pair sums are not bounded; null where it was not measured.</param>
internal sealed record LayerComparison(string Layer, int Products, StepCost Int8, StepCost Float32, StepCost? AnyWeights)
{
    /// <summary>How many times as fast as float32 int8 is.</summary>
    public double Ratio => Float32.Microseconds / Int8.Microseconds;

    /// <summary>
    /// Whether int8 is slower than float32, by more than the same layer differs from one process to the next: a twentieth, and ten
    /// nanoseconds, which is what a call of some forty nanoseconds varies by with where its code happens to lie.
    /// </summary>
    public bool IsSlower => IsSlowerThanFloat32(Int8);

    /// <summary>The same of int8 with any weights, where that was measured.</summary>
    public bool IsSlowerOfAnyWeights => AnyWeights is { } any && IsSlowerThanFloat32(any);

    /// <summary>
    /// Products that float32's register tile multiplies while one output is requantised. A layer of no more of them to an output has not
    /// the work that integers save.
    /// </summary>
    public static double ProductsOfRequantization => TilePeaks.Requantization * TilePeaks.Float32;

    /// <summary>
    /// Whether requantisation alone takes int8 as long as all products take float32. Whatever was measured, a depthwise window of 3×3 has
    /// more, and a layer that takes twice as long as in float32 does so for other reasons.
    /// </summary>
    public bool IsBoundByRequantization => Products <= Math.Min(ProductsOfRequantization, MostProducts) && Ratio > LeastRatio;

    private const double MostProducts = 8;
    private const double LeastRatio = 0.5;

    private bool IsSlowerThanFloat32(StepCost int8) =>
        Float32.Microseconds / int8.Microseconds < 0.95 && int8.Microseconds - Float32.Microseconds > 0.01;
}
