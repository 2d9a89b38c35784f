using OptimizerBuild.Lowering.Weights;

namespace OptimizerBuild.Lowering;

/// <summary>
/// A simple estimate of the time of one prediction on one thread, from what the steps do and not from a clock, so that it is the same on
/// every machine: each step takes <see cref="Overhead"/> and then as long as its arithmetic or its memory traffic, whichever is slower.
/// The rates are rounded figures of <c>bench/results/zen5-avxvnni.md</c>; only the proportions between models matter.
/// </summary>
internal static class CostModel
{
    /// <summary>What a step takes at least, in nanoseconds.</summary>
    public const double Overhead = 30;

    /// <summary>Bytes of weights and values that move in a nanosecond.</summary>
    public const double BytesPerNanosecond = 100;

    /// <summary>The estimated time of all steps, in nanoseconds.</summary>
    /// <param name="steps">The steps, one trip of each loop and both halves of each condition, with their products and the buffers that
    /// they read and write.</param>
    /// <param name="sections">The layers' weights.</param>
    public static double Nanoseconds(IReadOnlyList<LoweredOperation> steps, IReadOnlyList<WeightSection> sections)
    {
        Dictionary<string, WeightSection> byNode = new(StringComparer.Ordinal);
        foreach (WeightSection section in sections)
            byNode.TryAdd(section.Node, section);
        double otherwise = WeightStorage.All.Min(s => s.MacsPerNanosecond);
        double sum = 0;
        foreach (LoweredStep step in steps.OfType<LoweredStep>())
        {
            WeightSection? section = step.Macs > 0 ? byNode.GetValueOrDefault(step.Node) : null;
            double bytes = step.Reads.Concat(step.Writes).Sum(b => (double)b.Bytes) + (section?.Bytes ?? 0);
            double rate = step.MacsPerNanosecond ?? section?.Storage.MacsPerNanosecond ?? otherwise;
            double products = step.Macs * (section?.Storage.ShareOfProducts(section) ?? 1);
            sum += Overhead + Math.Max(products / rate, bytes / BytesPerNanosecond);
        }
        return sum;
    }
}
