using System.Collections.Immutable;
using System.Globalization;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>
/// Settles which nodes run in integers, starting from all that can: those are taken out whose integers are of no use, whose own
/// error is too large, and finally, while the outputs are too noisy, those between dot products that add most to it.
/// </summary>
internal sealed class PrecisionPlanner(
    QuantizableGraph graph, ActivationStatistics statistics, Probes probes, OutputNoise noise, QuantizationOptions options)
{
    // Bounds on the search for the nodes to blame for noisy outputs, counted in steps so that the outcome does not depend on speed.
    private const int MostRounds = 6;

    private const int MostSegments = 24;

    private const double LeastGain = 0.5;

    private readonly ValuePlanner _values = new(graph, new RangeChooser(graph, statistics, probes, options));

    private readonly WeightPlanner _weights = new(graph, statistics, probes, options);

    /// <summary>Plans the whole graph.</summary>
    public GraphQuantization Plan(CancellationToken cancellation)
    {
        var nodes = new IntegerNodes(graph);
        GraphQuantization best = Settle(nodes, cancellation);
        if (options.Precision != QuantizationPrecision.Auto || best.Weights.IsEmpty)
            return best;
        double decibels = noise.Decibels(best, cancellation);
        for (int round = 0; round < MostRounds && decibels < options.OutputSignalToNoise; round++)
        {
            (IntegerNodes Nodes, GraphQuantization Plan, double Decibels)? better = null;
            foreach (IReadOnlyList<QuantizableNode> segment in nodes.Segments().Take(MostSegments))
            {
                var fewer = new IntegerNodes(nodes);
                foreach (QuantizableNode node in segment)
                    fewer.Remove(node, string.Create(CultureInfo.InvariantCulture, $"outputs' signal to noise {decibels:F1} dB with it"));
                GraphQuantization plan = Settle(fewer, cancellation);
                double reached = noise.Decibels(plan, cancellation);
                if (reached > (better?.Decibels ?? decibels + LeastGain))
                    better = (fewer, plan, reached);
            }
            if (better is null)
                break;
            (nodes, best, decibels) = better.Value;
        }
        return best;
    }

    // Takes nodes out until all that are left are of use and accurate by themselves.
    private GraphQuantization Settle(IntegerNodes nodes, CancellationToken cancellation)
    {
        bool automatic = options.Precision == QuantizationPrecision.Auto;
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            if (automatic)
                nodes.Settle();
            ImmutableSortedDictionary<string, ActivationQuantization> plan = _values.Plan(nodes, _weights.Scales);
            bool removed = false;
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
                (WeightQuantization? own, double decibels) = _weights.Measure(ValuePlanner.Settled(node, plan), plan);
                precisions[node.Node.Name] = new(true, "", double.IsFinite(decibels) ? decibels : null);
                if (own is not null)
                    weights[node.Node.Name] = own;
                if (automatic && decibels < options.SignalToNoiseThreshold)
                {
                    nodes.Remove(node, string.Create(
                        CultureInfo.InvariantCulture, $"signal to noise {decibels:F1} dB below {options.SignalToNoiseThreshold:F1} dB"));
                    removed = true;
                }
            }
            if (!removed)
                return new(plan, precisions.ToImmutable(), weights.ToImmutable());
        }
    }
}
