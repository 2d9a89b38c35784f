using System.Collections.Immutable;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators;

/// <summary>
/// The trait of an operator that says how channels go through it, so that some of them can be left out of a model: which places along the
/// axes of its inputs and outputs belong together (the dependencies within a layer and between layers of DepGraph, G. Fang et al. 2023,
/// arXiv 2301.12900, section 3.2). Where a place vanishes on one side, what is linked with it vanishes, too, and the rest of the node's
/// results stays as if the vanished places had been dropped afterwards. An operator without the trait lets nothing be left out beside it.
/// </summary>
internal interface IPassesChannels
{
    /// <summary>What belongs to the places along one axis of one of the node's values.</summary>
    /// <param name="context">The node.</param>
    /// <param name="port">The value and its axis.</param>
    ChannelLinks Links(OperatorContext context, ChannelPort port);

    /// <summary>
    /// An axis along which the node makes channels of its own, each from weights of its own: the output channels of a layer with constant
    /// weights, the hidden units of a recurrent one. Null for nodes that only hand channels on.
    /// </summary>
    /// <param name="context">The node.</param>
    ChannelPort? Source(OperatorContext context) => null;

    /// <summary>
    /// Why one place along an axis cannot stand for several whose constants have been averaged where they are made and added up where they
    /// are read: in words that follow the node's name; empty where it can.
    /// </summary>
    /// <param name="context">The node.</param>
    /// <param name="port">The value and its axis.</param>
    string MergeObstacle(OperatorContext context, ChannelPort port) => "";

    /// <summary>
    /// The node when some places are gone: with the attributes and the constants of shapes that have to follow. Constants that are linked
    /// have lost their places already.
    /// </summary>
    /// <param name="context">The node as it was.</param>
    /// <param name="narrowed">What is left; takes constants that replace inputs.</param>
    Node Narrow(OperatorContext context, NarrowedNode narrowed) => context.Node;
}

/// <summary>An axis of one of a node's values.</summary>
/// <param name="IsOutput">Whether the value is an output of the node, not an input.</param>
/// <param name="Index">The place of the value among the node's outputs or inputs.</param>
/// <param name="Axis">The axis, from 0.</param>
internal readonly record struct ChannelPort(bool IsOutput, int Index, int Axis)
{
    /// <summary>An axis of an input.</summary>
    public static ChannelPort Input(int index, int axis) => new(false, index, axis);

    /// <summary>An axis of an output.</summary>
    public static ChannelPort Output(int index, int axis) => new(true, index, axis);

    /// <summary>The number of places along the axis.</summary>
    /// <param name="context">The node.</param>
    public int Extent(OperatorContext context) =>
        (IsOutput ? context.OutputTypes[Index] : context.Type(Index)).Dimensions[Axis];
}

/// <summary>Places of one axis that belong to places of another, or of the same one.</summary>
/// <param name="Port">The other axis.</param>
/// <param name="Pairs">A place of the axis that was asked about, and one of the other axis. A place may have several partners.</param>
internal sealed record ChannelLink(ChannelPort Port, ImmutableArray<(int Own, int Other)> Pairs)
{
    /// <summary>Places of equal numbers belong together.</summary>
    public static ChannelLink Same(ChannelPort port, int count) => Shifted(port, count, 0, 0);

    /// <summary>A run of places belongs to a run of the other axis.</summary>
    /// <param name="port">The other axis.</param>
    /// <param name="count">The length of the run.</param>
    /// <param name="own">Where it begins.</param>
    /// <param name="other">Where it begins on the other axis.</param>
    public static ChannelLink Shifted(ChannelPort port, int count, int own, int other) =>
        new(port, [.. Enumerable.Range(0, count).Select(i => (own + i, other + i))]);

    /// <summary>Each place of the other axis belongs to a place of this one.</summary>
    /// <param name="port">The other axis.</param>
    /// <param name="count">The number of places of the other axis.</param>
    /// <param name="own">The place of this axis for one of the other.</param>
    public static ChannelLink ByOther(ChannelPort port, int count, Func<int, int> own) =>
        new(port, [.. Enumerable.Range(0, count).Select(i => (own(i), i))]);

    /// <summary>Each place of this axis belongs to a place of the other one.</summary>
    /// <param name="port">The other axis.</param>
    /// <param name="count">The number of places of this axis.</param>
    /// <param name="other">The place of the other axis for one of this.</param>
    public static ChannelLink ByOwn(ChannelPort port, int count, Func<int, int> other) =>
        new(port, [.. Enumerable.Range(0, count).Select(i => (i, other(i)))]);
}

/// <summary>What belongs to the places of an axis: links, or the reason why none of its places may vanish.</summary>
/// <param name="Links">The links; none where an axis has nothing to do with the others.</param>
/// <param name="Obstacle">Why no place may vanish, in words that follow the node's name; empty where places may.</param>
internal sealed record ChannelLinks(ImmutableArray<ChannelLink> Links, string Obstacle = "")
{
    /// <summary>
    /// Whether only one of the links is to hold: one whose axis is followed already, else the first. So it is where an axis is divided
    /// into several, along any of which places may vanish.
    /// </summary>
    public bool IsChoice { get; init; }

    /// <summary>Links without obstacle.</summary>
    public static ChannelLinks Of(params IEnumerable<ChannelLink> links) => new([.. links]);

    /// <summary>No place may vanish.</summary>
    /// <param name="why">Why, in words that follow the node's name.</param>
    public static ChannelLinks Fixed(string why) => new([], why);

    /// <summary>
    /// Why places cannot be merged along the axis of a product's terms: two values with equal places p and q each give Σp·q, which
    /// one place does not give; a constant factor's places are added up.
    /// </summary>
    /// <param name="context">The node.</param>
    /// <param name="links">What belongs to the places of the axis.</param>
    public static string MergeObstacle(OperatorContext context, ChannelLinks links) =>
        !links.Links.IsEmpty && !links.Links.Any(l => l.Port.IsOutput) && context.Constant(0) is null && context.Constant(1) is null
            ? "adds up products of values along that axis" : "";

    /// <summary>The links of one input and one output of equal rank, along an axis on which the operator works place by place.</summary>
    /// <param name="context">The node.</param>
    /// <param name="port">The axis of input 0 or output 0.</param>
    public static ChannelLinks Through(OperatorContext context, ChannelPort port) =>
        Of(ChannelLink.Same(port with { IsOutput = !port.IsOutput, Index = 0 }, port.Extent(context)));

    /// <summary>The links of an elementwise operator: all inputs, which broadcast, and the output are aligned at their last axes.</summary>
    /// <param name="context">The node.</param>
    /// <param name="port">The axis.</param>
    public static ChannelLinks Elementwise(OperatorContext context, ChannelPort port)
    {
        TensorType output = context.OutputTypes[0];
        int own = port.IsOutput ? output.Rank : context.Type(port.Index).Rank;
        int count = port.Extent(context), axis = port.Axis - own + output.Rank;
        if (count != output.Dimensions[axis])
            return Fixed("repeats the value");
        var links = new List<ChannelLink>();
        if (!port.IsOutput)
            links.Add(ChannelLink.Same(ChannelPort.Output(0, axis), count));
        for (int i = 0; i < context.InputTypes.Length; i++)
            if (context.InputTypes[i] is { } type && axis - output.Rank + type.Rank is >= 0 and var place
                && type.Dimensions[place] == count && !(port == ChannelPort.Input(i, place)))
                links.Add(ChannelLink.Same(ChannelPort.Input(i, place), count));
        return Of(links);
    }
}

/// <summary>A node some of whose places vanish: what is left of its axes.</summary>
/// <param name="kept">For an axis the places that stay, ascending.</param>
internal sealed class NarrowedNode(Func<ChannelPort, int[]> kept)
{
    /// <summary>Constants that take the place of inputs.</summary>
    public Dictionary<int, Tensor> Constants { get; } = [];

    /// <summary>The places of an axis that stay, ascending.</summary>
    public int[] Kept(ChannelPort port) => kept(port);

    /// <summary>The constant of a shape with the extents that are left: entries of −1 and 0, which follow from the input, stay.</summary>
    /// <param name="shape">The constant: one entry for each axis of an output.</param>
    /// <param name="output">The output's place.</param>
    public Tensor Shape(Tensor shape, int output = 0) => Tensor.Of(
        [.. shape.ToInt64().Select((d, axis) => d > 0 ? Kept(ChannelPort.Output(output, axis)).Length : d)], shape.Count);
}
