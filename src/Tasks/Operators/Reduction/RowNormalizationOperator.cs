using System.Collections.Immutable;
using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Reduction;

/// <summary>
/// Rows divided by the root of the mean of their squares, perhaps brought to mean 0 first, then scaled and perhaps shifted: inputs are the
/// tensor, factors and addends.
/// </summary>
[Parameter("axis", ParameterKind.Int)]
[Parameter("epsilon", ParameterKind.Float)]
[Parameter("stash_type", ParameterKind.Int)]
internal abstract class RowNormalizationOperator : Operator, INormalisation, IPassesChannels, ITrainingForward
{
    /// <summary>Whether rows are brought to mean 0 before they are divided by the root of their mean square.</summary>
    public abstract bool IsCentred { get; }

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
        return [x with { Element = context.Type(1).Element }, statistics, statistics];
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
        var statistics = new Statistics(means.Length, IsCentred);
        for (int row = 0; row < means.Length; row++)
        {
            ReadOnlySpan<float> from = values.AsSpan(row * length, length);
            (double mean, double inverse) = statistics.Of(row, from, epsilon);
            for (int i = 0; i < length; i++)
                y[(row * length) + i] = (float)(((from[i] - mean) * inverse * scale[i]) + (bias?[i] ?? 0));
            (means[row], inverses[row]) = ((float)mean, (float)inverse);
        }
        return [FloatTensor.Of(context.OutputTypes[0], y), new(context.OutputTypes[1], means), new(context.OutputTypes[2], inverses)];
    }

    /// <inheritdoc/>
    public void Forward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        (T[] x, T[] y, T[] scale) = (step.Input(0), step.Output(0), Row(context, step, 1)!);
        T[]? bias = Row(context, step, 2);
        int length = scale.Length;
        Statistics statistics = step.Keep(() => new Statistics(x.Length / length, IsCentred));
        for (int row = 0; row < x.Length / length; row++)
        {
            (double mean, double inverse) = statistics.Of(row, x.AsSpan(row * length, length), INormalisation.Epsilon(context.Node));
            for (int i = 0; i < length; i++)
            {
                double normal = (double.CreateTruncating(x[(row * length) + i]) - mean) * inverse;
                y[(row * length) + i] = T.CreateTruncating((normal * double.CreateTruncating(scale[i]))
                    + (bias is null ? 0 : double.CreateTruncating(bias[i])));
            }
            if (step.Outputs.ElementAtOrDefault(1) is { } means)
                means.Values<T>()[row] = T.CreateTruncating(mean);
            if (step.Outputs.ElementAtOrDefault(2) is { } inverses)
                inverses.Values<T>()[row] = T.CreateTruncating(inverse);
        }
    }

    /// <inheritdoc/>
    /// <remarks>
    /// With x̂ = (x − mean)·inverse and g the gradient of x̂: that of x is inverse·(g − mean(g) − x̂·mean(g·x̂)), without mean(g) where no
    /// mean is taken off; the mean's own gradient goes to all elements alike, that of the inverse deviation as −inverse²·x̂ of its share.
    /// </remarks>
    public void Backward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        (T[] x, T[] scale) = (step.Input(0), Row(context, step, 1)!);
        T[]? dx = step.Gradient(0), dy = step.OutputGradients[0], dMean = step.OutputGradients.ElementAtOrDefault(1);
        T[]? dInverse = step.OutputGradients.ElementAtOrDefault(2);
        int length = scale.Length;
        Statistics statistics = step.Keep(() => new Statistics(x.Length / length, IsCentred));
        double[] normal = new double[length], gradient = new double[length];
        T[] dScale = new T[length], dBias = new T[length];
        for (int row = 0; row < x.Length / length; row++)
        {
            (double mean, double inverse, double sum, double products) = (statistics.Means[row], statistics.Inverses[row], 0, 0);
            for (int i = 0; i < length; i++)
            {
                int at = (row * length) + i;
                T result = dy is null ? T.Zero : dy[at];
                normal[i] = (double.CreateTruncating(x[at]) - mean) * inverse;
                gradient[i] = double.CreateTruncating(result) * double.CreateTruncating(scale[i]);
                sum += IsCentred ? gradient[i] : 0;
                products += gradient[i] * normal[i];
                dScale[i] += result * T.CreateTruncating(normal[i]);
                dBias[i] += result;
            }
            if (dx is null)
                continue;
            double shift = dMean is null ? 0 : double.CreateTruncating(dMean[row]) / length;
            double stretch = dInverse is null ? 0 : -double.CreateTruncating(dInverse[row]) * inverse * inverse / length;
            for (int i = 0; i < length; i++)
                dx[(row * length) + i] += T.CreateTruncating(
                    (inverse * (gradient[i] - (sum / length) - (normal[i] * products / length))) + shift + (stretch * normal[i]));
        }
        ReadOnlySpan<int> shape = RowShape(context);
        if (step.Gradient(1) is { } toScale)
            GradientSums.AddBroadcast(dScale, shape, toScale, context.Type(1).Dimensions.AsSpan());
        if (step.Gradient(2) is { } toBias)
            GradientSums.AddBroadcast(dBias, shape, toBias, context.Type(2).Dimensions.AsSpan());
    }

    private static ReadOnlySpan<int> RowShape(OperatorContext context) =>
        context.Type(0).Dimensions.AsSpan()[context.Axis(Axis(context.Node), context.Type(0).Rank)..];

    // A parameter in the shape of a row; null where it is omitted.
    private static T[]? Row<T>(OperatorContext context, TrainingStep<T> step, int input)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T> =>
        step.Inputs.ElementAtOrDefault(input) is { } parameter ? TensorMove.Expand(parameter, RowShape(context)).Values<T>() : null;

    /// <summary>What rows are normalised by, from the way forward for the way back.</summary>
    /// <param name="rows">The number of rows.</param>
    /// <param name="isCentred">Whether the mean is taken off; else it counts as 0.</param>
    private sealed class Statistics(int rows, bool isCentred)
    {
        public double[] Means { get; } = new double[rows];

        public double[] Inverses { get; } = new double[rows];

        public (double Mean, double Inverse) Of<T>(int row, ReadOnlySpan<T> values, double epsilon)
            where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            double mean = 0, variance = 0;
            foreach (T v in values)
                mean += double.CreateTruncating(v);
            mean = isCentred ? mean / values.Length : 0;
            foreach (T v in values)
                variance += (double.CreateTruncating(v) - mean) * (double.CreateTruncating(v) - mean);
            return (Means[row], Inverses[row]) = (mean, 1 / Math.Sqrt((variance / values.Length) + epsilon));
        }
    }

    private static bool IsFinite(Tensor? constant) => constant is not null && FloatTensor.Values(constant).All(float.IsFinite);

    /// <summary>The first axis of a row as the node gives it, perhaps counted from the end (attribute <c>axis</c>).</summary>
    public static long Axis(Node node) => node.Int("axis", -1);

    /// <summary>The node with rows that are the last axis alone.</summary>
    public static Node WithLastAxis(Node node) => node.With("axis", -1);
}
