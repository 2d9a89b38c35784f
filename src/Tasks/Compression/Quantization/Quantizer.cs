using System.Collections.Immutable;
using System.Globalization;
using OptimizerBuild.Compression.Quantization.Calibration;
using OptimizerBuild.Compression.Quantization.Outliers;
using OptimizerBuild.Compression.Quantization.Prequantized;
using OptimizerBuild.Compression.Quantization.Synthetic;
using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Compression.SecondOrder;
using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>
/// Post-training quantisation to 8 bits: statistics of the activations on the calibration data, a range for each, rounded weights,
/// and for every node the decision whether integers serve it well. <c>docs/quantization.md</c> explains the steps.
/// </summary>
/// <param name="options">What the user may choose about it.</param>
/// <param name="progress">Hears how far the work has come; null for nobody.</param>
internal sealed class Quantizer(QuantizationOptions options, IBuildProgress? progress = null)
{
    // In dB; the means against outliers cost time in every prediction.
    private const double LeastGainAgainstOutliers = 2;

    // In dB; what bounded pair sums may cost the outputs of a noisy model, and of one that is none.
    private const double GreatestLossOfBounds = 0.5;
    private const double GreatestLossOfQuietModels = 3;

    // In dB; outputs that are quieter than this have enough to lose.
    private const double Quiet = 35;

    private readonly SharedFloats _sharing = new(options.ClustersOf);

    private double _reported;

    private (Graph? Graph, InputHessians Hessians, RoundedWeights Rounded) _weights = (null, InputHessians.Empty, new());

    /// <summary>What the quantisation may evaluate and has evaluated.</summary>
    public WorkBudget Budget { get; private set; } = new(WorkBudget.Least);

    /// <summary>
    /// The way that the quantisation took, for models that differ in weights alone; null where it cannot be taken again by itself:
    /// before a model is quantised, without integers, and where products were divided for their outliers.
    /// </summary>
    public QuantizationPath? Path { get; private set; }

    /// <summary>Quantises a model.</summary>
    /// <param name="model">The float model.</param>
    /// <param name="data">Samples to calibrate on.</param>
    /// <param name="cancellation">Stops the work; checked between nodes and samples.</param>
    public CompressionResult Apply(CompressedModel model, SampleSet data, CancellationToken cancellation)
    {
        Graph graph = options.Precision == ModelPrecision.Float32 || PrequantizedModel.Is(model.Graph) ? model.Graph
            : SignLayers.Binarized(model.Graph, n => (
                options.ReasonForFloat(n) is null && options.WeightsOf(n) == ModelPrecision.Binary, options.IsFixed(n)));
        GraphQuantization quantization;
        double decibels = double.PositiveInfinity;
        var diagnostics = new List<Diagnostic>();
        bool isQuantized = options.Precision != ModelPrecision.Float32 && PrequantizedModel.Is(graph);
        if (isQuantized)
        {
            (graph, quantization) = PrequantizedModel.Quantize(graph, options);
        }
        else if (options.Precision == ModelPrecision.Float32 || data.Samples.Count == 0)
        {
            string reason = options.Precision == ModelPrecision.Float32 ? "Precision=Float32" : "no calibration data";
            quantization = AllFloat(graph, _ => reason);
        }
        else if (options.Precision == ModelPrecision.Auto
            && new QuantizableGraph(graph) is { Layers.Count: 0, HasProducts: false } candidates)
        {
            // Without a dot product no integer node is of use: nothing has to be measured.
            var nodes = new IntegerNodes(candidates);
            nodes.RemoveReadRows();
            nodes.Settle();
            var reasons = candidates.Nodes.ToDictionary(n => n.Node.Name, nodes.Reason, StringComparer.Ordinal);
            quantization = AllFloat(graph, name => reasons[name]);
        }
        else
        {
            Budget = WorkBudget.Of(graph, Choose(graph, data.Samples).Count, options);
            UnsettledRanges unsettled = UnsettledRanges.Of(graph, data, Budget, cancellation);
            if (!unsettled.IsEmpty)
                graph = DynamicRange.Apply(new(graph), unsettled, all: options.Precision == ModelPrecision.Int8) ?? graph;

            // Means and variances of made-up values say nothing about the rounding of weights.
            QuantizationOptions used = unsettled.IsEmpty ? options
                : options with { CorrectBiases = false, SearchWeightScales = false, PairSums = PairSums.Free, CompensatesRounding = false };
            Attempt attempt;
            if (options.Path is { } path && unsettled.IsEmpty)
            {
                used = used with { PairSums = path.PairSums };
                attempt = Try(path.Dynamic.Count == 0 ? graph
                    : DynamicRange.Apply(new(graph), n => n.Form == IntegerForm.DotProduct && path.Dynamic.Contains(n.Node.Name)),
                    data.Samples, unsettled, used, cancellation);
            }
            else
            {
                attempt = Quantize(graph, data.Samples, unsettled, used, cancellation);
            }

            // What little bounds cost each layer may add up, and is missed where outputs are noisy anyway.
            if (used is { PairSums: PairSums.Bounded, Path: null, Precision: ModelPrecision.Auto } && attempt.Outcome.Decibels < Quiet
                && Budget.Allows(attempt.Cost + attempt.Planner.Reserve))
            {
                Attempt free = Quantize(graph, data.Samples, unsettled, used with { PairSums = PairSums.Free }, cancellation);
                double loss = attempt.Planner.IsNoisy(attempt.Outcome) ? GreatestLossOfBounds : GreatestLossOfQuietModels;
                if (free.Outcome.Decibels > attempt.Outcome.Decibels + loss)
                    (attempt, used) = (free, used with { PairSums = PairSums.Free });
            }
            PrecisionPlanner.Outcome outcome = attempt.Outcome;
            if (options.LeastOutputSignalToNoise is { } least && outcome.Decibels < least)
            {
                if (options.Precision == ModelPrecision.Auto)
                    outcome = attempt.Planner.Restore(outcome, least, cancellation);
                if (outcome.Decibels < least)
                    diagnostics.Add(Noisy(outcome.Decibels, least, attempt.Planner.CostOfLayers(outcome, cancellation)));
            }
            if (unsettled.IsEmpty && !attempt.IsSplit)
                Path = PathOf(attempt.Graph.Graph, outcome, used.PairSums);
            (graph, quantization, decibels) = (attempt.Graph.Graph, outcome.Plan, outcome.Decibels);
            if (double.IsFinite(decibels))
                quantization = quantization with { OutputSignalToNoise = decibels };
        }

        if (options.Precision != ModelPrecision.Float32 && !isQuantized
            && OriginOfRanges.Warning(graph, quantization, data) is { } warning)
            diagnostics.Add(warning);
        if (options.Precision != ModelPrecision.Float32 && FloatNodeSummary(graph, quantization) is { } summary)
            diagnostics.Add(Diagnostic.Of(DiagnosticCatalog.FloatNodes, null, summary));
        string[] withoutGroups = [.. WithoutGroups(graph, quantization)];
        if (options.Precision != ModelPrecision.Float32 && withoutGroups.Length > 0)
            diagnostics.Add(Diagnostic.Of(DiagnosticCatalog.GroupsWithoutFourBits, null,
                string.Join(", ", withoutGroups.Select(n => $"'{n}'")), withoutGroups[0]));
        List<string> notes = Notes(graph, quantization, decibels);
        if (quantization.HasScalesOfModel && (options.Weights.HasFewLevels() || options.Clusters > 0 || options.Layers.AnyFewLevels))
            notes.Add("its weights stay as they are: they neither get fewer bits nor share values");
        else
            graph = _sharing.Apply(graph, quantization, notes);
        if (options.Weights.HasFewLevels() || options.Layers.Rules.Any(r => r.Precision?.HasFewLevels() == true))
            notes.Add(LevelsOfWeights(quantization));
        return new(model.WithGraph(graph).With(quantization), notes, diagnostics);
    }

    /// <summary>What fewer bits for the weights of single layers cost the outputs: see <see cref="PrecisionPlanner.CostOfBits"/>.</summary>
    /// <param name="graph">The float graph after all techniques that change it.</param>
    /// <param name="data">Samples to calibrate on.</param>
    /// <param name="cancellation">Stops the work; checked between nodes and samples.</param>
    /// <returns>Nothing for a model that is quantised already, and where nothing runs in integers.</returns>
    public IReadOnlyList<LayerBits> CostOfBits(Graph graph, SampleSet data, CancellationToken cancellation)
    {
        if (PrequantizedModel.Is(graph) || data.Samples.Count == 0 || new QuantizableGraph(graph).Layers.Count == 0)
            return [];
        Budget = WorkBudget.Of(graph, Choose(graph, data.Samples).Count, options);
        Attempt attempt = Try(graph, data.Samples, UnsettledRanges.Of(graph, data, Budget, cancellation), options, cancellation);
        return attempt.Planner.CostOfBits(attempt.Outcome, cancellation);
    }

    // A product with a dynamic range keeps its name.
    private static QuantizationPath PathOf(Graph graph, PrecisionPlanner.Outcome outcome, PairSums pairs) => new(
        pairs, outcome.Planners.Method,
        [.. graph.Nodes.Where(n => n.HasInput(0) && DynamicRange.IsDivided(GraphIndex.Of(graph).Producer(n.Inputs[0])))
            .Select(n => n.Name)],
        outcome.Plan.Nodes.Where(n => !n.Value.Integer)
            .ToImmutableSortedDictionary(n => n.Key, n => n.Value.Reason, StringComparer.Ordinal));

    private Attempt Quantize(
        Graph graph, IReadOnlyList<IReadOnlyList<Tensor>> samples, UnsettledRanges unsettled, QuantizationOptions options,
        CancellationToken cancellation)
    {
        Attempt best = Try(graph, samples, unsettled, options, cancellation);

        // Against outliers, the cheaper means first.
        foreach ((Func<Attempt, Graph?> means, bool splits) in ((Func<Attempt, Graph?>, bool)[])[
            (a => DynamicRange.Apply(a.Graph, a.Outcome.Plan), false),
            (a => OutlierSplitting.Apply(a.Graph, a.Outcome.Plan, a.Statistics), true)])
        {
            if (!best.Planner.IsNoisy(best.Outcome))
                break;
            if (means(best) is not { } rewritten)
                continue;
            // The rewritten graph has further products.
            double more = (double)new QuantizableGraph(rewritten).Work / Math.Max(best.Graph.Work, 1);
            if (!Budget.Allows((long)(best.Cost * more) + best.Planner.Reserve))
                continue;
            Attempt other = Try(rewritten, samples, unsettled, options, cancellation);
            if (other.Outcome.Decibels > best.Outcome.Decibels + LeastGainAgainstOutliers)
                best = other with { IsSplit = splits };
        }
        return best;
    }

    private Attempt Try(
        Graph graph, IReadOnlyList<IReadOnlyList<Tensor>> samples, UnsettledRanges unsettled, QuantizationOptions options,
        CancellationToken cancellation)
    {
        long before = Budget.Spent;
        var candidates = new QuantizableGraph(graph);
        var evaluator = new GraphEvaluator(graph);
        evaluator.RequireMemory();
        SelectedSamples chosen = Choose(graph, samples);
        long work = candidates.Work, statisticsWork = 2 * work * chosen.Count;
        double from = Budget.Share, share = (double)statisticsWork / Budget.Total;
        ActivationStatistics statistics = ActivationStatistics.Collect(evaluator, candidates.Candidates, candidates.Layers, chosen,
            done => Report(from + (share * done), "ranges"), cancellation);
        Budget.Count(statisticsWork);
        Probes probes = Probes.Take(graph, evaluator, chosen, cancellation);
        var noise = new OutputNoise(graph, evaluator, chosen, statistics.ExtremeSamples, _sharing, cancellation);
        Budget.Count(work * (probes.Count + noise.Count));
        // Second moments and what follows from them serve a further attempt on the same graph.
        (Graph? known, InputHessians hessians, RoundedWeights rounded) = _weights;
        if (!ReferenceEquals(known, graph))
            (hessians, rounded) = (InputHessians.Empty, new());
        (OperatorContext, DotProductLayer)[] compensated = !options.CompensatesRounding ? [] : [.. candidates.Nodes
            .Where(n => n.Form == IntegerForm.DotProduct && options.ReasonForFloat(n.Node) is null)
            .Select(n => (n.Context, n.Layer!))];
        if (compensated.Length > 0 && !ReferenceEquals(known, graph))
        {
            hessians = InputHessians.Collect(evaluator, compensated, chosen, cancellation);
            Budget.Count(work * chosen.Count);
        }
        _weights = (graph, hessians, rounded);
        var planner = new PrecisionPlanner(
            candidates, statistics, probes, noise, hessians, rounded, Budget, unsettled, options, text => Report(Budget.Share, text));
        long measured = Budget.Spent - before;
        PrecisionPlanner.Outcome outcome = options.Path is { } path ? planner.Plan(path, cancellation) : planner.Plan(cancellation);
        if (options.Path is null && planner.IsNoisy(outcome))
            outcome = planner.Tune(outcome, cancellation);
        return new(candidates, statistics, planner, outcome, measured + planner.CostOfPlan);
    }

    // Few models use up what they may.
    private void Report(double share, string what)
    {
        _reported = Math.Max(_reported, Math.Sqrt(Math.Min(share, 1)));
        progress?.Report(QuantizationTechnique.TechniqueName, _reported, what);
    }

    // Evenly spaced samples, no more than the option and the work allow.
    private SelectedSamples Choose(Graph graph, IReadOnlyList<IReadOnlyList<Tensor>> samples)
    {
        long macs = graph.Nodes.Sum(n => OperatorRegistry.Of(n).MultiplyAccumulates(OperatorContext.Of(graph, n)));
        long affordable = Math.Max(options.CalibrationBudget / Math.Max(macs, 1), 16);
        return SelectedSamples.Spread(
            samples, (int)Math.Min(Math.Min(affordable, Math.Max(options.MaximumSamples, 1)), samples.Count));
    }

    private static GraphQuantization AllFloat(Graph graph, Func<string, string> reason) => new(
        ImmutableSortedDictionary.Create<string, ActivationQuantization>(StringComparer.Ordinal),
        graph.Nodes.ToImmutableSortedDictionary(n => n.Name, n => new NodePrecision(false, reason(n.Name), null), StringComparer.Ordinal),
        ImmutableSortedDictionary.Create<string, WeightQuantization>(StringComparer.Ordinal));

    // The layers that cost most, with what the outputs would be without each.
    private Diagnostic Noisy(double decibels, double least, IReadOnlyList<(QuantizableNode Layer, double? Without)> costs)
    {
        string[] layers = [.. costs.Take(3).Select(c => $"{c.Layer.Node.OpType} '{c.Layer.Node.Name}'"
            + (c.Without is not { } without ? ""
                : double.IsFinite(without)
                    ? string.Create(CultureInfo.InvariantCulture, $" ({without:F1} dB with it in float32)")
                : " (no noise with it in float32)"))];
        return Diagnostic.Of(DiagnosticCatalog.NoisyOutputs, null,
            decibels.ToString("F1", CultureInfo.InvariantCulture), least.ToString("0.#", CultureInfo.InvariantCulture),
            string.Join(", ", layers),
            options.Precision == ModelPrecision.Int8
                ? "write Precision=\"Auto\", which keeps such layers in float32"
                : "write Precision=\"Float32\", or lower MinSignalToNoise");
    }

    // The layers of rules that give groups to nothing but layers without 4 bits. What a pattern reaches besides layers of 4 bits is no
    // fault: it keeps 8 bits for good reasons. Products of two activations have no weights.
    private IEnumerable<string> WithoutGroups(Graph graph, GraphQuantization quantization) => graph.Nodes
        .Where(n => n.Is<IDotProduct>() && n.HasInput(1) && graph.IsConstant(n.Inputs[1]))
        .GroupBy(n => options.Layers.GroupRuleOf(n.Origin))
        .Where(rule => rule.Key?.GroupSize > 0
            && !rule.Any(n => quantization.Weights.TryGetValue(n.Name, out WeightQuantization? weights) && HasFourBits(weights)))
        .SelectMany(rule => rule.Select(n => n.Origin))
        .Distinct(StringComparer.Ordinal);

    private static bool HasFourBits(WeightQuantization weights) =>
        weights.GroupInputs > 0 || WeightLevels.Fewest(weights.Values) != WeightLevels.Bits8;

    // How many layers have weights of few levels, and which have 8 bits.
    private string LevelsOfWeights(GraphQuantization quantization)
    {
        ILookup<WeightLevels, string> layers = quantization.Weights.ToLookup(
            w => w.Value.GroupInputs > 0 ? WeightLevels.Bits4 : WeightLevels.Fewest(w.Value.Values), w => $"'{w.Key}'");
        IEnumerable<WeightLevels> asked = options.Layers.Rules.Select(r => r.Precision).Append(options.Weights)
            .Where(p => p?.HasFewLevels() == true).Select(p => WeightLevels.Of(p!.Value));
        string[] few = [.. WeightLevels.Few.Where(l => layers.Contains(l) || asked.Contains(l))
            .Select(l => $"{layers[l].Count()} layers with {l.Name}")];
        string[] groups = [.. quantization.Weights.Where(w => w.Value.GroupInputs > 0)
            .Select(w => string.Create(CultureInfo.InvariantCulture, $"'{w.Key}' ({w.Value.GroupInputs})"))];
        return string.Join(", ", few)
            + (groups.Length > 0 ? "; with scales for groups of inputs: " + string.Join(", ", groups) : "")
            + (layers.Contains(WeightLevels.Bits8) ? "; of 8 bits: " + string.Join(", ", layers[WeightLevels.Bits8]) : "");
    }

    private static List<string> Notes(Graph graph, GraphQuantization quantization, double decibels)
    {
        int integer = quantization.Nodes.Values.Count(n => n.Integer);
        var notes = new List<string>
        {
            string.Create(
                CultureInfo.InvariantCulture,
                $"{integer} of {graph.Nodes.Length} nodes and {100 * quantization.IntegerMacShare(graph):F1} % of the "
                    + $"multiply-accumulates in integers"),
        };
        if (quantization.HasScalesOfModel)
            notes.Add("scales, zero points and the integers of the weights are the model's own: it is quantised already");
        if (double.IsFinite(decibels))
            notes.Add(string.Create(CultureInfo.InvariantCulture,
                $"signal to quantisation noise of the outputs on the calibration data: {decibels:F1} dB"));
        foreach (Node node in graph.Nodes)
            if (node.HasInput(0) && DynamicRange.IsDivided(GraphIndex.Of(graph).Producer(node.Inputs[0])))
                notes.Add($"{node.OpType} '{node.Name}' with a dynamic range");
        foreach (Node node in graph.Nodes)
            if (!quantization.Nodes[node.Name].Integer)
                notes.Add($"{node.OpType} '{node.Name}' in float32: {quantization.Nodes[node.Name].Reason}");
        return notes;
    }

    // How many nodes stay in float32 for which reason, the most frequent first; null where none computes on floats.
    private static string? FloatNodeSummary(Graph graph, GraphQuantization quantization)
    {
        var reasons = graph.Nodes
            .Where(n => !quantization.Nodes[n.Name].Integer
                && n.Outputs.Any(o => o.Length > 0 && graph.TypeOf(o).Element == ElementType.Float32))
            .GroupBy(n => quantization.Nodes[n.Name].Reason, StringComparer.Ordinal)
            .OrderByDescending(g => g.Count())
            .ThenBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => $"{g.Count()} ({g.Key}: {string.Join(", ", g.Take(3).Select(n => n.OpType + " '" + n.Name + "'"))}"
                + (g.Count() > 3 ? ", …)" : ")"))
            .ToList();
        return reasons.Count == 0 ? null : string.Join("; ", reasons);
    }

    /// <summary>A graph's statistics and plan.</summary>
    /// <param name="Graph">The graph.</param>
    /// <param name="Statistics">What its values are.</param>
    /// <param name="Planner">What made the plan.</param>
    /// <param name="Outcome">The plan.</param>
    /// <param name="Cost">The work of statistics and the first plan; a search beyond it asks by itself.</param>
    private sealed record Attempt(QuantizableGraph Graph, ActivationStatistics Statistics, PrecisionPlanner Planner,
        PrecisionPlanner.Outcome Outcome, long Cost)
    {
        /// <summary>Whether products are divided for their outliers: which ones and where, only statistics tell.</summary>
        public bool IsSplit { get; init; }
    }
}
