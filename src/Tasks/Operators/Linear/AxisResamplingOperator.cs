using System.Collections.Immutable;
using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;
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
internal sealed class AxisResamplingOperator : Operator, IPassesFactors, ITrainingForward
{
    // With more, weights whose sums fit into 32 bits would keep too few bits.
    private const int MostIntegerTaps = 1 << 12;

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
        var to = new float[context.OutputTypes[0].Count];
        Resample(context, inputs[0]!.Values<float>(), inputs[1]!.Values<int>(), inputs[2]!.Values<float>(), to);
        return [FloatTensor.Of(context.OutputTypes[0], to)];
    }

    /// <inheritdoc/>
    public void Forward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T> =>
        Resample(context, step.Input(0), step.Inputs[1]!.Values<int>(), step.Input(2), step.Output(0));

    /// <inheritdoc/>
    public void Backward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        (T[] x, T[] weights, T[] dy) = (step.Input(0), step.Input(2), step.OutputGradient);
        T[]? dx = step.Gradient(0), dw = step.Gradient(2);
        int[] places = step.Inputs[1]!.Values<int>();
        int inner = Inner(context), taps = context.Type(1).Dimensions[1];
        ForEachRun(context, (to, start, row) =>
        {
            ReadOnlySpan<T> gradient = dy.AsSpan(to, inner);
            for (int t = row; t < row + taps; t++)
            {
                int from = start + (places[t] * inner);
                if (dx is not null)
                    GradientSums.AddScaled(gradient, weights[t], dx.AsSpan(from, inner));
                if (dw is not null)
                    for (int i = 0; i < inner; i++)
                        dw[t] += gradient[i] * x[from + i];
            }
        });
    }

    private static void Resample<T>(OperatorContext context, T[] x, int[] places, T[] weights, T[] y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int inner = Inner(context), taps = context.Type(1).Dimensions[1];
        Array.Clear(y);
        ForEachRun(context, (to, start, row) =>
        {
            for (int t = row; t < row + taps; t++)
                GradientSums.AddScaled(x.AsSpan(start + (places[t] * inner), inner), weights[t], y.AsSpan(to, inner));
        });
    }

    // Runs of the result behind the axis: where each begins, where those of its inputs do, and the first of its places and weights.
    private static void ForEachRun(OperatorContext context, Action<int, int, int> run)
    {
        int count = context.Type(0).Dimensions[context.Axis(Axis(context.Node), context.Type(0).Rank)], inner = Inner(context);
        (int outputs, int taps) = (context.Type(1).Dimensions[0], context.Type(1).Dimensions[1]);
        for (int to = 0, n = 0; to < context.OutputTypes[0].Count; to += inner, n++)
            run(to, n / outputs * count * inner, n % outputs * taps);
    }

    private static int Inner(OperatorContext context) =>
        Shapes.Count(context.Type(0).Dimensions.AsSpan()[(context.Axis(Axis(context.Node), context.Type(0).Rank) + 1)..]);

    /// <inheritdoc/>
    public override IntegerForm IntegerForm(OperatorContext context) =>
        context.InputConstants[1] is { Count: > 0 } places && places.Dimensions[1] <= MostIntegerTaps
        && context.InputConstants[2] is { } weights && weights.Values<float>().Chunk(places.Dimensions[1]).All(IsTame)
            ? Operators.IntegerForm.Rescale : Operators.IntegerForm.None;

    // Between two axes values have room for twice the input's range; those of all modes of Resize stay within 1.4 times.
    private static bool IsTame(float[] weights) => weights.Sum(Math.Abs) <= 2;

    /// <inheritdoc/>
    public ChannelLinks Links(OperatorContext context, ChannelPort port) =>
        port is { IsOutput: false, Index: > 0 } || port.Axis == context.Axis(Axis(context.Node), context.Type(0).Rank)
            ? ChannelLinks.Fixed("resamples that axis")
            : ChannelLinks.Through(context, port);

    /// <inheritdoc/>
    public override long Work(OperatorContext context) => (long)context.OutputTypes[0].Count * context.Type(1).Dimensions[1];

    /// <summary>The axis (attribute <c>axis</c>).</summary>
    public static long Axis(Node node) => node.Int("axis", 0);

    /// <summary>The node along another axis.</summary>
    public static Node WithAxis(Node node, long axis) => node.With("axis", axis);
}
