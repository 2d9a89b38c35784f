using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Numerics;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Compression.Equalization;

/// <summary>
/// What equalisation could gain: how much less noise the layers' inputs would make when they are rounded. Weights have a scale for each
/// output channel, so that uneven ones cost little; values have one scale for all channels, and this is what moved factors and biases
/// change.
/// </summary>
/// <remarks>
/// Rounding a value to levels of distance Δ makes noise of the power Δ²/12 in each place; a layer's output gets that times the sum of the
/// squares of its weights (B. Widrow, I. Kollár, "Quantization Noise", 2008, chapter 5). Of the layer that reads a channel multiplied by s
/// the weights are divided by s. Noises of layers, each in proportion to the power of the layer's output, are added up. It is a forecast
/// for ranges from the least to the greatest value and says nothing about clipping and about what is noisy for other reasons: it tells
/// where a trial is worth its time, not how it ends.
/// </remarks>
internal static class EqualizationForecast
{
    /// <summary>Makes the forecast.</summary>
    /// <param name="graph">The float graph.</param>
    /// <param name="samples">Samples of its inputs: a few suffice.</param>
    /// <param name="context">The build's context.</param>
    /// <returns>By how many dB the noise of rounded values would fall; null where neither factors nor biases can move.</returns>
    public static double? Decibels(
        Graph graph, IReadOnlyList<IReadOnlyList<Tensor>> samples, CompressionContext context)
    {
        (Graph absorbed, IReadOnlyList<string> moved) = BiasAbsorption.Apply(graph, samples, context);
        var layers = EqualizableLayers.Of(absorbed);
        if (layers.Groups.IsEmpty && moved.Count == 0)
            return null;
        layers.Equalize(context.Cancellation);
        Dictionary<string, Reading> before = Readings(graph, samples, context.Cancellation);
        Dictionary<string, Reading> after = ReferenceEquals(absorbed, graph) ? before
            : Readings(absorbed, samples, context.Cancellation);
        double plain = 0, equalised = 0;
        foreach ((string name, Reading reading) in before)
        {
            if (!(reading.Power > 0) || !after.TryGetValue(name, out Reading? other))
                continue;
            var ones = new double[reading.Weights.Length];
            Array.Fill(ones, 1);
            plain += reading.Noise(ones) / reading.Power;
            equalised += other.Noise(layers.FactorsOfInputs(name) ?? ones) / reading.Power;
        }
        return plain > 0 && equalised > 0 ? 10 * ElementaryFunctions.Log10(plain / equalised) : 0;
    }

    private static Dictionary<string, Reading> Readings(
        Graph graph, IReadOnlyList<IReadOnlyList<Tensor>> samples, CancellationToken cancellation)
    {
        var editor = new GraphEditor(graph);
        LinearLayer[] layers = [.. graph.Nodes.Select(n => LinearLayer.Of(editor, n)).OfType<LinearLayer>()];
        Reading[] readings = [.. layers.Select(l => new Reading(l.SquaresByInput(), new ChannelExtents(l.Inputs)))];
        ILookup<string, int> inputs = Enumerable.Range(0, layers.Length).ToLookup(i => layers[i].Node.Inputs[0]);
        ILookup<string, int> outputs = Enumerable.Range(0, layers.Length).ToLookup(i => layers[i].Node.Outputs[0]);
        var evaluator = new GraphEvaluator(graph);
        foreach (IReadOnlyList<Tensor> sample in samples)
            evaluator.Evaluate(sample, (name, value) =>
            {
                foreach (int i in inputs[name])
                    readings[i].Extents.Add(value, layers[i].InputAxis);
                foreach (int i in outputs[name])
                    readings[i].Power += MeanSquare(value.Values<float>()) * layers[i].Outputs;
            }, cancellation);
        // Inputs of the model are no node's results.
        for (int s = 0; s < samples.Count; s++)
            for (int k = 0; k < graph.Inputs.Length; k++)
                foreach (int i in inputs[graph.Inputs[k]])
                    readings[i].Extents.Add(samples[s][k], layers[i].InputAxis);
        return layers.Zip(readings).ToDictionary(l => l.First.Node.Name, l => l.Second, StringComparer.Ordinal);
    }

    private static double MeanSquare(float[] values)
    {
        double sum = 0;
        foreach (float value in values)
            sum += (double)value * value;
        return sum / Math.Max(values.Length, 1);
    }

    // What a layer reads: by channel the sum of the squares of the weights that read it, and how far its values reach; and the power of
    // what the layer makes, summed over channels and samples.
    private sealed record Reading(double[] Weights, ChannelExtents Extents)
    {
        public double Power { get; set; }

        // The noise of rounding if each channel is multiplied by a factor, and the weights that read it are divided by it.
        public double Noise(double[] factors)
        {
            double range = Extents.RangeWith(factors);
            return range * range * Weights.Zip(factors, (w, f) => w / (f * f)).Sum();
        }
    }
}
