using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Linear;
using OptimizerBuild.Operators.Numerics;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Compression.Equalization;

/// <summary>
/// Absorption of high biases (M. Nagel et al. 2019, arXiv 1906.04721, section 4.1.3): where the sums of a channel before its rectifier are
/// always above c, its bias is lowered by c and those of the layers that read it make up for that, so that the range which all channels
/// share becomes smaller. Without an activation any c will do: there it moves the middle of a channel's range to 0. A layer that pads
/// its input with zeros would see another number at its border, and a product of stacked matrices has no bias, so that nothing in front of
/// either is moved.
/// </summary>
/// <remarks>
/// With data c is the least value in all samples, on which what the model computes therefore stays the same up to rounding. The paper takes
/// β − 3γ, which a batch normalisation's parameters say without data and which one of 700 normally distributed values is below.
/// </remarks>
internal sealed class BiasAbsorption
{
    // Batch normalisation gives each channel the mean β and the deviation |γ|; the paper's three deviations.
    private const double Deviations = 3;

    // A range that shrinks by less is not worth a change.
    private const double LeastGain = 0.01;

    private const int SamplesAtATime = 8;

    private readonly Graph _graph;
    private readonly GraphIndex _index;
    private readonly Dictionary<string, LinearLayer> _layers = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Value, int Axis), bool> _mayMove = [];

    private BiasAbsorption(Graph graph)
    {
        _graph = graph;
        _index = GraphIndex.Of(graph);
        var editor = new GraphEditor(graph);
        foreach (Node node in graph.Nodes)
            if (LinearLayer.Of(editor, node) is { } layer)
                _layers[node.Name] = layer;
    }

    /// <summary>Moves what can be moved.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="context">Samples and the imported model.</param>
    /// <returns>The graph, and what was moved where.</returns>
    public static (Graph Graph, IReadOnlyList<string> Notes) Apply(Graph graph, CompressionContext context) => Apply(graph, null, context);

    /// <summary>Moves what can be moved by other samples than those that calibrate.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="samples">The samples; null for those that calibrate.</param>
    /// <param name="context">The build's context.</param>
    /// <returns>The graph, and what was moved where.</returns>
    public static (Graph Graph, IReadOnlyList<string> Notes) Apply(
        Graph graph, IReadOnlyList<IReadOnlyList<Tensor>>? samples, CompressionContext context)
    {
        var absorption = new BiasAbsorption(graph);
        LinearLayer[] layers = [.. absorption._layers.Values.Where(l =>
            l.TakesBias && l.Node.ActivationBounds() is (0 or float.NegativeInfinity, float.PositiveInfinity)
            && absorption.MayMove(l.Node.Outputs[0], l.OutputAxis))];
        Dictionary<string, ChannelExtents> extents = layers.Length == 0 ? []
            : context.HasCalibrationData ? absorption.Measured(layers, samples ?? context.Calibration.Samples, context.Cancellation)
            : Remembered(layers, context.Teacher.Graph);
        var offsets = new Dictionary<string, double[]>(StringComparer.Ordinal);
        var notes = new List<string>();
        foreach (LinearLayer layer in layers)
        {
            if (!extents.TryGetValue(layer.Node.Name, out ChannelExtents? extent))
                continue;
            double[] offset = extent.Offsets(layer.Node.HasActivation());
            (double before, double after) = (extent.Range(new double[offset.Length]), extent.Range(offset));
            if (!(after <= before * (1 - LeastGain)))
                continue;
            offsets[layer.Node.Name] = offset;
            notes.Add(FormattableString.Invariant(
                $"biases of {offset.Count(c => c != 0)} channels of '{layer.Node.Name}' move on: range {before:G3} to {after:G3}"));
        }
        return (offsets.Count == 0 ? graph : absorption.Moved(offsets), notes);
    }

    // Whether numbers may be added to a value, place by place, because all that reads it makes up for them.
    private bool MayMove(string value, int axis)
    {
        if (_mayMove.TryGetValue((value, axis), out bool known))
            return known;
        IReadOnlyList<Node> readers = _index.Readers(value);
        return _mayMove[(value, axis)] = !_index.IsOutput(value) && readers.Count > 0 && readers.All(reader =>
            Enumerable.Range(0, reader.Inputs.Length).Where(i => reader.Inputs[i] == value).All(i =>
                _layers.TryGetValue(reader.Name, out LinearLayer? layer)
                    ? i == 0 && layer.InputAxis == axis && layer.TakesBias && !layer.IsPadded
                    : Links(reader, ChannelPort.Input(i, axis)) is { } links
                        && links.Where(l => l.Port.IsOutput).All(l => MayMove(reader.Outputs[l.Port.Index], l.Port.Axis))));
    }

    // Null where a node does not hand on what is added.
    private ChannelLink[]? Links(Node node, ChannelPort port)
    {
        OperatorContext context = OperatorContext.Of(_graph, node);
        return !node.HasActivation() && node.As<IPassesFactors>() is { } passes && passes.PassesOffsets(context, port)
            && passes.Links(context, port) is { Obstacle: "", IsChoice: false } links ? [.. links.Links] : null;
    }

    // The least and greatest values of each channel in all samples.
    private Dictionary<string, ChannelExtents> Measured(
        LinearLayer[] layers, IReadOnlyList<IReadOnlyList<Tensor>> samples, CancellationToken cancellation)
    {
        string[] values = [.. layers.Select(l => l.Node.Outputs[0])];
        Graph beginning = new DeadCodeRemoval().Apply(_graph with { Outputs = [.. values] });
        ChannelExtents[] extents = [.. layers.Select(l => new ChannelExtents(l.Outputs))];
        var evaluator = new GraphEvaluator(beginning);
        foreach (IReadOnlyList<Tensor>[] chunk in samples.Chunk(SamplesAtATime))
            foreach (Tensor[] results in evaluator.EvaluateMany(chunk, cancellation: cancellation))
                for (int i = 0; i < layers.Length; i++)
                    extents[i].Add(results[i], layers[i].OutputAxis);
        return layers.Zip(extents).ToDictionary(p => p.First.Node.Name, p => p.Second, StringComparer.Ordinal);
    }

    // What batch normalisations of the imported model say of the layers that they have been folded into.
    private static Dictionary<string, ChannelExtents> Remembered(LinearLayer[] layers, Graph imported)
    {
        var extents = new Dictionary<string, ChannelExtents>(StringComparer.Ordinal);
        GraphIndex index = GraphIndex.Of(imported);
        foreach (Node node in imported.Nodes)
        {
            if (!node.Is<BatchNormalizationOperator>() || BatchNormalizationOperator.IsTraining(node)
                || index.Producer(node.Inputs[0]) is not { } producer
                || layers.FirstOrDefault(l => l.Node.Name == producer.Name) is not { } layer
                || !node.Inputs.Skip(1).All(i => imported.Constant(i)?.Count == layer.Outputs))
                continue;
            float[][] parameters = [.. node.Inputs.Skip(1).Select(i => FloatTensor.Values(imported.Constant(i)!))];
            float[]? bias = producer.HasInput(2) && imported.Constant(producer.Input(2)) is { } own ? FloatTensor.Values(own) : null;
            (float[] scale, float[] shift, float[] mean, float[] variance) = (parameters[0], parameters[1], parameters[2], parameters[3]);
            float epsilon = INormalisation.Epsilon(node);
            // Where more than the normalisation was folded into the layer, its parameters no longer say what the layer gives.
            if (Enumerable.Range(0, layer.Outputs).All(c => IsNear(
                    ((((bias?[c] ?? 0) - mean[c]) * scale[c]) / Math.Sqrt(variance[c] + epsilon)) + shift[c], layer.Bias?[c] ?? 0)))
            {
                double least = layer.Node.HasActivation() ? 0 : double.NegativeInfinity;
                extents[layer.Node.Name] = new(
                    [.. shift.Zip(scale, (b, g) => Math.Max(b - (Deviations * Math.Abs(g)), least))],
                    [.. shift.Zip(scale, (b, g) => Math.Max(b + (Deviations * Math.Abs(g)), least))]);
            }
        }
        return extents;
    }

    private static bool IsNear(double a, double b) => Math.Abs(a - b) <= 1e-4 * Math.Max(1, Math.Abs(b));

    // What is taken from a layer's biases is added where its values are read.
    private Graph Moved(Dictionary<string, double[]> offsets)
    {
        var editor = new GraphEditor(_graph);
        var taken = new Dictionary<(string Value, int Axis), double[]>();
        foreach (Node node in _graph.Nodes)
        {
            if (_layers.TryGetValue(node.Name, out LinearLayer? layer))
            {
                Node changed = node;
                if (taken.TryGetValue((node.Input(0), layer.InputAxis), out double[]? missing))
                    changed = Replaced(editor, changed, layer.WithInputAffine(editor, Ones(missing.Length), missing));
                if (offsets.TryGetValue(node.Name, out double[]? offset))
                {
                    Replaced(editor, changed, LinearLayer.Of(editor, changed)!.WithOutputAffine(
                        editor, null, Array.ConvertAll(offset, c => (float)-c)));
                    taken[(node.Outputs[0], layer.OutputAxis)] = offset;
                }
                continue;
            }
            foreach (int input in Enumerable.Range(0, node.Inputs.Length))
                foreach (((string value, int axis), double[] from) in taken.Where(t => t.Key.Value == node.Inputs[input]).ToArray())
                    foreach (ChannelLink link in Links(node, ChannelPort.Input(input, axis))!.Where(l => l.Port.IsOutput))
                    {
                        var key = (node.Outputs[link.Port.Index], link.Port.Axis);
                        if (!taken.TryGetValue(key, out double[]? to))
                            taken[key] = to = new double[_graph.TypeOf(key.Item1).Dimensions[key.Axis]];
                        foreach ((int own, int other) in link.Pairs)
                            to[other] += from[own];
                    }
        }
        return editor.ToGraph();
    }

    private static Node Replaced(GraphEditor editor, Node node, Node by)
    {
        editor.Replace(node, by);
        return by;
    }

    private static double[] Ones(int count)
    {
        var ones = new double[count];
        Array.Fill(ones, 1);
        return ones;
    }
}

/// <summary>How far the values of channels reach.</summary>
/// <param name="least">The least value of each channel.</param>
/// <param name="greatest">The greatest value of each channel.</param>
internal sealed class ChannelExtents(double[] least, double[] greatest)
{
    /// <summary>Extents of nothing yet.</summary>
    public ChannelExtents(int channels)
        : this(Filled(channels, double.PositiveInfinity), Filled(channels, double.NegativeInfinity))
    {
    }

    /// <summary>Takes a tensor's values into account.</summary>
    /// <param name="tensor">The values.</param>
    /// <param name="axis">The axis of the channels.</param>
    public void Add(Tensor tensor, int axis)
    {
        float[] values = tensor.Values<float>();
        int inner = Shapes.Count(tensor.Dimensions.AsSpan()[(axis + 1)..]);
        for (int start = 0, channel = 0; start < values.Length; start += inner, channel = channel + 1 == least.Length ? 0 : channel + 1)
        {
            (double low, double high) = (least[channel], greatest[channel]);
            foreach (float value in values.AsSpan(start, inner))
            {
                low = Math.Min(low, value);
                high = Math.Max(high, value);
            }
            (least[channel], greatest[channel]) = (low, high);
        }
    }

    /// <summary>What can be taken from each channel: behind a rectifier what all of its values exceed, else the middle of them.</summary>
    /// <param name="isRectified">Whether a rectifier made the values.</param>
    public double[] Offsets(bool isRectified) =>
        [.. least.Zip(greatest, (low, high) => !double.IsFinite(low + high) ? 0 : isRectified ? Math.Max(low, 0) : (low + high) / 2)];

    /// <summary>The length of the range, 0 in it, that holds the values of all channels less what is taken from each.</summary>
    /// <param name="offsets">What is taken.</param>
    public double Range(double[] offsets) =>
        Math.Max(greatest.Zip(offsets, (high, c) => high - c).Max(), 0) - Math.Min(least.Zip(offsets, (low, c) => low - c).Min(), 0);

    /// <summary>The length of the range, 0 in it, that holds the values of all channels, each multiplied by a factor.</summary>
    /// <param name="factors">The factors, greater than 0.</param>
    public double RangeWith(double[] factors) =>
        Math.Max(greatest.Zip(factors, (high, f) => high * f).Max(), 0) - Math.Min(least.Zip(factors, (low, f) => low * f).Min(), 0);

    private static double[] Filled(int count, double value)
    {
        var values = new double[count];
        Array.Fill(values, value);
        return values;
    }
}
