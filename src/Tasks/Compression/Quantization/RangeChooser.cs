using OptimizerBuild.Compression.Quantization.Calibration;
using OptimizerBuild.Compression.Quantization.Outliers;
using OptimizerBuild.Compression.Quantization.Simulation;
using OptimizerBuild.Compression.Quantization.Synthetic;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Recurrent;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>
/// Chooses the u8 quantisation of a group of values. Under <see cref="CalibrationMethod.Auto"/> every method proposes a range and
/// the one with the least error at the readers wins: each node that reads the group is evaluated in float on the probes with that
/// one input quantised, and the noise in its output is taken in proportion to the output; where a float node or the caller
/// reads the value, the value's own noise counts.
/// </summary>
internal sealed class RangeChooser : IRanges
{
    // e^−12 is nothing beside 1/256, e^−24 nothing in Q30.
    private static readonly float[] ScoreDepths = [12, 24];

    private readonly QuantizableGraph _graph;
    private readonly ActivationStatistics _statistics;
    private readonly Probes _probes;
    private readonly WorkBudget _budget;
    private readonly UnsettledRanges _unsettled;
    private readonly IRangeObserver[] _observers;
    private readonly Dictionary<string, ActivationQuantization> _chosen = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ActivationQuantization> _fixed = new(StringComparer.Ordinal);

    /// <summary>Prepares the choice.</summary>
    public RangeChooser(
        QuantizableGraph graph, ActivationStatistics statistics, Probes probes, WorkBudget budget, UnsettledRanges unsettled,
        QuantizationOptions options)
    {
        _unsettled = unsettled;
        _budget = budget;
        _graph = graph;
        _statistics = statistics;
        _probes = probes;
        IRangeObserver[] all =
        [
            new MinMaxObserver(),
            new PercentileObserver(options.Percentile),
            new EntropyObserver(),
            new MeanSquaredErrorObserver(),
        ];
        _observers = options.Calibration == CalibrationMethod.Auto ? all : [.. all.Where(o => o.Method == options.Calibration)];
    }

    /// <summary>All quantisations that some method proposes for a group, wide and narrow percentiles among them.</summary>
    public IReadOnlyList<ActivationQuantization> Proposals(IReadOnlyList<string> members, IntegerNodes nodes)
    {
        Histogram values = _statistics.Merged(Ends(members, nodes));
        IRangeObserver[] all =
        [
            new MinMaxObserver(), new PercentileObserver(0.99999), new PercentileObserver(0.9999), new PercentileObserver(0.999),
                new MeanSquaredErrorObserver(),
        ];
        return [.. all.Select(o => o.Choose(values).ToQuantization()).Distinct()];
    }

    /// <summary>Settles a group's quantisation.</summary>
    public void Fix(IReadOnlyList<string> members, ActivationQuantization quantization)
    {
        foreach (string member in members)
            _fixed[member] = quantization;
    }

    /// <inheritdoc/>
    public ActivationQuantization Choose(IReadOnlyList<string> members, IntegerNodes nodes)
    {
        if (_fixed.TryGetValue(members[0], out ActivationQuantization? settled))
            return settled;
        string[] ends = Ends(members, nodes);
        string key = string.Join('\n',
            ends.Select(e => e + "\t"
                + string.Join('\t', _graph.Readers(e).Where(r => !IsInside(r, nodes)).Select(r => r.Node.Name + nodes.Contains(r)))));
        if (_chosen.TryGetValue(key, out ActivationQuantization? known))
            return known;
        Histogram values = _statistics.Merged(ends);
        bool divided = members.Any(m => DynamicRange.IsDivided(_graph.Producer(m)?.Node));

        // Made-up samples do not tell how far a divided value reaches below 0, but it never leaves −1 to 1.
        if (divided && !_unsettled.IsEmpty)
            return _chosen[key] = ActivationRange.Of(members.All(_graph.IsNonNegative) ? 0 : -1, 1).ToQuantization();
        // Samples of one step do not tell how far a state reaches after many.
        if (members.Any(IsCarriedState))
            return _chosen[key] = ActivationRange.Of(-1, 1).ToQuantization();
        IRangeObserver[] observers = divided ? [new MinMaxObserver()] : _observers;
        ActivationQuantization[] candidates =
            [.. observers.Select(o => o.Choose(values)).Concat(BelowScores(ends, values)).Select(r => r.ToQuantization()).Distinct()];
        ActivationQuantization best = candidates[0];
        if (candidates.Length > 1)
        {
            double least = double.PositiveInfinity;
            foreach (ActivationQuantization candidate in candidates)
            {
                double error = Error(ends, candidate, nodes);
                if (error < least)
                    (least, best) = (error, candidate);
            }
        }
        return _chosen[key] = best;
    }

    // Scores from which a mask takes very much: what lies so far below the greatest that Softmax makes nothing of it may be cut off.
    private IEnumerable<ActivationRange> BelowScores(string[] ends, Histogram values) =>
        ends.Any(_graph.IsScores)
            ? ScoreDepths.Where(d => values.Low < values.High - (2 * d)).Select(d => ActivationRange.Of(values.High - d, values.High))
            : [];

    // The values of a group that something outside it reads.
    private string[] Ends(IReadOnlyList<string> members, IntegerNodes nodes)
    {
        // Moving, selecting and taking the maximum commute with clipping, so that only what leaves the group counts.
        string[] ends = [.. members.Where(m => _graph.IsOutput(m) || _graph.Readers(m).Any(r => !IsInside(r, nodes)))];
        if (ends.Length == 0)
            ends = [.. members];
        return ends;
    }

    private double Error(string[] ends, ActivationQuantization candidate, IntegerNodes nodes)
    {
        double error = 0;
        foreach (string end in ends)
        {
            QuantizableNode[] readers = [.. _graph.Readers(end).Where(r => !IsInside(r, nodes))];
            long bytes = 3L * sizeof(float) * _graph.Graph.TypeOf(end).Count;
            if (readers.Any(r => !nodes.Contains(r)) || _graph.IsOutput(end))
                error += _probes.Measure(bytes, i => ErrorPower.Between(Rounded(i, end, candidate), _probes.Value(i, end))).Relative;
            foreach (QuantizableNode reader in readers.Where(nodes.Contains))
            {
                _budget.Count(_probes.Count * reader.Work);
                error += _probes.Measure(bytes + reader.Bytes, i =>
                {
                    Tensor rounded = Rounded(i, end, candidate);
                    Tensor[] outputs = _probes.Evaluate(reader, i, n => n == end ? rounded : null);
                    return ErrorPower.Between(outputs[0], _probes.Value(i, reader.Node.Outputs[0]));
                }).Relative;
            }
        }
        return error;
    }

    // The hidden state of a layer that takes its first state from the caller, who may hand back the last one of the call before.
    private bool IsCarriedState(string value) =>
        _graph.Producer(value)?.Node is { } node && node.As<RecurrentOperator>() is { } layer && node.HasInput(4)
        && !_graph.Graph.IsConstant(node.Inputs[4]) && node.Outputs.IndexOf(value) < 2 && layer.IsBounded(node);

    private Tensor Rounded(int probe, string value, ActivationQuantization candidate) =>
        QuantizedTensor.Of(_probes.Value(probe, value), candidate).ToFloat();

    private static bool IsInside(QuantizableNode reader, IntegerNodes nodes) =>
        reader.Form == IntegerForm.SameScale && nodes.Contains(reader);
}
