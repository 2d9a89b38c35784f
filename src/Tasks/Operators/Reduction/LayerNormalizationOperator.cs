using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Reduction;

/// <summary>
/// Rows brought to mean 0 and variance 1, then scaled and shifted (ONNX operator LayerNormalization; Ba, Kiros and Hinton, 2016).
/// </summary>
[Operator("LayerNormalization")]
[Input(0, "X", Elements.Floats)]
[Input(1, "Scale", Elements.Floats)]
[Input(2, "B", Elements.Floats, Optional = true)]
[Output(0, "Y")]
[Output(1, "Mean", Optional = true)]
[Output(2, "InvStdDev", Optional = true)]
[Parameter("axis", ParameterKind.Int)]
[Parameter("epsilon", ParameterKind.Float)]
[Parameter("stash_type", ParameterKind.Int)]
internal sealed class LayerNormalizationOperator : Operator, INormalisation, IPassesChannels
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        TensorType x = context.Type(0);
        if (x.Rank == 0)
            throw context.Invalid($"its input {x} is a scalar");
        int axis = context.Axis(Axis(context.Node), x.Rank);
        ReadOnlySpan<int> row = x.Dimensions.AsSpan()[axis..];
        if (row.Contains(0))
            throw context.Invalid($"rows of {x} from axis {axis} on are empty");
        for (int i = 1; i <= 2; i++)
            if (context.Has(i) && !(Shapes.Broadcast(context.Type(i).Dimensions.AsSpan(), row) is { } both
                && both.AsSpan().SequenceEqual(row)))
                throw context.Invalid($"its parameter {context.Type(i)} does not broadcast to rows of {x} from axis {axis} on");
        var statistics = new TensorType(ElementType.Float32, [.. x.Dimensions.Select((d, i) => i < axis ? d : 1)]);
        return [x, statistics, statistics];
    }

    /// <summary>The longest row in integers: 255² of so many elements is below 2³¹ (docs/arithmetic.md, Layer normalisation).</summary>
    public const int LongestIntegerRow = 1 << 15;

    /// <inheritdoc/>
    public override IntegerForm IntegerForm(OperatorContext context)
    {
        TensorType x = context.Type(0);
        return x.Element == ElementType.Float32 && IsFinite(context.InputConstants[1])
            && (!context.Has(2) || IsFinite(context.InputConstants[2])) && !context.Node.HasOutput(1) && !context.Node.HasOutput(2)
            && x.Dimensions.Skip(context.Axis(Axis(context.Node), x.Rank)).Aggregate(1L, (a, b) => a * b) <= LongestIntegerRow
            && INormalisation.Epsilon(context.Node) >= 0
            ? Operators.IntegerForm.Rescale : Operators.IntegerForm.None;
    }

    /// <inheritdoc/>
    public ChannelLinks Links(OperatorContext context, ChannelPort port)
    {
        int count = port.Extent(context);
        bool row = port is { IsOutput: false, Index: > 0 } || (!(port is { IsOutput: true, Index: > 0 } && count == 1)
            && port.Axis >= context.Axis(Axis(context.Node), context.Type(0).Rank));
        return row
            ? ChannelLinks.Fixed("normalises over that axis")
            : ChannelLinks.Of(((ChannelPort[])[ChannelPort.Input(0, port.Axis),
                .. Enumerable.Range(0, context.Node.Outputs.Length).Select(o => ChannelPort.Output(o, port.Axis))])
                .Where(p => p != port).Select(p => ChannelLink.Same(p, count)));
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs)
    {
        Tensor x = inputs[0]!;
        int axis = context.Axis(Axis(context.Node), x.Rank);
        ReadOnlySpan<int> shape = x.Dimensions.AsSpan()[axis..];
        float[] values = FloatTensor.Values(x);
        float[] scale = FloatTensor.Values(TensorMove.Expand(inputs[1]!, shape));
        float[]? bias = inputs.ElementAtOrDefault(2) is { } b ? FloatTensor.Values(TensorMove.Expand(b, shape)) : null;
        double epsilon = INormalisation.Epsilon(context.Node);
        int length = scale.Length;
        var y = new float[values.Length];
        var means = new float[values.Length / length];
        var inverses = new float[means.Length];
        for (int row = 0; row < means.Length; row++)
        {
            ReadOnlySpan<float> from = values.AsSpan(row * length, length);
            double mean = 0, variance = 0;
            foreach (float v in from)
                mean += v;
            mean /= length;
            foreach (float v in from)
                variance += (v - mean) * (v - mean);
            double inverse = 1 / Math.Sqrt((variance / length) + epsilon);
            for (int i = 0; i < length; i++)
                y[(row * length) + i] = (float)(((from[i] - mean) * inverse * scale[i]) + (bias?[i] ?? 0));
            (means[row], inverses[row]) = ((float)mean, (float)inverse);
        }
        return [FloatTensor.Of(x.Type, y), new(context.OutputTypes[1], means), new(context.OutputTypes[2], inverses)];
    }

    private static bool IsFinite(Tensor? constant) => constant is not null && FloatTensor.Values(constant).All(float.IsFinite);

    /// <summary>The first axis of a row as the node gives it, perhaps counted from the end (attribute <c>axis</c>).</summary>
    public static long Axis(Node node) => node.Int("axis", -1);

    /// <summary>The node with rows that are the last axis alone.</summary>
    public static Node WithLastAxis(Node node) => node.With("axis", -1);
}
