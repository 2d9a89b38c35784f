using System.Collections.Immutable;
using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Operators.Numerics;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace OptimizerBuild.Operators.Pooling;

/// <summary>A reduction of each channel over all its positions: GlobalAveragePool and GlobalMaxPool.</summary>
[Input(0, "X", Elements.Floats)]
[Output(0, "Y")]
internal abstract class GlobalPoolOperator : Operator, ISpatial, IAxisReduction, IPassesFactors, ITrainingForward
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        TensorType x = context.Type(0);
        if (x.Rank < 3)
            throw context.Invalid($"its input is {x} instead of a tensor with spatial dimensions");
        if (x.Dimensions.Skip(2).Contains(0))
            throw context.Invalid($"its input {x} has no positions to reduce");
        bool last = context.Node.IsChannelsLast();
        return [new(x.Element, [.. x.Dimensions.Select((d, i) => i == 0 || i == (last ? x.Rank - 1 : 1) ? d : 1)])];
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs)
    {
        Tensor x = inputs[0]!;
        if (context.Node.IsChannelsLast())
            x = TensorMove.Transpose(x, [0, x.Rank - 1, .. Enumerable.Range(1, x.Rank - 2)]);
        float[] values = FloatTensor.Values(x);
        int channels = x.Dimensions[0] * x.Dimensions[1];
        int positions = channels == 0 ? 0 : x.Count / channels;
        var y = new float[channels];
        for (int c = 0; c < channels; c++)
            y[c] = Reduce(values.AsSpan(c * positions, positions));
        return [FloatTensor.Of(context.OutputTypes[0], y)];
    }

    /// <inheritdoc/>
    public ChannelLinks Links(OperatorContext context, ChannelPort port) =>
        port.Axis == (context.Node.IsChannelsLast() ? context.Type(0).Rank - 1 : 1)
            ? ChannelLinks.Through(context, port)
            : ChannelLinks.Fixed("pools over that axis");

    /// <inheritdoc/>
    public bool PassesOffsets(OperatorContext context, ChannelPort input) => true;

    /// <inheritdoc/>
    public abstract string KernelMethod { get; }

    /// <inheritdoc/>
    public virtual bool IsMean => false;

    /// <inheritdoc/>
    public int[] ReducedAxes(OperatorContext context) =>
        [.. Enumerable.Range(context.Node.FirstSpatialAxis(), context.Type(0).Rank - 2)];

    /// <summary>Reduces one channel.</summary>
    protected abstract float Reduce(ReadOnlySpan<float> positions);

    /// <inheritdoc/>
    public override bool IsIdentity(OperatorContext context) => true;

    /// <inheritdoc/>
    public void Forward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        (int[] places, int results) = ReductionGradients.PlacesOf(context, step);
        (T[] x, T[] y) = (step.Input(0), step.Output(0));
        Array.Fill(y, IsMean ? T.Zero : T.NegativeInfinity);
        if (IsMean && context.Node.IsChannelsLast())
        {
            // The channels of a pixel at a time: the same sums in the same order.
            int channels = context.Type(0).Dimensions[^1], image = x.Length / Math.Max(context.Type(0).Dimensions[0], 1);
            for (int i = 0; i < x.Length; i += channels)
                GradientSums.Add(x.AsSpan(i, channels), y.AsSpan(i / image * channels, channels));
            TensorPrimitives.Divide(y, T.CreateTruncating(places.Length / results), y);
            return;
        }
        for (int i = 0; i < x.Length; i++)
            y[places[i]] = IsMean ? y[places[i]] + x[i] : T.Max(y[places[i]], x[i]);
        if (IsMean)
            TensorPrimitives.Divide(y, T.CreateTruncating(places.Length / results), y);
    }

    /// <inheritdoc/>
    public void Backward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        if (IsMean)
            ReductionGradients.OfSum(context, step);
        else
            ReductionGradients.OfExtremum(context, step);
    }
}
