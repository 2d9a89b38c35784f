using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Movement;

/// <summary>A tensor cut along one axis into parts of given or equal sizes (ONNX operator Split).</summary>
[Operator("Split")]
[Input(0, "input", Elements.All)]
[Input(1, "split", Elements.Int64, Optional = true, Fixed = true, From = 13)]
[Output(0, "outputs", Variadic = true)]
[Parameter("axis", ParameterKind.Int)]
[Parameter("num_outputs", ParameterKind.Int, From = 18, Minimum = 1)]
[Parameter("split", ParameterKind.Ints, Until = 12)]
internal sealed class SplitOperator : MovementOperator, IPassesFactors
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        TensorType x = context.Type(0);
        int axis = context.Axis(Axis(context.Node), x.Rank);
        return [.. Sizes(context, x.Dimensions[axis]).Select(s => new TensorType(x.Element, x.Dimensions.SetItem(axis, s)))];
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs)
    {
        Tensor x = inputs[0]!;
        int axis = context.Axis(Axis(context.Node), x.Rank);
        int[] strides = Shapes.Strides(x.Dimensions.AsSpan());
        var parts = new Tensor[context.OutputTypes.Count];
        int at = 0;
        for (int i = 0; i < parts.Length; i++)
        {
            parts[i] = Tensor.Zeros(context.OutputTypes[i]);
            ReadOnlySpan<int> dimensions = parts[i].Dimensions.AsSpan();
            TensorMove.Copy(x, at * strides[axis], strides, parts[i], 0, Shapes.Strides(dimensions), dimensions);
            at += dimensions[axis];
        }
        return parts;
    }

    /// <inheritdoc/>
    public bool PassesOffsets(OperatorContext context, ChannelPort input) => true;

    /// <inheritdoc/>
    public ChannelLinks Links(OperatorContext context, ChannelPort port)
    {
        int outputs = context.Node.Outputs.Length;
        ChannelPort[] all = [ChannelPort.Input(0, port.Axis),
            .. Enumerable.Range(0, outputs).Select(i => ChannelPort.Output(i, port.Axis))];
        if (port.Axis != context.Axis(Axis(context.Node), context.Type(0).Rank))
            return ChannelLinks.Of(all.Where(p => p != port).Select(p => ChannelLink.Same(p, port.Extent(context))));
        var links = new List<ChannelLink>();
        int at = 0;
        foreach ((int size, int i) in Sizes(context, context.Type(0).Dimensions[port.Axis]).Select((s, i) => (s, i)))
        {
            if (i < outputs && !port.IsOutput)
                links.Add(ChannelLink.Shifted(all[i + 1], size, at, 0));
            else if (i < outputs && port.Index == i)
                links.Add(ChannelLink.Shifted(all[0], size, 0, at));
            at += size;
        }
        return ChannelLinks.Of(links);
    }

    /// <inheritdoc/>
    public Node Narrow(OperatorContext context, NarrowedNode narrowed)
    {
        int axis = context.Axis(Axis(context.Node), context.Type(0).Rank);
        int[] kept = narrowed.Kept(ChannelPort.Input(0, axis));
        int[] sizes = Sizes(context, context.Type(0).Dimensions[axis]);
        if (kept.Length == sizes.Sum())
            return context.Node;
        var left = new long[sizes.Length];
        for (int i = 0, at = 0; i < sizes.Length; at += sizes[i++])
            left[i] = kept.Count(p => p >= at && p < at + sizes[i]);
        narrowed.Constants[1] = Tensor.Of(left, left.Length);
        return context.Node.Without("num_outputs");
    }

    private static int[] Sizes(OperatorContext context, int length)
    {
        if (context.ConstantInts(1) is { } given)
        {
            return given.All(s => s >= 0 && s <= length) && given.Sum() == length && given.Length >= context.Node.Outputs.Length
                ? [.. given.Select(s => (int)s)]
                : throw context.Invalid($"its sizes [{string.Join(',', given)}] do not add up to {length}");
        }
        long count = context.Node.Int("num_outputs", context.Node.Outputs.Length);
        if (count < 1 || count != context.Node.Outputs.Length)
            throw context.Invalid($"num_outputs is {count}, and it has {context.Node.Outputs.Length} outputs");
        // All parts are equal; only where that is impossible the last one is smaller.
        int size = (int)((length + count - 1) / count);
        long last = length - (size * (count - 1));
        return last >= 0
            ? [.. Enumerable.Repeat(size, (int)count - 1), (int)last]
            : throw context.Invalid($"{length} elements cannot be cut into {count} parts");
    }

    /// <inheritdoc/>
    public override bool IsIdentity(OperatorContext context) => context.Node.Inputs.Length == 1 || context.Node.Outputs.Length == 1;

    /// <summary>
    /// The node as ONNX has it from opset 18 on: without sizes it has to name the number of parts (attribute <c>num_outputs</c>).
    /// </summary>
    public static Node WithCount(Node node) => node.HasInput(1) ? node : node.With("num_outputs", node.Outputs.Length);

    /// <summary>The axis as the node gives it, perhaps counted from the end (attribute <c>axis</c>).</summary>
    public static long Axis(Node node) => node.Int("axis", 0);

    /// <summary>The node with another axis.</summary>
    public static Node WithAxis(Node node, long axis) => node.With("axis", axis);
}
