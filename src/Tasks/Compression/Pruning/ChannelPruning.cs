using OptimizerBuild.Compression.Channels;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.Pruning;

/// <summary>
/// Leaves channels out of a model until a share of its multiply-accumulates is gone. Channels vanish in the groups in which they depend on
/// each other, so that the model becomes an ordinary one with smaller layers.
/// </summary>
/// <param name="context">The build's context.</param>
/// <param name="criterion">How channels are chosen.</param>
internal sealed class ChannelPruning(CompressionContext context, PruningCriterion criterion)
{
    // The work that reading what layers read may take.
    private const long Budget = 1L << 35;

    // What part of a group is left out to measure its sensitivity.
    private const double ProbedShare = 0.25;

    // Whether the last ranking is by gradients.
    private bool _hasGradients;

    /// <summary>The name of the step, for progress and messages.</summary>
    public const string Step = "ChannelPruning";

    /// <summary>Leaves channels out.</summary>
    /// <param name="graph">The model after the passes.</param>
    /// <param name="share">The share of its multiply-accumulates that is to go, at least.</param>
    /// <param name="metadata">The metadata that asks for it, for messages.</param>
    /// <returns>The model, to be normalised, and what was done.</returns>
    /// <exception cref="Diagnostics.ModelException">So many cannot go.</exception>
    public (Graph Graph, List<string> Notes) Apply(Graph graph, double share, string metadata)
    {
        ChannelAnalysis analysis = ChannelAnalysis.Of(graph);
        var amounts = new ChannelAmounts(analysis);
        (ChannelRanking[] rankings, double[]? sensitivities) = Rank(analysis, amounts);
        int[] counts = sensitivities is null ? amounts.Uniform(share, metadata) : amounts.BySensitivity(share, metadata,
            (g, n) => sensitivities[g] * rankings[g].Errors[Math.Min(n, rankings[g].Errors.Length - 1)]);
        return Without(analysis, rankings, counts, criterion == PruningCriterion.Magnitude ? "the same share of each group"
            : sensitivities is not null && _hasGradients ? "amounts by the same measure"
            : sensitivities is not null ? "amounts by the measured sensitivity of the outputs"
            : "the same share of each group, since no output shows what is lost");
    }

    /// <summary>Leaves all but a share of the channels of each group out.</summary>
    /// <param name="graph">The model after the passes.</param>
    /// <param name="width">The share that stays, above 0 and below 1.</param>
    /// <returns>The model, to be normalised, and what was done; null where no channel may vanish.</returns>
    public (Graph Graph, List<string> Notes)? Narrow(Graph graph, double width)
    {
        ChannelAnalysis analysis = ChannelAnalysis.Of(graph);
        var amounts = new ChannelAmounts(analysis);
        int[] counts = amounts.ByWidth(width);
        return Array.TrueForAll(counts, n => n == 0) ? null : Without(analysis, Rank(analysis, amounts).Rankings, counts,
            FormattableString.Invariant($"of each group the share {width} stays, in whole steps"));
    }

    // Sensitivities are null where they are not asked for, or no output shows differences.
    private (ChannelRanking[] Rankings, double[]? Sensitivities) Rank(ChannelAnalysis analysis, ChannelAmounts amounts) =>
        criterion == PruningCriterion.Magnitude ? ([.. analysis.Groups.Select(g => ChannelRanking.ByMagnitude(analysis, g))], null)
            : ByTaylor(analysis) is { } rankings ? (rankings, [.. rankings.Select(_ => 1.0)])
            : ByReconstruction(analysis, amounts);

    // Null where it is not asked for, or no gradient tells anything: then reconstruction does.
    private ChannelRanking[]? ByTaylor(ChannelAnalysis analysis)
    {
        ChannelRanking[]? rankings = criterion == PruningCriterion.Taylor ? TaylorRanking.Of(analysis, context) : null;
        _hasGradients = rankings is not null;
        return rankings;
    }

    private (Graph Graph, List<string> Notes) Without(ChannelAnalysis analysis, ChannelRanking[] rankings, int[] counts, string amounts)
    {
        Graph graph = analysis.Graph;
        HashSet<int> removed = [.. rankings.SelectMany((r, g) => r.Order.Take(counts[g]))];
        Graph smaller = ChannelRemoval.Without(analysis, removed);
        List<string> notes = Notes(analysis, counts);
        if (criterion != PruningCriterion.Magnitude)
        {
            (smaller, int layers, int samples) = new OutputRefit(graph, name => Origins(analysis, removed, name), context)
                .Run(smaller, Step);
            notes.Insert(0, FormattableString.Invariant(
                $"{layers} layers fitted to the whole model's results on {samples} ")
                + (context.HasCalibrationData ? "samples" : "made-up samples"));
        }
        notes.Insert(0, criterion == PruningCriterion.Magnitude
            ? $"the channels with the least weights, {amounts}"
            : _hasGradients ? $"the channels whose loss changes the outputs least by their gradients, {amounts}"
            : $"the channels without which the layers behind can best be made good{(criterion == PruningCriterion.Taylor
                ? " (PruningCriterion=\"Taylor\" has no effect: no gradient tells what the outputs lose)" : "")}, {amounts}");
        return (smaller, notes);
    }

    // Which output channels of the whole model a layer still has.
    private static int[][]? Origins(ChannelAnalysis analysis, HashSet<int> removed, string node)
    {
        OperatorContext context = analysis.ContextOf(node);
        return context.Node.As<IPassesChannels>()?.Source(context) is { } port && analysis.ChannelsOf(context.Node, port) is { } channels
            ? [.. Enumerable.Range(0, channels.Length).Where(p => !removed.Contains(channels[p])).Select(p => new[] { p })]
            : null;
    }

    // No sensitivities where no output shows differences.
    private (ChannelRanking[] Rankings, double[]? Sensitivities) ByReconstruction(ChannelAnalysis analysis, ChannelAmounts amounts)
    {
        long work = Math.Max(LayerRows.Work(analysis.Graph), 1);
        LayerMatrix[] layers =
        [
            .. analysis.Groups.SelectMany(g => ReconstructionRanking.Readers(analysis, g)).DistinctBy(l => l.Node.Name),
        ];
        IReadOnlyList<Tensor>[] samples = LayerRows.Spread(context.Calibration, Math.Max(Budget / work, 8));
        LayerMoments[] moments = [.. layers.Select(l => new LayerMoments(l.Columns))];
        LayerRows.Read(analysis.Graph, layers, [.. layers.Select(l => LayerRows.PerSample(l, samples.Length))], samples,
            (l, _, rows, count) => moments[l].Add(rows, count), context.Cancellation);
        var byName = layers.Zip(moments).ToDictionary(p => p.First.Node.Name, p => p.Second, StringComparer.Ordinal);
        var outputs = OutputSensitivity.OfCalibration(analysis.Graph, context, analysis.Groups.Length);
        var rankings = new ChannelRanking[analysis.Groups.Length];
        var sensitivities = new double[rankings.Length];
        for (int g = 0; g < rankings.Length; g++)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            ChannelGroup group = analysis.Groups[g];
            context.Progress.Report(Step, (double)g / rankings.Length, group.Name);
            int count = group.Channels.Length, probe = Math.Min((int)Math.Ceiling(count * ProbedShare), count - amounts.Least(g));
            IReadOnlyDictionary<(string, int), Tensor>? weights = null;
            rankings[g] = ReconstructionRanking.Of(analysis, group, byName) is { } reconstruction
                ? reconstruction.Rank(amounts.Least(g), probe, out weights)
                : ChannelRanking.ByMagnitude(analysis, group);
            probe = Math.Min(probe, rankings[g].Order.Length);
            if (probe <= 0 || !outputs.Compares)
                continue;
            double error = outputs.ErrorOf(ChannelRemoval.Without(analysis, rankings[g].Order.Take(probe).ToHashSet(), weights));
            sensitivities[g] = rankings[g].Errors[probe] > 0 ? error / rankings[g].Errors[probe] : 0;
        }
        return (rankings, outputs.Compares ? sensitivities : null);
    }

    private static List<string> Notes(ChannelAnalysis analysis, int[] counts)
    {
        var notes = new List<string>();
        for (int g = 0; g < counts.Length; g++)
        {
            ChannelGroup group = analysis.Groups[g];
            int count = group.Channels.Length;
            if (counts[g] > 0)
                notes.Add(FormattableString.Invariant($"{group.Name}: {count - counts[g]} of {count} channels stay"));
            else if (group.Obstacle.Length > 0 && count == 0)
                notes.Add($"{group.Name}: left alone, {group.Obstacle}");
        }
        return notes;
    }
}
