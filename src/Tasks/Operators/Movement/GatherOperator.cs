using System.Collections.Immutable;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Movement;

/// <summary>Slices of a tensor along one axis, in the order of an index tensor (ONNX operator Gather).</summary>
[Operator("Gather")]
[Input(0, "data", Elements.All)]
[Input(1, "indices", Elements.Indices)]
[Output(0, "output")]
[Parameter("axis", ParameterKind.Int)]
internal sealed class GatherOperator : MovementOperator, IKeepsExtent, IPassesChannels
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        (TensorType x, TensorType indices) = (context.Type(0), context.Type(1));
        int axis = context.Axis(Axis(context.Node), x.Rank);
        return [new(x.Element, [.. x.Dimensions.Take(axis), .. indices.Dimensions, .. x.Dimensions.Skip(axis + 1)])];
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs)
    {
        Tensor x = inputs[0]!;
        long[] indices = inputs[1]!.ToInt64();
        int axis = context.Axis(Axis(context.Node), x.Rank);
        Tensor result = Tensor.Zeros(context.OutputTypes[0]);
        int size = x.Dimensions[axis];
        int outer = Shapes.Count(x.Dimensions.AsSpan()[..axis]), inner = Shapes.Count(x.Dimensions.AsSpan()[(axis + 1)..]);
        for (int i = 0; i < indices.Length; i++)
        {
            if (indices[i] < -size || indices[i] >= size)
                throw new ModelException(DiagnosticCatalog.InvalidNode, context.Node.Name, context.Node.OpType,
                    $"index {indices[i]} lies outside {size} elements");
            int index = (int)(indices[i] < 0 ? indices[i] + size : indices[i]);
            TensorMove.Copy(x, index * inner, [size * inner, 1], result, i * inner, [indices.Length * inner, 1], [outer, inner]);
        }
        return [result];
    }

    /// <inheritdoc/>
    public ChannelLinks Links(OperatorContext context, ChannelPort port)
    {
        int axis = context.Axis(Axis(context.Node), context.Type(0).Rank), indices = context.Type(1).Rank;
        if (port is { IsOutput: false, Index: 0 } && port.Axis == axis)
            return ChannelLinks.Fixed("looks up places by their number");
        ChannelPort other = port switch
        {
            { IsOutput: false, Index: 0 } => ChannelPort.Output(0, port.Axis < axis ? port.Axis : port.Axis + indices - 1),
            { IsOutput: false } => ChannelPort.Output(0, axis + port.Axis),
            _ when port.Axis < axis => ChannelPort.Input(0, port.Axis),
            _ when port.Axis < axis + indices => ChannelPort.Input(1, port.Axis - axis),
            _ => ChannelPort.Input(0, port.Axis - indices + 1),
        };
        return ChannelLinks.Of(ChannelLink.Same(other, port.Extent(context)));
    }

    /// <summary>The axis as the node gives it, perhaps counted from the end (attribute <c>axis</c>).</summary>
    public static long Axis(Node node) => node.Int("axis", 0);

    /// <inheritdoc/>
    public int? ResultAxis(OperatorContext context, IReadOnlyList<int?> axes)
    {
        int axis = context.Axis(Axis(context.Node), context.Type(0).Rank);
        return (axes[0], axes[1]) switch
        {
            (null, { } place) => axis + place,
            ({ } place, null) when place < axis => place,
            ({ } place, null) when place > axis => place + context.Type(1).Rank - 1,
            _ => null,
        };
    }

    /// <inheritdoc/>
    public override void Backward<T>(OperatorContext context, TrainingStep<T> step)
    {
        if (step.Gradient(0) is not { } dx)
            return;
        long[] indices = step.Inputs[1]!.ToInt64();
        T[] dy = step.OutputGradient;
        TensorType x = context.Type(0);
        int axis = context.Axis(Axis(context.Node), x.Rank), size = x.Dimensions[axis];
        int outer = Shapes.Count(x.Dimensions.AsSpan()[..axis]), inner = Shapes.Count(x.Dimensions.AsSpan()[(axis + 1)..]);
        for (int o = 0; o < outer; o++)
        {
            for (int i = 0; i < indices.Length; i++)
            {
                int index = (int)(indices[i] < 0 ? indices[i] + size : indices[i]);
                GradientSums.Add(dy.AsSpan(((o * indices.Length) + i) * inner, inner), dx.AsSpan(((o * size) + index) * inner, inner));
            }
        }
    }
}
