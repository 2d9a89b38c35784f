using System.Collections.Immutable;
using OptimizerBuild.Compression.Channels;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Numerics;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Compression.Equalization;

/// <summary>
/// The layers of a graph between which factors may move, and the factors. A channel is what must have one factor: an output of a layer with
/// all places that it reaches through nodes that hand positive factors on (<see cref="IPassesFactors"/>), through rectifiers, pooling,
/// sums of residual blocks, concatenations, products with gates and changes of shape, until layers read them. A channel that reaches
/// anything else stays as it is. A depthwise layer reads channels and makes others, as each of its outputs has one input.
/// </summary>
internal sealed class EqualizableLayers
{
    // The paper goes on until nothing moves; factors of a thousandth no longer change an 8-bit weight.
    private const double Converged = 1e-3;

    private const int MaximumRounds = 50;

    // A channel with weights of less than this share of the largest among its group is all but constant: its bias would grow with its
    // factor, until it had the whole of the range that all channels share.
    private const double Negligible = 1.0 / (1 << 20);

    private readonly ChannelPlaces _places;
    private readonly Dictionary<string, EqualizableLayer> _layers;
    private readonly Dictionary<int, double> _factors = [];
    private readonly HashSet<int> _left = [];

    private EqualizableLayers(ChannelPlaces places, Dictionary<string, EqualizableLayer> layers)
    {
        (_places, _layers) = (places, layers);
        Groups = GroupsOf(layers.Values);
        foreach (int channel in Groups.SelectMany(g => g.Channels))
            _factors[channel] = 1;
        foreach (EqualizableGroup group in Groups)
        {
            (Dictionary<int, double> made, Dictionary<int, double> read) = RangesOf(group);
            double leastMade = made.Values.Max() * Negligible, leastRead = read.Values.Max() * Negligible;
            _left.UnionWith(group.Channels.Where(c => !(made[c] > leastMade && read[c] > leastRead)));
        }
    }

    /// <summary>The groups of layers, from the graph's inputs towards its outputs.</summary>
    public ImmutableArray<EqualizableGroup> Groups { get; }

    /// <summary>Finds the layers of a graph.</summary>
    public static EqualizableLayers Of(Graph graph)
    {
        var editor = new GraphEditor(graph);
        var linear = new Dictionary<string, LinearLayer>(StringComparer.Ordinal);
        foreach (Node node in graph.Nodes)
            if (LinearLayer.Of(editor, node) is { } layer)
                linear[node.Name] = layer;
        var places = new ChannelPlaces(graph, new Rule(linear));
        foreach (LinearLayer layer in linear.Values)
            places.Seed(layer.Node, ChannelPort.Output(0, layer.OutputAxis));
        // Places along two axes are those of one layer, seen twice: a constant there would be multiplied by a factor twice.
        foreach (IGrouping<string, KeyValuePair<(string Value, int Axis), int[]>> value in places.Values.GroupBy(v => v.Key.Value))
            if (value.Count(v => v.Value.Any(p => p >= 0)) > 1)
                foreach (int[] channels in value.Select(v => v.Value))
                    places.Fix(channels, $"'{value.Key}' has it along two axes");
        // Constants of other numbers cannot be multiplied.
        foreach (((string node, int input, int axis), int[] channels) in places.Constants)
            if (places.ContextOf(node).Type(input).Element != ElementType.Float32)
                places.Fix(channels, $"'{node}' reads constants of other numbers than float32");
        return new(places, linear.ToDictionary(l => l.Key, l => new EqualizableLayer(
            l.Value, Channels(places, l.Value.Node, ChannelPort.Output(0, l.Value.OutputAxis)),
            Channels(places, l.Value.Node, ChannelPort.Input(0, l.Value.InputAxis))), StringComparer.Ordinal));
    }

    /// <summary>
    /// Chooses the factors, group after group, until they no longer move: <c>s = √(r₁ / r₂)</c>, by which the channel is divided where it
    /// is made and multiplied where it is read, where r₁ is the largest magnitude among the weights that make it so far, and r₂ among those
    /// that read it.
    /// </summary>
    /// <returns>The number of rounds.</returns>
    public int Equalize(CancellationToken cancellation)
    {
        for (int round = 1; ; round++)
        {
            double largest = 0;
            foreach (EqualizableGroup group in Groups)
            {
                cancellation.ThrowIfCancellationRequested();
                (Dictionary<int, double> made, Dictionary<int, double> read) = RangesOf(group);
                // Where a layer reads what it makes, around a residual block, all channels of it move against each other: half a step each.
                double exponent = group.Makers.Intersect(group.Readers).Any() ? 0.25 : 0.5;
                foreach (int channel in group.Channels)
                {
                    (double first, double second) = (made[channel], read[channel]);
                    double factor = exponent == 0.5 ? Math.Sqrt(first / second) : Math.Sqrt(Math.Sqrt(first / second));
                    if (_left.Contains(channel) || !double.IsNormal(factor))
                        continue;
                    _factors[channel] /= factor;
                    largest = Math.Max(largest, Math.Abs(ElementaryFunctions.Log(factor)));
                }
            }
            if (largest < Converged || round == MaximumRounds)
                return round;
        }
    }

    /// <summary>The least and the greatest factor by which the values of a group's channels are multiplied.</summary>
    public (double Least, double Greatest) FactorsOf(EqualizableGroup group) =>
        (group.Channels.Min(c => _factors[c]), group.Channels.Max(c => _factors[c]));

    /// <summary>The factors by which the input channels of a layer are multiplied; null where it is no layer.</summary>
    public double[]? FactorsOfInputs(string node) => _layers.TryGetValue(node, out EqualizableLayer? layer) ? Factors(layer.Read) : null;

    /// <summary>The graph with the factors multiplied in.</summary>
    public Graph Apply()
    {
        var editor = new GraphEditor(_places.Graph);
        var constants = new Dictionary<(string Node, int Input), float[]>();
        foreach (((string name, int input, int axis), int[] channels) in _places.Constants)
        {
            double[] factors = Factors(Array.ConvertAll(channels, c => c < 0 ? -1 : _places.Root(c)));
            if (Array.TrueForAll(factors, f => f == 1))
                continue;
            Tensor constant = editor.Constant(editor.Find(name)!.Inputs[input])!;
            if (!constants.TryGetValue((name, input), out float[]? values))
                constants[(name, input)] = values = [.. constant.Values<float>()];
            int inner = Shapes.Count(constant.Dimensions.AsSpan()[(axis + 1)..]);
            for (int i = 0; i < values.Length; i++)
                values[i] = (float)(values[i] * factors[i / inner % factors.Length]);
        }
        foreach (((string name, int input), float[] values) in constants
            .OrderBy(c => c.Key.Node, StringComparer.Ordinal).ThenBy(c => c.Key.Input))
        {
            Node node = editor.Find(name)!;
            string scaled = editor.AddConstant(node.Inputs[input], new(editor.TypeOf(node.Inputs[input]), values));
            editor.Replace(node, node with { Inputs = node.Inputs.SetItem(input, scaled) });
        }
        foreach (Node node in _places.Graph.Nodes)
        {
            if (!_layers.TryGetValue(node.Name, out EqualizableLayer? layer))
                continue;
            double[] made = Factors(layer.Made), read = Array.ConvertAll(Factors(layer.Read), f => 1 / f);
            if (made.Concat(read).Any(f => f != 1))
                editor.Replace(node, layer.Layer.WithFactors(editor, made, read));
        }
        return editor.ToGraph();
    }

    // By channel the largest magnitude among the weights that make it so far, and among those that read it.
    private (Dictionary<int, double> Made, Dictionary<int, double> Read) RangesOf(EqualizableGroup group)
    {
        Dictionary<int, double> made = [], read = [];
        foreach (EqualizableLayer layer in group.Makers)
            layer.TakeRanges(_factors, made, null);
        foreach (EqualizableLayer layer in group.Readers)
            layer.TakeRanges(_factors, null, read);
        return (made, read);
    }

    private double[] Factors(int[] channels) => Array.ConvertAll(channels, c => _factors.GetValueOrDefault(c, 1));

    // A channel that has to stay as it is counts as none.
    private static int[] Channels(ChannelPlaces places, Node node, ChannelPort port)
    {
        if (places.Find(node, port) is { } channels)
            return Array.ConvertAll(channels, c => c >= 0 && places.ReasonOf(places.Root(c)) is null ? places.Root(c) : -1);
        var none = new int[port.Extent(places.ContextOf(node.Name))];
        Array.Fill(none, -1);
        return none;
    }

    // Layers that make a channel together are one group: their other channels are chosen along.
    private static ImmutableArray<EqualizableGroup> GroupsOf(IEnumerable<EqualizableLayer> layers)
    {
        EqualizableLayer[] all = [.. layers];
        HashSet<int> read = [.. all.SelectMany(l => l.Read).Where(c => c >= 0)];
        var members = new List<(List<EqualizableLayer> Makers, HashSet<int> Channels)>();
        foreach (EqualizableLayer layer in all)
        {
            HashSet<int> own = [.. layer.Made.Where(read.Contains)];
            if (own.Count == 0)
                continue;
            List<EqualizableLayer> makers = [];
            foreach ((List<EqualizableLayer> Makers, HashSet<int> Channels) other in members.Where(m => m.Channels.Overlaps(own)).ToArray())
            {
                makers.AddRange(other.Makers);
                own.UnionWith(other.Channels);
                members.Remove(other);
            }
            makers.Add(layer);
            members.Add((makers, own));
        }
        return
        [
            .. members.OrderBy(m => m.Channels.Min()).Select(m => new EqualizableGroup(
                [.. m.Makers], [.. all.Where(l => l.Read.Any(m.Channels.Contains))], [.. m.Channels.Order()])),
        ];
    }

    // A layer ends what comes in and begins what goes out; other nodes hand factors on, or places stay as they are.
    private sealed class Rule(Dictionary<string, LinearLayer> layers) : IChannelRule
    {
        public ChannelLinks Links(OperatorContext context, ChannelPort port)
        {
            if (port.IsOutput && !FusedActivation.PassesPositiveFactors(context.Node))
                return ChannelLinks.Fixed("bounds its result");
            if (layers.TryGetValue(context.Node.Name, out LinearLayer? layer))
                return port == ChannelPort.Output(0, layer.OutputAxis) || port == ChannelPort.Input(0, layer.InputAxis)
                    ? ChannelLinks.Of() : ChannelLinks.Fixed("reads it along another axis");
            return context.Node.As<IPassesFactors>()?.FactorLinks(context, port) ?? ChannelLinks.Fixed("hands no factors on");
        }
    }
}

/// <summary>Layers that make channels together, and those that read any of them.</summary>
/// <param name="Makers">The layers that make the channels.</param>
/// <param name="Readers">The layers that read them.</param>
/// <param name="Channels">The channels by their numbers, ascending.</param>
internal sealed record EqualizableGroup(
    ImmutableArray<EqualizableLayer> Makers, ImmutableArray<EqualizableLayer> Readers, ImmutableArray<int> Channels)
{
    /// <summary>The group for messages: its first layers and the numbers of others.</summary>
    public string Name => $"{NameOf(Makers)} → {NameOf(Readers)}";

    private static string NameOf(ImmutableArray<EqualizableLayer> layers) =>
        layers.Length == 1 ? $"'{layers[0].Layer.Node.Name}'" : $"'{layers[0].Layer.Node.Name}' and {layers.Length - 1} more";
}

/// <summary>A layer with the channels that it makes and reads.</summary>
/// <param name="layer">The layer as it stands in the graph.</param>
/// <param name="made">The channel of each output; −1 where it stays as it is.</param>
/// <param name="read">The channel of each input; −1 where it stays as it is.</param>
internal sealed class EqualizableLayer(LinearLayer layer, int[] made, int[] read)
{
    /// <summary>The layer as it stands in the graph.</summary>
    public LinearLayer Layer => layer;

    /// <summary>The channel of each output; −1 where it stays as it is.</summary>
    public int[] Made => made;

    /// <summary>The channel of each input; −1 where it stays as it is.</summary>
    public int[] Read => read;

    /// <summary>Raises the largest magnitudes of channels to those among this layer's weights.</summary>
    /// <param name="factors">The factors of the channels so far.</param>
    /// <param name="makes">By channel the largest magnitude among weights that make it; null where that is not asked.</param>
    /// <param name="reads">The same among weights that read it.</param>
    public void TakeRanges(Dictionary<int, double> factors, Dictionary<int, double>? makes, Dictionary<int, double>? reads)
    {
        (double[] outputs, double[] inputs) = layer.Ranges(
            Array.ConvertAll(made, c => factors.GetValueOrDefault(c, 1)), Array.ConvertAll(read, c => 1 / factors.GetValueOrDefault(c, 1)));
        Raise(makes, made, outputs);
        Raise(reads, read, inputs);
    }

    private static void Raise(Dictionary<int, double>? ranges, int[] channels, double[] magnitudes)
    {
        for (int i = 0; ranges is not null && i < channels.Length; i++)
            if (channels[i] >= 0)
                ranges[channels[i]] = Math.Max(ranges.GetValueOrDefault(channels[i]), magnitudes[i]);
    }
}
