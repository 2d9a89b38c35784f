using System.Collections.Immutable;
using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Linear;

/// <summary>
/// Batch normalisation in inference: scale·(x − mean)/√(variance + epsilon) + bias for each channel (ONNX operator
/// BatchNormalization; Ioffe and Szegedy, 2015).
/// </summary>
[Operator("BatchNormalization")]
[Input(0, "X", Elements.Floats)]
[Input(1, "scale", Elements.Floats)]
[Input(2, "B", Elements.Floats)]
[Input(3, "input_mean", Elements.Floats)]
[Input(4, "input_var", Elements.Floats)]
[Output(0, "Y")]
[Output(1, "running_mean", Optional = true)]
[Output(2, "running_var", Optional = true)]
[Output(3, "saved_mean", Optional = true, Until = 13)]
[Output(4, "saved_var", Optional = true, Until = 13)]
[Parameter("epsilon", ParameterKind.Float)]
[Parameter("is_test", ParameterKind.Int, Until = 6)]
[Parameter("momentum", ParameterKind.Float)]
[Parameter("spatial", ParameterKind.Int, Until = 8)]
[Parameter("training_mode", ParameterKind.Int, From = 14)]
internal sealed class BatchNormalizationOperator : Operator, INormalisation, IKeepsExtent, ITrainingForward
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        TensorType x = context.Type(0);
        if (x.Rank < 1)
            throw context.Invalid($"its input {x} is a scalar");
        if (IsTraining(context.Node))
            throw context.Unsupported("BatchNormalization in inference (training_mode=0)");
        int channels = x.Rank < 2 ? 1 : x.Dimensions[1];
        for (int i = 1; i <= 4; i++)
            if (context.Type(i) is var p && (p.Rank != 1 || p.Count != channels))
                throw context.Invalid($"its parameter {p} does not fit {channels} channels");
        return [x];
    }

    /// <inheritdoc/>
    public int? ResultAxis(OperatorContext context, IReadOnlyList<int?> axes) =>
        axes[0] == 0 && axes.Skip(1).All(a => a is null) ? 0 : null;

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs)
    {
        Tensor x = inputs[0]!;
        float[] values = FloatTensor.Values(x);
        float[] scale = FloatTensor.Values(inputs[1]!), bias = FloatTensor.Values(inputs[2]!);
        float[] mean = FloatTensor.Values(inputs[3]!), variance = FloatTensor.Values(inputs[4]!);
        float epsilon = INormalisation.Epsilon(context.Node);
        var y = new float[x.Count];
        int channels = scale.Length;
        int inner = x.Rank < 2 ? x.Count : Shapes.Count(x.Dimensions.AsSpan()[2..]);
        for (int i = 0; i < y.Length; i++)
        {
            int c = i / inner % channels;
            y[i] = (float)((scale[c] * ((double)values[i] - mean[c]) / Math.Sqrt((double)variance[c] + epsilon)) + bias[c]);
        }
        return [FloatTensor.Of(x.Type, y)];
    }

    /// <summary>Whether the statistics are those of the batch instead of the inputs (attribute <c>training_mode</c>).</summary>
    public static bool IsTraining(Node node) => node.Int("training_mode", 0) != 0;

    /// <inheritdoc/>
    public void Forward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        (T[] x, T[] y) = (step.Input(0), step.Output(0));
        (T[] scale, T[] bias, T[] mean, T[] deviation) = (step.Input(1), step.Input(2), step.Input(3), Deviations(context, step));
        ForEachRun(context, x.Length, (c, start, length) =>
        {
            for (int i = start; i < start + length; i++)
                y[i] = (scale[c] * (x[i] - mean[c]) / deviation[c]) + bias[c];
        });
    }

    /// <inheritdoc/>
    public void Backward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        (T[] x, T[] dy) = (step.Input(0), step.OutputGradient);
        (T[] scale, T[] mean, T[] deviation) = (step.Input(1), step.Input(3), Deviations(context, step));
        ForEachRun(context, x.Length, (c, start, length) =>
        {
            T sum = T.Zero, products = T.Zero, factor = scale[c] / deviation[c];
            for (int i = start; i < start + length; i++)
            {
                sum += dy[i];
                products += dy[i] * (x[i] - mean[c]);
            }
            if (step.Gradient(0) is { } dx)
                GradientSums.AddScaled(dy.AsSpan(start, length), factor, dx.AsSpan(start, length));
            AddTo(step.Gradient(1), c, products / deviation[c]);
            AddTo(step.Gradient(2), c, sum);
            AddTo(step.Gradient(3), c, -sum * factor);
            AddTo(step.Gradient(4), c, -products * factor / (deviation[c] * deviation[c] * T.CreateTruncating(2)));
        });
    }

    private static void AddTo<T>(T[]? gradient, int channel, T value)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (gradient is not null)
            gradient[channel] += value;
    }

    private static T[] Deviations<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T> =>
        Array.ConvertAll(step.Input(4), v =>
            T.CreateTruncating(Math.Sqrt(double.CreateTruncating(v + T.CreateTruncating(INormalisation.Epsilon(context.Node))))));

    // Runs of elements of one channel.
    private static void ForEachRun(OperatorContext context, int count, Action<int, int, int> run)
    {
        TensorType x = context.Type(0);
        int channels = context.Type(1).Count, inner = x.Rank < 2 ? x.Count : Shapes.Count(x.Dimensions.AsSpan()[2..]);
        for (int start = 0, c = 0; start < count; start += inner, c = (c + 1) % channels)
            run(c, start, inner);
    }
}
