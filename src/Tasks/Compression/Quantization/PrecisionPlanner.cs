using System.Collections.Immutable;
using System.Globalization;
using System.Numerics;
using OptimizerBuild.Compression.Quantization.Calibration;
using OptimizerBuild.Compression.Quantization.Outliers;
using OptimizerBuild.Compression.Quantization.Prequantized;
using OptimizerBuild.Compression.Quantization.Synthetic;
using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Compression.SecondOrder;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>
/// Settles which nodes run in integers, starting from all that can: those are taken out whose integers are of no use, whose own
/// error is too large, and finally, while the outputs are too noisy, those between dot products that add most to it.
/// </summary>
internal sealed class PrecisionPlanner(
    QuantizableGraph graph, ActivationStatistics statistics, Probes probes, OutputNoise noise, InputHessians hessians,
        RoundedWeights rounded, WorkBudget budget, UnsettledRanges unsettled, QuantizationOptions options, Action<string> progress)
{
    // Bounds on the search for the nodes to blame for noisy outputs, counted in steps so that the outcome does not depend on speed.
    private const int MostRounds = 4;

    private const int MostCandidates = 8;

    // In dB: what a round must gain, and what a candidate with less work in float may fall behind the best.
    private const double LeastGain = 0.5;

    private const double Indifference = 1;

    // Outputs quieter than the threshold by this many dB are left as they are.
    private const double TuningMargin = 6;

    private const int MostTuned = 2;

    private const int MostLayersMeasured = 12;

    private const int TrialsInReserve = 10;

    private const double HalfNoise = 1;

    // Numbers beyond this stand for infinities (masks, maxima of nothing): levels that reach so far hold nothing of the values beside them.
    private const double GreatestRange = 1e30;

    private static readonly CalibrationMethod[] Methods =
        [CalibrationMethod.MinMax, CalibrationMethod.MeanSquaredError, CalibrationMethod.Percentile];

    /// <summary>What the first plan cost: no later one, which finds much of the work done, costs more.</summary>
    public long CostOfPlan { get; private set; }

    // What the dearest change of a plan cost so far; nearly all of a plan is known by then.
    private long _costOfChange;

    /// <summary>Plans the whole graph.</summary>
    public Outcome Plan(CancellationToken cancellation)
    {
        long before = budget.Spent;
        Outcome best = Plan(options.Calibration, cancellation);
        CostOfPlan = budget.Spent - before;
        if (IsFloat(best.Plan) || options.Precision != ModelPrecision.Auto)
            return best;

        // Choosing each range by the error at its readers cannot see what matters farther on (values that a later maximum selects,
        // for example). Where the outputs are noisy, one method for all tensors may do better.
        if (options.Calibration == CalibrationMethod.Auto)
            foreach (CalibrationMethod method in Methods)
            {
                if (best.Decibels >= options.OutputSignalToNoise + Indifference || !budget.Allows(CostOfPlan + Reserve))
                    break;
                Outcome other = Plan(method, cancellation);
                if (other.Decibels > best.Decibels + LeastGain)
                    best = other;
            }
        return Search(best, cancellation);
    }

    /// <summary>Plans the whole graph in the way that another quantisation found.</summary>
    public Outcome Plan(QuantizationPath path, CancellationToken cancellation)
    {
        long before = budget.Spent;
        Outcome outcome = Plan(path.Method, cancellation, path.Float);
        CostOfPlan = budget.Spent - before;
        return outcome;
    }

    /// <summary>Whether a plan's outputs are so noisy that more is tried.</summary>
    public bool IsNoisy(Outcome outcome) =>
        options.Precision == ModelPrecision.Auto && outcome.Decibels < options.OutputSignalToNoise + TuningMargin;

    /// <summary>
    /// Tries the ranges that the methods propose for the inputs of the noisiest dot products, one after the other, at the outputs.
    /// </summary>
    public Outcome Tune(Outcome best, CancellationToken cancellation)
    {
        QuantizableNode[] noisiest = [.. graph.Nodes
            .Where(n => n.Form == IntegerForm.DotProduct && best.Nodes.Contains(n))
            .Where(n => !DynamicRange.IsDivided(graph.Producer(n.Node.Inputs[0])?.Node))
            .OrderBy(n => best.Plan.Nodes[n.Node.Name].SignalToNoise ?? double.PositiveInfinity)
            .Take(MostTuned)];
        foreach (QuantizableNode node in noisiest)
        {
            if (!best.Nodes.Contains(node))
                continue;
            IReadOnlyList<string> members = best.Planners.Values.Group(node.Node.Inputs[0], best.Nodes);
            ActivationQuantization chosen = best.Plan.Values[node.Node.Inputs[0]];
            foreach (ActivationQuantization proposal in best.Planners.Ranges.Proposals(members, best.Nodes))
            {
                if (proposal == best.Plan.Values[node.Node.Inputs[0]] || !AllowsChange)
                    continue;
                best.Planners.Ranges.Fix(members, proposal);
                var nodes = new IntegerNodes(best.Nodes);
                long before = budget.Spent;
                GraphQuantization plan = Settle(nodes, best.Planners, cancellation);

                // A range so poor that its reader left the integers makes quiet outputs, too.
                if (plan.Weights.Count < best.Plan.Weights.Count)
                    continue;
                double reached = Decibels(plan, cancellation);
                Remember(before);
                if (reached > best.Decibels)
                    (best, chosen) = (best with { Nodes = nodes, Plan = plan, Decibels = reached }, proposal);
            }
            best.Planners.Ranges.Fix(members, chosen);
        }
        return best;
    }

    /// <summary>
    /// Puts dot products back into float32, those that cost the outputs most first: the fewest, found by bisection, with which the outputs
    /// are quiet enough. Where the budget is spent before they are found, those of the last step that was, at worst all.
    /// </summary>
    public Outcome Restore(Outcome start, double enough, CancellationToken cancellation)
    {
        QuantizableNode[] costly = [.. CostOfLayers(start, cancellation).Select(l => l.Layer)];
        string reason = string.Create(CultureInfo.InvariantCulture,
            $"outputs' signal to noise {start.Decibels:F1} dB with it, below {enough:F1} dB");
        (int tooFew, int suffices, Outcome? quiet) = (0, costly.Length, null);
        while (suffices - tooFew > 1 && budget.Allows(CostOfTrial))
        {
            int count = (tooFew + suffices) / 2;
            Outcome tried = Without(start, costly[..count], reason, cancellation);
            if (tried.Decibels >= enough)
                (suffices, quiet) = (count, tried);
            else
                tooFew = count;
        }
        if (quiet is not null)
            return quiet;
        Outcome none = Without(start, costly, reason, cancellation);
        // Where layers that have to stay in integers are what makes the outputs noisy, the others give their bytes for nothing.
        return none.Decibels < enough && graph.Nodes.Any(n => options.IsFixed(n.Node)) ? start : none;
    }

    /// <summary>
    /// The integer dot products with the outputs' signal-to-noise ratio, in dB, that there would be if the one layer alone ran in float32;
    /// those that bring most first. Where the budget does not suffice for all, those that are noisy by themselves are measured; the others
    /// follow in the order of their own noise with a ratio of null.
    /// </summary>
    public IReadOnlyList<(QuantizableNode Layer, double? Without)> CostOfLayers(Outcome outcome, CancellationToken cancellation)
    {
        QuantizableNode[] layers = [.. graph.Nodes
            .Where(n => n.SumsProducts && outcome.Nodes.Contains(n) && !options.IsFixed(n.Node))
            .OrderBy(n => outcome.Plan.Nodes[n.Node.Name].SignalToNoise ?? double.PositiveInfinity)];
        var measured = new List<(QuantizableNode Layer, double? Without)>();

        // Enough is left for what is done about it.
        while (measured.Count < Math.Min(layers.Length, MostLayersMeasured)
            && budget.Allows((1 + StepsOfBisection(layers.Length)) * CostOfTrial))
            measured.Add((layers[measured.Count], Without(outcome, [layers[measured.Count]], "", cancellation).Decibels));
        return [.. measured.OrderByDescending(l => l.Without), .. layers.Skip(measured.Count).Select(l => (l, (double?)null))];
    }

    /// <summary>
    /// What each precision of fewer levels costs the outputs in each layer that runs in integers and of which no rule says its precision,
    /// all other layers left as they are. Once a layer is so noisy that its outputs are half noise, still fewer levels are not tried.
    /// </summary>
    public IReadOnlyList<LayerBits> CostOfBits(Outcome outcome, CancellationToken cancellation)
    {
        double own = noise.Relative(outcome.Plan, cancellation);
        var costs = new List<LayerBits>();
        foreach (QuantizableNode node in graph.Nodes)
        {
            if (node.Form != IntegerForm.DotProduct || !outcome.Nodes.Contains(node) || options.IsFixed(node.Node))
                continue;
            int levels = outcome.Planners.Weights.LevelsOf(node).All.Length;
            foreach (ModelPrecision precision in (ModelPrecision[])[ModelPrecision.Int4, ModelPrecision.Ternary, ModelPrecision.Binary])
            {
                if (WeightLevels.Of(precision).All.Length >= levels)
                    continue;
                double reached = outcome.Planners.Weights.Try(node, WeightLevels.Of(precision), () =>
                    noise.Relative(Settle(new(outcome.Nodes), outcome.Planners, cancellation), cancellation));
                costs.Add(new(node.Node.Origin, precision, Math.Max(reached - own, 0), node.Layer!.Weights.Length));
                if (reached > HalfNoise)
                    break;
            }
        }
        return costs;
    }

    /// <summary>Work that is left for layers that have to go back into float32, whatever else is tried before.</summary>
    public long Reserve => options.LeastOutputSignalToNoise is null ? 0
        : Math.Min(TrialsInReserve, 1 + StepsOfBisection(graph.Nodes.Count(n => n.SumsProducts))) * CostOfTrial;

    // Other ranges at the borders between float and integer nodes, and the outputs of all.
    private long CostOfTrial => 2 * noise.Count * graph.Work;

    private static long StepsOfBisection(int layers) => BitOperations.Log2((uint)layers + 1) + 1;

    // Whether enough is left for a change of a plan, and for layers that have to go back into float32 all the same.
    private bool AllowsChange => budget.Allows(Math.Max(CostOfTrial, _costOfChange) + Reserve);

    private void Remember(long spentBefore) => _costOfChange = Math.Max(_costOfChange, budget.Spent - spentBefore);

    private Outcome Without(Outcome outcome, QuantizableNode[] layers, string reason, CancellationToken cancellation)
    {
        var fewer = new IntegerNodes(outcome.Nodes);
        foreach (QuantizableNode layer in layers)
            fewer.Remove(layer, reason);
        GraphQuantization plan = Settle(fewer, outcome.Planners, cancellation);
        return new(fewer, plan, DecibelsIfNoisy(plan, cancellation), 0, outcome.Planners);
    }

    private Outcome Plan(
        CalibrationMethod method, CancellationToken cancellation, ImmutableSortedDictionary<string, string>? known = null)
    {
        var ranges = new RangeChooser(graph, statistics, probes, budget, unsettled, options with { Calibration = method });
        var planners = new Planners(method, ranges, new ValuePlanner(graph, ranges),
            new WeightPlanner(graph, statistics, probes, hessians, rounded, budget, options));
        var nodes = new IntegerNodes(graph);
        foreach (QuantizableNode node in graph.Nodes.Where(nodes.Contains))
            if (node.Form == IntegerForm.Levels)
                nodes.Remove(node, OwnScales.Rounds);
            else if (options.ReasonForFloat(node.Node) is { } reason)
                nodes.Remove(node, reason);
            else if (known?.GetValueOrDefault(node.Node.Name) is { } found)
                nodes.Remove(node, found);
            else if (node.Inputs.Concat(node.Outputs).Select(statistics.Histogram).Any(h => Math.Max(-h.Low, h.High) > GreatestRange))
                nodes.Remove(node, "values as great as infinities");
            else if (AddsUnseenMask(node))
                nodes.Remove(node, "adds what was 0 in all calibration data");
            else if (node.Inputs.Any(unsettled.Contains)
                || (node.Outputs.Any(unsettled.Contains) && !node.HasSums))
                nodes.Remove(node, OriginOfRanges.UnknownRange);
        GraphQuantization plan = Settle(nodes, planners, cancellation);
        return new(nodes, plan, DecibelsIfNoisy(plan, cancellation), 0, planners);
    }

    // Whether a node adds what follows from the model's inputs without any layer and was never other than 0: a mask of nothing. Its range
    // says nothing about what it will be.
    private bool AddsUnseenMask(QuantizableNode node) =>
        node.Form == IntegerForm.Rescale && node.Node.Is<ISumOfTwoValues>() && node.Inputs.Length == 2
            && node.Inputs.Any(i => statistics.Histogram(i) is { Low: 0, High: 0 } && !graph.ComesFromLayer(i));

    // Puts the nodes between dot products that add most noise back into float, until the outputs are quiet enough.
    private Outcome Search(Outcome best, CancellationToken cancellation)
    {
        for (int round = 0; round < MostRounds && best.Decibels < options.OutputSignalToNoise; round++)
        {
            // The noisiest segments are tried; the order of equally noisy ones is that of the graph.
            var outcomes = new List<Outcome>();
            IEnumerable<IReadOnlyList<QuantizableNode>> suspects = best.Nodes.Segments()
                .Where(s => !s.Any(n => options.IsFixed(n.Node)))
                .OrderBy(s => s.Min(n => best.Plan.Nodes[n.Node.Name].SignalToNoise ?? double.PositiveInfinity))
                .SelectMany(Parts)
                .Take(MostCandidates);
            foreach (IReadOnlyList<QuantizableNode> candidate in suspects)
            {
                if (!AllowsChange)
                    break;
                long before = budget.Spent;
                var fewer = new IntegerNodes(best.Nodes);
                foreach (QuantizableNode node in candidate)
                    fewer.Remove(node, string.Create(CultureInfo.InvariantCulture,
                        $"outputs' signal to noise {best.Decibels:F1} dB with it"));
                GraphQuantization without = Settle(fewer, best.Planners, cancellation);
                outcomes.Add(new(fewer, without, Decibels(without, cancellation), candidate.Sum(Work), best.Planners));
                Remember(before);
            }
            double reached = outcomes.Select(o => o.Decibels).DefaultIfEmpty(double.NegativeInfinity).Max();
            if (reached <= best.Decibels + LeastGain)
                break;
            double enough = Math.Min(reached, options.OutputSignalToNoise + Indifference) - Indifference;
            best = outcomes.Where(o => o.Decibels >= enough && o.Decibels > best.Decibels).MinBy(o => o.Work)!;
        }
        return best;
    }

    // A segment as a whole, and those of its nodes that work on small tensors only: statistics of a normalisation, for example,
    // cost next to nothing in float.
    private IEnumerable<IReadOnlyList<QuantizableNode>> Parts(IReadOnlyList<QuantizableNode> segment)
    {
        yield return segment;
        long largest = segment.Max(Work);
        QuantizableNode[] small = [.. segment.Where(n => Work(n) <= largest / 8)];
        if (small.Length > 0)
            yield return small;
    }

    // Without integers only shared weights make noise.
    private double DecibelsIfNoisy(GraphQuantization plan, CancellationToken cancellation) =>
        IsFloat(plan) && graph.Nodes.All(n => options.ClustersOf(n.Node) == 0)
            ? double.PositiveInfinity : Decibels(plan, cancellation);

    // Whether nothing sums products in integers.
    private bool IsFloat(GraphQuantization plan) =>
        plan.Weights.IsEmpty && !graph.Nodes.Any(n => n.Form == IntegerForm.Product && plan.Nodes[n.Node.Name].Integer);

    private double Decibels(GraphQuantization plan, CancellationToken cancellation)
    {
        progress("outputs");
        budget.Count(noise.Count * graph.Work);
        return noise.Decibels(plan, cancellation);
    }

    private long Work(QuantizableNode node) => node.Inputs.Concat(node.Outputs).Max(v => (long)graph.Graph.TypeOf(v).Count);

    // Takes nodes out until all that are left are of use and accurate by themselves.
    private GraphQuantization Settle(IntegerNodes nodes, Planners planners, CancellationToken cancellation)
    {
        bool automatic = options.Precision == ModelPrecision.Auto;
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            nodes.RemoveReadRows();
            if (automatic)
                nodes.Settle();
            ImmutableSortedDictionary<string, ActivationQuantization> plan = planners.Values.Plan(nodes, planners.Weights.Scales);
            bool changed = false;
            var precisions = ImmutableSortedDictionary.CreateBuilder<string, NodePrecision>(StringComparer.Ordinal);
            var weights = ImmutableSortedDictionary.CreateBuilder<string, WeightQuantization>(StringComparer.Ordinal);
            foreach (QuantizableNode node in graph.Nodes)
            {
                if (!nodes.Contains(node))
                {
                    precisions[node.Node.Name] = new(false, nodes.Reason(node), null);
                    continue;
                }
                cancellation.ThrowIfCancellationRequested();
                progress("weights");
                QuantizableNode settled = ValuePlanner.Settled(node, plan);
                (WeightQuantization? own, double decibels) = planners.Weights.Measure(settled, plan);
                precisions[node.Node.Name] = new(true, "", double.IsFinite(decibels) ? decibels : null);
                if (own is not null)
                    weights[node.Node.Name] = own;
                if (!automatic || decibels >= options.SignalToNoiseThreshold || planners.Weights.IsFixed(node))
                    continue;
                if (planners.Weights.Widen(settled))
                {
                    changed = true;
                }
                else if (!planners.Weights.IsQuietWithAllLevels(settled, plan))
                {
                    nodes.Remove(node, string.Create(
                        CultureInfo.InvariantCulture, $"signal to noise {decibels:F1} dB below {options.SignalToNoiseThreshold:F1} dB"));
                    changed = true;
                }
            }
            if (!changed)
                return new(plan, precisions.ToImmutable(), weights.ToImmutable());
        }
    }

    /// <summary>What chooses ranges, quantisations of values and weights, with what it remembers of earlier choices.</summary>
    internal sealed record Planners(CalibrationMethod Method, RangeChooser Ranges, ValuePlanner Values, WeightPlanner Weights);

    /// <summary>A plan, how noisy its outputs are, the work it moved to float, and what made it.</summary>
    internal sealed record Outcome(IntegerNodes Nodes, GraphQuantization Plan, double Decibels, long Work, Planners Planners);
}
