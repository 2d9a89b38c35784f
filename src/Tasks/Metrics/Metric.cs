namespace OptimizerBuild.Metrics;

/// <summary>A figure of merit that grows out of a model's outputs, sample by sample.</summary>
internal abstract class Metric
{
    /// <summary>The name as the metadata <c>Metric</c> spells it.</summary>
    public abstract string Name { get; }

    /// <summary>The name in messages and reports, for example <c>Top-1</c>.</summary>
    public abstract string DisplayName { get; }

    /// <summary>Whether larger is better.</summary>
    public virtual bool HigherIsBetter => true;

    /// <summary>Whether <c>MaxAccuracyDrop</c> is a share of the float model's figure; otherwise a difference.</summary>
    public virtual bool RelativeDrop => false;

    /// <summary>Whether messages show it in per cent.</summary>
    public virtual bool IsShare => false;

    /// <summary>The figure over all samples so far; NaN before the first.</summary>
    public abstract double Value { get; }

    /// <summary>For metrics over classes: for each class that occurs, the samples that are right and all of them.</summary>
    public virtual IReadOnlyDictionary<int, (long Hits, long Samples)> Classes { get; } = new Dictionary<int, (long, long)>();

    /// <summary>Takes a sample into account.</summary>
    /// <param name="output">The model's output.</param>
    /// <param name="reference">The class index as only element, or as many targets as the output has elements.</param>
    public abstract void Accumulate(ReadOnlySpan<float> output, ReadOnlySpan<float> reference);

    /// <summary>
    /// By how much <paramref name="compressed"/> is worse than <paramref name="original"/>, in the unit of <c>MaxAccuracyDrop</c>;
    /// negative where it is better, infinite where it is not a number.
    /// </summary>
    public double Drop(double original, double compressed)
    {
        double worse = HigherIsBetter ? original - compressed : compressed - original;
        if (double.IsNaN(worse))
            return double.PositiveInfinity;
        return !RelativeDrop || worse == 0 ? worse : original == 0 ? double.CopySign(double.PositiveInfinity, worse)
            : worse / Math.Abs(original);
    }
}
