using OptimizerBuild.Compression.Quantization.Calibration;
using OptimizerBuild.Compression.Quantization.Simulation;
using OptimizerBuild.Compression.SecondOrder;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.Quantization.Weights;

/// <summary>
/// Rounds the weights of each dot product and measures each integer node by itself: its float inputs rounded as planned, its
/// integer arithmetic, its output beside the float node's on the probes. Between the ways of rounding weights the measure decides.
/// </summary>
internal sealed class WeightPlanner(
    QuantizableGraph graph, ActivationStatistics statistics, Probes probes, InputHessians hessians, RoundedWeights rounded,
    WorkBudget budget, QuantizationOptions options)
{
    // What the integers of another layer may cost, which save all of a layer's bytes: as much as compensated rounding gains.
    private const double GreatestLossOfSharing = 3;

    // Noise of rounding to 4 bits, in proportion to the output's power, beyond which a layer keeps 8: 10 dB.
    private const double GreatestNoise = 0.1;

    // What weights of a training in floats are apart from the signs that they stand for.
    private const double NoiseOfFloats = 1e-6;

    // How often the scales of signs are fitted to the signs that they lead to.
    private const int RoundsOfSigns = 3;

    private (string Node, CompensatedWalk[] Walks) _walks = ("", []);
    private readonly Dictionary<string, (string Key, double Decibels)> _withAllLevels = new(StringComparer.Ordinal);

    private EqualLayers? _equal;

    private (string Node, WeightLevels Levels) _tried = ("", WeightLevels.Bits8);

    // What layers have that turned out to need more levels than they were to have.
    private readonly Dictionary<string, WeightLevels> _wider = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string Key, WeightQuantization? Weights, double Decibels)> _measured = new(StringComparer.Ordinal);

    /// <summary>The weight scales of a dot product whose input is quantised so.</summary>
    public IReadOnlyList<double> Scales(QuantizableNode node, ActivationQuantization input) =>
        WeightQuantizer.WithBias(node.Layer!, Rows(node), input.Scale, null).Scales;

    /// <summary>The weights of a node, null where it has none, and its signal-to-noise ratio in dB.</summary>
    /// <param name="node">The node, in the form it takes.</param>
    /// <param name="values">The plan of all values.</param>
    public (WeightQuantization? Weights, double Decibels) Measure(
        QuantizableNode node, IReadOnlyDictionary<string, ActivationQuantization> values)
    {
        string key = Key(node, values);
        if (_measured.TryGetValue(node.Node.Name, out (string Key, WeightQuantization? Weights, double Decibels) known) && known.Key == key)
            return (known.Weights, known.Decibels);

        WeightQuantization? best = null;
        double highest;
        if (node.Form == IntegerForm.Recurrent)
        {
            best = new(Rows(node).Values, [.. Rows(node).Scales], new int[node.Layer!.Channels]);
            highest = Decibels(node, best);
        }
        else if (node.Layer is null)
        {
            highest = Decibels(node, values, null);
        }
        else
        {
            (best, highest) = Choose(node, values);
            bool fits = AccumulatorBound.Holds(node.Layer, best, values[node.Node.Inputs[0]].ZeroPoint);
            best = best with { Layout = WeightLayout.Of(node, IsWide(node, values), addsBlocks: !fits) };
        }
        _measured[node.Node.Name] = (key, best, highest);
        return (best, highest);
    }

    /// <summary>Gives a layer other levels for a trial, however noisy they are.</summary>
    /// <param name="node">The layer.</param>
    /// <param name="levels">The levels.</param>
    /// <param name="trial">What is done meanwhile.</param>
    public T Try<T>(QuantizableNode node, WeightLevels levels, Func<T> trial)
    {
        string name = node.Node.Name;
        bool isKnown = _measured.Remove(name, out (string Key, WeightQuantization? Weights, double Decibels) known);
        _tried = (name, levels);
        T result = trial();
        _tried = ("", WeightLevels.Bits8);
        _measured.Remove(name);
        if (isKnown)
            _measured[name] = known;
        return result;
    }

    /// <summary>Whether a layer keeps its levels, however noisy they are: a rule says them, or they are tried.</summary>
    public bool IsFixed(QuantizableNode node) => options.IsFixed(node.Node) || node.Node.Name == _tried.Node;

    /// <summary>The levels that a layer has, as far as is known.</summary>
    public WeightLevels LevelsOf(QuantizableNode node)
    {
        if (node.Form != IntegerForm.DotProduct)
            return WeightLevels.Bits8;
        if (node.Node.Name == _tried.Node)
            return _tried.Levels;
        if (!_wider.TryGetValue(node.Node.Name, out WeightLevels? levels))
        {
            levels = WeightLevels.Of(options.WeightsOf(node.Node));
            if (levels.IsSigns && !options.IsFixed(node.Node) && NeedsManyLevels(node))
                _wider[node.Node.Name] = levels = WeightLevels.Bits8;
        }
        return levels;
    }

    /// <summary>Gives a layer of 4 bits 8 bits from now on: its scales and all that was measured of it are made anew.</summary>
    /// <returns>Whether it had 4 bits.</returns>
    public bool Widen(QuantizableNode node)
    {
        string name = node.Node.Name;
        if (LevelsOf(node) != WeightLevels.Bits4)
            return false;
        _wider[name] = WeightLevels.Bits8;
        _measured.Remove(name);
        return true;
    }

    /// <summary>
    /// Whether a layer that is too noisy is so by its few levels alone: those that its weights share, which they would in float32, too, so
    /// that nothing is gained there, or signs, which whoever asks for them knows to be coarse.
    /// </summary>
    /// <param name="node">The node, in the form it takes.</param>
    /// <param name="values">The plan of all values.</param>
    public bool IsQuietWithAllLevels(QuantizableNode node, IReadOnlyDictionary<string, ActivationQuantization> values)
    {
        if (node.Form != IntegerForm.DotProduct || (options.ClustersOf(node.Node) == 0 && !LevelsOf(node).IsSigns))
            return false;
        string key = Key(node, values);
        if (!_withAllLevels.TryGetValue(node.Node.Name, out (string Key, double Decibels) known) || known.Key != key)
        {
            QuantizedRows rows = WeightQuantizer.Round(node.Layer!, SearchMoments(node), options.CorrectBiases);
            WeightQuantization weights = WeightQuantizer.WithBias(
                node.Layer!, rows, values[node.Node.Inputs[0]].Scale, options.CorrectBiases ? Moments(node) : null);
            _withAllLevels[node.Node.Name] = known = (key, Decibels(node, values, weights));
        }
        return known.Decibels >= options.SignalToNoiseThreshold;
    }

    private static string Key(QuantizableNode node, IReadOnlyDictionary<string, ActivationQuantization> values) =>
        node.Form + "\n" + string.Join('\n', node.Inputs.Concat(node.Constants).Concat(node.Outputs).Select(v => values[v]));

    // Biases as they are or corrected, whichever is more accurate; pairs bounded where that costs little.
    private (WeightQuantization Weights, double Decibels) Choose(
        QuantizableNode node, IReadOnlyDictionary<string, ActivationQuantization> values)
    {
        double scale = values[node.Node.Inputs[0]].Scale;
        ChannelMoments? correction = null;
        (WeightQuantization Weights, double Decibels) best = Measured(Rows(node));
        QuantizedRows? compensated = Compensated(node);
        if (compensated is not null && Measured(compensated) is var walked && walked.Decibels > best.Decibels)
            best = walked;
        else
            compensated = null;
        if (options.CorrectBiases)
        {
            correction = Moments(node);
            (WeightQuantization Weights, double Decibels) corrected = Measured(compensated ?? Rows(node));
            if (corrected.Decibels > best.Decibels)
                best = corrected;
            else
                correction = null;
        }
        (WeightQuantization Weights, double Decibels)? held = null;
        foreach (QuantizedRows rows in Bounded(node, best.Weights.Values, IsWide(node, values)))
            if (Measured(rows) is var bounded && bounded.Decibels > (held?.Decibels ?? (best.Decibels - options.GreatestLossOfPairSums)))
                held = bounded;
        best = held ?? best;

        // Integers that another layer has as well are stored once.
        return Shared(node) is { } shared && Measured(shared) is var equal && equal.Decibels > best.Decibels - GreatestLossOfSharing
            ? equal : best;

        (WeightQuantization Weights, double Decibels) Measured(QuantizedRows rows)
        {
            WeightQuantization weights = WeightQuantizer.WithBias(node.Layer!, rows, scale, correction);
            return (weights, Decibels(node, values, weights));
        }
    }

    // What reads the model's inputs and what makes its outputs takes few of the bytes and most of the harm (M. Rastegari et al. 2016,
    // arXiv 1603.05279, section 4), and so do depthwise layers, of which each output has a few weights; unless they are signs anyway.
    private bool NeedsManyLevels(QuantizableNode node)
    {
        DotProductLayer layer = node.Layer!;
        bool isDepthwise = layer.Groups > 1 && layer.Groups == layer.InputChannels;
        WeightLevels levels = WeightLevels.Of(options.WeightsOf(node.Node));
        return (graph.IsOuter(node) || isDepthwise)
            && WeightQuantizer.Noise(layer, WeightQuantizer.Round(layer, null, false, levels: levels), null) > NoiseOfFloats;
    }

    private QuantizedRows Rows(QuantizableNode node) =>
        rounded.Nearest(node.Node.Name, LevelsOf(node), () => (Nearest(node), LevelsOf(node)));

    // Each weight to the nearest of the levels that the layer may have.
    private QuantizedRows Nearest(QuantizableNode node)
    {
        DotProductLayer layer = node.Layer!;
        ChannelMoments? moments = SearchMoments(node);
        bool isDotProduct = node.Form == IntegerForm.DotProduct;
        string name = node.Node.Name;
        QuantizedRows rows = Rounded(LevelsOf(node));
        if (rows.Levels == WeightLevels.Bits4 && !IsFixed(node)
            && WeightQuantizer.Noise(layer, rows, moments) > GreatestNoise)
        {
            _wider[name] = WeightLevels.Bits8;
            rows = Rounded(WeightLevels.Bits8);
        }
        if (options.ClustersOf(node.Node) == 0 || !isDotProduct || rows.Levels.IsSigns)
            return rows;
        (WeightLevels levels, double[] scales) = SharedLevels.Fit(layer, rows, moments, options.ClustersOf(node.Node));
        return WeightQuantizer.Round(layer, scales, null, levels, null);

        QuantizedRows Rounded(WeightLevels levels) =>
            WeightQuantizer.Round(layer, moments, options.CorrectBiases, levels: levels,
                groupInputs: levels == WeightLevels.Bits4 ? GroupInputs(node) : 0);
    }

    private int GroupInputs(QuantizableNode node) =>
        node.Form == IntegerForm.DotProduct && options.ClustersOf(node.Node) == 0
            ? GroupFactors.InputsFor(node.Layer!, options.GroupSizeOf(node.Node)) : 0;

    // The integers of an earlier layer of equal weights; null where there is none, or it is still to be measured.
    private QuantizedRows? Shared(QuantizableNode node)
    {
        _equal ??= new(graph);
        if (_equal.OriginalOf(node) is not ({ } original, > 0 and var factor) || LevelsOf(original) != LevelsOf(node)
            || options.ClustersOf(node.Node) != options.ClustersOf(original.Node) || GroupInputs(node) != GroupInputs(original)
            || !_measured.TryGetValue(original.Node.Name, out (string Key, WeightQuantization? Weights, double Decibels) known)
            || known.Weights is not { } weights)
            return null;
        return new([.. weights.Values], [.. weights.Scales.Select(s => ActivationRange.RepresentableScale(s * factor))])
        {
            Levels = LevelsOf(node),
            Factors = Rows(original).Factors,
        };
    }

    // Null where nothing is known of the inputs.
    private QuantizedRows? Compensated(QuantizableNode node)
    {
        if (!options.CompensatesRounding || !hessians.Has(node.Node.Name))
            return null;
        QuantizedRows nearest = Rows(node);
        return rounded.Compensated(node.Node.Name, LevelsOf(node), () =>
        {
            QuantizedRows rows = Walked(nearest.Scales);
            if (rows.Levels.IsSigns)
                for (int round = 0; round < RoundsOfSigns; round++)
                    rows = Walked(SignScales.Fit(node.Layer!, rows, g => hessians.Damped(node.Node.Name, g)!));
            return rows;
        });

        QuantizedRows Walked(double[] scales) =>
            WeightQuantizer.Round(node.Layer!, (double[])scales.Clone(), null, nearest.Levels, Walks(node), nearest.Factors);
    }

    // They cost much: the layer that is looked at keeps its own.
    private CompensatedWalk[] Walks(QuantizableNode node)
    {
        if (_walks.Node != node.Node.Name)
            _walks = (node.Node.Name, [.. Enumerable.Range(0, node.Layer!.Groups)
                .Select(g => new CompensatedWalk(hessians.Damped(node.Node.Name, g)!))]);
        return _walks.Walks;
    }

    // Weights whose pairs keep the bound, to the nearest level and compensated; none where pairs are left free, or those at hand keep the
    // bound anyway. It would undo shared values; weights of 4 bits keep it always.
    private IEnumerable<QuantizedRows> Bounded(QuantizableNode node, sbyte[] atHand, bool isWide)
    {
        if (options.PairSums != PairSums.Bounded || LevelsOf(node) != WeightLevels.Bits8 || options.ClustersOf(node.Node) > 0)
            return [];
        PairBound bound = rounded.Bound(node.Node.Name, isWide, () => PairBound.Of(node, isWide, Moments(node)));
        return bound.Holds(atHand) ? [] : rounded.Bounded(node.Node.Name, isWide, () =>
        {
            QuantizedRows nearest = WeightQuantizer.Round(node.Layer!, SearchMoments(node), options.CorrectBiases, bound);
            return !options.CompensatesRounding || !hessians.Has(node.Node.Name) ? [nearest]
                : [nearest, Walked(nearest.Scales), Walked(Rows(node).Scales)];
        });

        QuantizedRows Walked(double[] scales) =>
            WeightQuantizer.Round(node.Layer!, (double[])scales.Clone(), bound, WeightLevels.Bits8, Walks(node));
    }

    private static bool IsWide(QuantizableNode node, IReadOnlyDictionary<string, ActivationQuantization> values) =>
        values[node.Node.Outputs[0]].Type == ActivationType.S32;

    // Of states no moments are known, as they are no values of the graph.
    private ChannelMoments? SearchMoments(QuantizableNode node) =>
        options.SearchWeightScales && node.Form == IntegerForm.DotProduct ? Moments(node) : null;

    private ChannelMoments Moments(QuantizableNode node) => statistics.Moments(node.Node.Inputs[0], node.Layer!);

    private double Decibels(QuantizableNode node, IReadOnlyDictionary<string, ActivationQuantization> values, WeightQuantization? weights)
    {
        IntegerNode integer = IntegerNode.Create(graph.Graph, node, values, weights);
        budget.Count(probes.Count * node.Work);
        return probes.Measure(3 * node.Bytes, i =>
        {
            QuantizedTensor[] outputs = integer.Evaluate([.. node.Node.Inputs.Select((name, n) =>
                name.Length > 0 && node.Context.InputConstants[n] is null
                    && node.Inputs.Contains(name) ? Rounded(i, name, values[name]) : null)]);
            var power = default(ErrorPower);
            for (int o = 0; o < outputs.Length; o++)
                if (node.Node.Outputs[o].Length > 0)
                    power += ErrorPower.Between(outputs[o].ToFloat(), Expected(i, node.Node.Outputs[o], values));
            return power;
        }).Decibels;
    }

    // What is cut off of scores counts where Softmax reads them.
    private Tensor Expected(int probe, string name, IReadOnlyDictionary<string, ActivationQuantization> values)
    {
        Tensor real = probes.Value(probe, name);
        if (values[name] is not { Type: ActivationType.U8 } levels || !graph.IsScores(name))
            return real;
        float least = (float)(-levels.Scale * levels.ZeroPoint);
        float greatest = (float)(levels.Scale * (ActivationRange.Levels - levels.ZeroPoint));
        return Tensor.Of(Array.ConvertAll(real.Values<float>(), x => Math.Clamp(x, least, greatest)), real.Dimensions.AsSpan());
    }

    // A recurrent layer with rounded weights beside the float one.
    private double Decibels(QuantizableNode node, WeightQuantization weights)
    {
        var rounded = new RoundedStateWeights(node, weights);
        budget.Count(probes.Count * node.Work);
        return probes.Measure(3 * node.Bytes, i =>
        {
            Tensor[] outputs = rounded.Evaluate([.. node.Node.Inputs.Select(n => n.Length == 0 ? null : probes.Value(i, n))]);
            var power = default(ErrorPower);
            for (int o = 0; o < outputs.Length; o++)
                if (node.Node.Outputs[o].Length > 0)
                    power += ErrorPower.Between(outputs[o], probes.Value(i, node.Node.Outputs[o]));
            return power;
        }).Decibels;
    }

    private QuantizedTensor Rounded(int probe, string name, ActivationQuantization quantization) =>
        QuantizedTensor.Of(probes.Value(probe, name), quantization);
}
