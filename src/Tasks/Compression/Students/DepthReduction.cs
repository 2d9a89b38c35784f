using OptimizerBuild.Compression.Channels;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Compression.Students;

/// <summary>
/// Leaves residual blocks out of a model, one after the other that without which its outputs change least on calibration samples, and fits
/// the layers behind them to what they gave before.
/// </summary>
/// <param name="context">The build's context.</param>
internal sealed class DepthReduction(CompressionContext context)
{
    private const string Step = "Student";

    // A share that was meant to be a whole number of blocks.
    private const double Rounding = 1e-9;

    /// <summary>Leaves blocks out until no more than a share of them is left.</summary>
    /// <param name="graph">The model after the passes.</param>
    /// <param name="share">The share that may stay, above 0 and below 1.</param>
    /// <returns>The model, to be normalised, and what was done; null where it has no blocks.</returns>
    public (Graph Graph, List<string> Notes)? Shorten(Graph graph, double share)
    {
        ResidualBlock[] blocks = [.. ResidualBlock.Of(graph)];
        if (blocks.Length == 0)
            return null;
        int left = (int)((share * blocks.Length) + Rounding);
        var gone = new List<ResidualBlock>();
        int comparisons = Enumerable.Range(left + 1, blocks.Length - left).Sum();
        var outputs = OutputSensitivity.OfCalibration(graph, context, comparisons);
        var notes = new List<string>
        {
            FormattableString.Invariant($"of {blocks.Length} residual blocks {left} stay: those without which the outputs change most"),
        };
        while (blocks.Length - gone.Count > left)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            context.Progress.Report(Step, (double)gone.Count / (blocks.Length - left), "residual blocks");
            (ResidualBlock block, double error) = blocks.Except(gone)
                .Select(b => (b, outputs.ErrorOf(ResidualBlock.Without(graph, [.. gone, b]))))
                .MinBy(c => double.IsNaN(c.Item2) ? double.PositiveInfinity : c.Item2);
            gone.Add(block);
            notes.Add(FormattableString.Invariant($"{block.Sum}: {block.Nodes.Length} nodes with {block.MultiplyAccumulates:N0} ")
                + FormattableString.Invariant($"multiply-accumulates left out; the outputs' error is {error:g3} of their variance"));
        }
        (Graph shorter, int layers, int samples) = new OutputRefit(graph, _ => null, context)
            .Run(ResidualBlock.Without(graph, gone), Step);
        notes.Add(FormattableString.Invariant($"{layers} layers fitted to the whole model's results on {samples} samples"));
        return (shorter, notes);
    }
}
