using System.Collections.Immutable;
using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Linear;

/// <summary>
/// Convolution over one to three spatial dimensions, with groups (ONNX operator Conv). The weights are always O,I,H,W; with
/// <c>channels_last</c> the activations are N,H,W,C.
/// </summary>
[Operator("Conv")]
[Input(0, "X", Elements.Floats, Variable = "T")]
[Input(1, "W", Elements.Floats, Variable = "T")]
[Input(2, "B", Elements.Floats, Variable = "T", Optional = true)]
[Output(0, "Y")]
[Parameter("auto_pad", ParameterKind.String, Choices = ["NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID", ""])]
[Parameter("dilations", ParameterKind.Ints, Minimum = 1)]
[Parameter("group", ParameterKind.Int, Minimum = 1)]
[Parameter("kernel_shape", ParameterKind.Ints, Minimum = 1)]
[Parameter("pads", ParameterKind.Ints, Minimum = 0)]
[Parameter("strides", ParameterKind.Ints, Minimum = 1)]
internal sealed class ConvOperator : Operator, IConvolution, IPassesChannels, ITrainingForward
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        WindowGeometry geometry = WindowGeometry.OfConvolution(context);
        (TensorType x, TensorType w) = (context.Type(0), context.Type(1));
        long group = Groups(context.Node);
        if (w.Dimensions[0] % group != 0 || w.Dimensions[1] * group != geometry.Channels)
            throw context.Invalid($"its input {x}, its weights {w} and {group} groups do not fit together");
        if (context.Has(2) && context.Type(2) is var b && (b.Rank != 1 || b.Count != w.Dimensions[0]))
            throw context.Invalid($"its bias is {b} for {w.Dimensions[0]} output channels");
        FusedActivation.Check(context);
        return [geometry.Output(x.Element, w.Dimensions[0])];
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs)
    {
        WindowGeometry geometry = WindowGeometry.OfConvolution(context);
        Tensor w = inputs[1]!;
        Tensor? bias = inputs.Count > 2 ? inputs[2] : null;
        float[] x = FloatTensor.Values(inputs[0]!);
        TensorType type = context.OutputTypes[0];
        var y = new float[type.Count];
        int group = (int)Groups(context.Node);
        if (geometry.Axes.Length > 2)
        {
            DirectWindow.Convolve(geometry, x, FloatTensor.Values(w), bias is null ? null : FloatTensor.Values(bias), w.Dimensions[0],
                group, y);
            return [FusedActivation.Apply(context.Node, FloatTensor.Of(type, y))];
        }
        var convolution = new FloatConvolution(geometry, w.Dimensions[0], group, FloatTensor.Values(w), bias is null
            ? null
            : FloatTensor.Values(bias));
        // Weights are mostly the node's constant, whose other order serves every evaluation.
        if (y.Length > 0)
            convolution.Run(x, !geometry.ChannelsLast ? null : ReferenceEquals(w, context.InputConstants[1])
                ? context.Prepared(convolution.TurnWeights) : convolution.TurnWeights(), y);
        return [FusedActivation.Apply(context.Node, FloatTensor.Of(type, y))];
    }

    /// <inheritdoc/>
    public override long MultiplyAccumulates(OperatorContext context)
    {
        WindowGeometry g = WindowGeometry.OfConvolution(context);
        return checked((long)g.Batch * g.OutputPixels * context.Type(1).Count);
    }

    /// <inheritdoc/>
    public override IntegerForm IntegerForm(OperatorContext context) =>
        context.Type(0) is { Element: ElementType.Float32, Rank: < 5 } && context.InputConstants[0] is null
            && context.InputConstants[1] is not null
            && (!context.Has(2) || context.InputConstants[2] is not null)
            ? Operators.IntegerForm.DotProduct
            : Operators.IntegerForm.None;

    /// <inheritdoc/>
    public override bool TakesActivation => true;

    /// <inheritdoc/>
    public ChannelLinks Links(OperatorContext context, ChannelPort port)
    {
        (TensorType x, TensorType w) = (context.Type(0), context.Type(1));
        int axis = context.Node.IsChannelsLast() ? x.Rank - 1 : 1;
        int groups = (int)Groups(context.Node), outputs = w.Dimensions[0], inputs = w.Dimensions[1];
        (ChannelPort from, ChannelPort to) = (ChannelPort.Input(0, axis), ChannelPort.Output(0, axis));
        (ChannelPort rows, ChannelPort columns, ChannelPort bias) =
            (ChannelPort.Input(1, 0), ChannelPort.Input(1, 1), ChannelPort.Input(2, 0));
        // One input channel a group: each is read by the output channels of its own alone, and vanishes with them.
        bool separate = inputs == 1 && groups > 1;
        int perGroup = outputs / groups;
        if (port == from)
            return ChannelLinks.Of(separate
                ? [ChannelLink.ByOther(to, outputs, o => o / perGroup)]
                : [ChannelLink.ByOwn(columns, x.Dimensions[axis], i => i % inputs)]);
        if (port == columns && !separate)
            return ChannelLinks.Of(ChannelLink.ByOther(from, x.Dimensions[axis], i => i % inputs));
        if (!(port == to || port == rows || port == bias))
            return ChannelLinks.Fixed("slides a window along that axis");
        var links = new List<ChannelLink>();
        foreach (ChannelPort other in (ChannelPort[])[to, rows, bias])
            if (other != port && (other != bias || context.Has(2)))
                links.Add(ChannelLink.Same(other, outputs));
        if (separate)
            links.Add(ChannelLink.ByOwn(from, outputs, o => o / perGroup));
        else if (groups > 1)
            // All groups keep the same places, so that they stay equal.
            links.Add(ChannelLink.ByOwn(port, outputs, o => o % perGroup));
        return ChannelLinks.Of(links);
    }

    /// <inheritdoc/>
    public string MergeObstacle(OperatorContext context, ChannelPort port) =>
        port.IsOutput ? "" : ChannelLinks.MergeObstacle(context, Links(context, port));

    /// <inheritdoc/>
    public ChannelPort? Source(OperatorContext context) => context.Constant(1) is null
        ? null : ChannelPort.Output(0, context.Node.IsChannelsLast() ? context.Type(0).Rank - 1 : 1);

    /// <inheritdoc/>
    public Node Narrow(OperatorContext context, NarrowedNode narrowed) => context.Type(1).Dimensions[1] == 1 && Groups(context.Node) > 1
        ? context.Node.With("group",
            narrowed.Kept(ChannelPort.Input(0, context.Node.IsChannelsLast() ? context.Type(0).Rank - 1 : 1)).Length)
        : context.Node;

    /// <summary>The number of groups of channels that do not see each other (attribute <c>group</c>).</summary>
    public static long Groups(Node node) => node.Int("group", 1);

    /// <inheritdoc/>
    int IConvolution.Groups(Node node) => checked((int)Groups(node));

    /// <inheritdoc/>
    Node IConvolution.WithGroups(Node node, int groups) => node.With("group", groups);

    /// <inheritdoc/>
    public void Forward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T> =>
        Training(context, step).Forward(step.Input(0), step.Input(1), context.Has(2) ? step.Input(2) : null, step.Output(0));

    /// <inheritdoc/>
    public void Backward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T> =>
        Training(context, step).Backward(step.Input(0), step.Input(1), step.OutputGradient, step.Gradient(0),
            step.Gradient(1), step.Gradient(2));

    private static TrainingConvolution<T> Training<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T> =>
        step.Keep(() => new TrainingConvolution<T>(
            WindowGeometry.OfConvolution(context), context.Type(1).Dimensions[0], (int)Groups(context.Node)));
}
