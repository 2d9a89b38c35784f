using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Linear;

/// <summary>
/// Resampling along one axis (internal operator AxisResampling, which the importer makes of Resize): each output is a sum of inputs at
/// places of its own, with weights of its own. Inputs: the tensor, int32 places [outputs, taps] and float32 weights [outputs, taps].
/// </summary>
[Operator("AxisResampling", Domain = Node.InternalDomain)]
[Input(0, "X", Elements.Float32)]
[Input(1, "places", Elements.Int32)]
[Input(2, "weights", Elements.Float32)]
[Output(0, "Y")]
[Parameter("axis", ParameterKind.Int, Required = true)]
internal sealed class AxisResamplingOperator : Operator, IPassesChannels
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        (TensorType x, TensorType places) = (context.Type(0), context.Type(1));
        if (places.Rank != 2 || !places.Dimensions.SequenceEqual(context.Type(2).Dimensions))
            throw context.Invalid($"its places are {places} and its weights {context.Type(2)}");
        return [new(x.Element, x.Dimensions.SetItem(context.Axis(Axis(context.Node), x.Rank), places.Dimensions[0]))];
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs)
    {
        Tensor x = inputs[0]!;
        int axis = context.Axis(Axis(context.Node), x.Rank);
        int count = x.Dimensions[axis], inner = Shapes.Count(x.Dimensions.AsSpan()[(axis + 1)..]);
        (int outputs, int taps) = (inputs[1]!.Dimensions[0], inputs[1]!.Dimensions[1]);
        (float[] from, int[] places, float[] weights) = (x.Values<float>(), inputs[1]!.Values<int>(), inputs[2]!.Values<float>());
        var to = new float[context.OutputTypes[0].Count];
        for (int at = 0; at < to.Length; at++)
        {
            int start = (at / inner / outputs * count * inner) + (at % inner), j = at / inner % outputs;
            float sum = 0;
            for (int t = 0; t < taps; t++)
                sum = MathF.FusedMultiplyAdd(from[start + (places[(j * taps) + t] * inner)], weights[(j * taps) + t], sum);
            to[at] = sum;
        }
        return [FloatTensor.Of(context.OutputTypes[0], to)];
    }

    /// <inheritdoc/>
    public ChannelLinks Links(OperatorContext context, ChannelPort port) =>
        port is { IsOutput: false, Index: > 0 } || port.Axis == context.Axis(Axis(context.Node), context.Type(0).Rank)
            ? ChannelLinks.Fixed("resamples that axis")
            : ChannelLinks.Through(context, port);

    /// <inheritdoc/>
    public override long Work(OperatorContext context) => (long)context.OutputTypes[0].Count * context.Type(1).Dimensions[1];

    /// <summary>The axis (attribute <c>axis</c>).</summary>
    public static long Axis(Node node) => node.Int("axis", 0);
}
