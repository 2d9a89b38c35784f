using System.Collections.Immutable;
using System.Numerics;
using System.Runtime.InteropServices;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Operators.Numerics;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace OptimizerBuild.Operators.Pooling;

/// <summary>
/// Maximum over a sliding window; padding does not take part (ONNX operator MaxPool). A window that lies wholly in the padding, of which
/// the standard says nothing, gives the least finite number of the type, and −1 as its place.
/// </summary>
[Operator("MaxPool")]
[Input(0, "X", Elements.Floats | Elements.UInt8 | Elements.Int8)]
[Output(0, "Y")]
[Output(1, "Indices", Optional = true, From = 8)]
[Parameter("auto_pad", ParameterKind.String, Choices = ["NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID", ""])]
[Parameter("ceil_mode", ParameterKind.Int, From = 10)]
[Parameter("dilations", ParameterKind.Ints, From = 10, Minimum = 1)]
[Parameter("kernel_shape", ParameterKind.Ints, Required = true, Minimum = 1)]
[Parameter("pads", ParameterKind.Ints, Minimum = 0)]
[Parameter("storage_order", ParameterKind.Int, From = 8)]
[Parameter("strides", ParameterKind.Ints, Minimum = 1)]
internal sealed class MaxPoolOperator : Operator, IWindow, IReduction, IPassesFactors, ITrainingForward
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        WindowGeometry geometry = WindowGeometry.OfPooling(context);
        TensorType x = context.Type(0);
        if (geometry.ChannelsLast && HasIndices(context.Node))
            throw context.Invalid("its indices are defined for channels-first tensors only");
        TensorType y = geometry.Output(x.Element, geometry.Channels);
        return [y, y.As(ElementType.Int64)];
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs) =>
        NumericDispatch.Run<Code, Tensor[]>(inputs[0]!.Element, new Code(context, inputs[0]!));

    /// <inheritdoc/>
    public override long Work(OperatorContext context)
    {
        WindowGeometry g = WindowGeometry.OfPooling(context);
        return context.OutputTypes[0].Count * g.GreatestCover;
    }

    /// <inheritdoc/>
    public ChannelLinks Links(OperatorContext context, ChannelPort port) =>
        port.Axis == (context.Node.IsChannelsLast() ? context.Type(0).Rank - 1 : 1) && !HasIndices(context.Node)
            ? ChannelLinks.Through(context, port)
            : ChannelLinks.Fixed("pools over that axis, or counts places in it");

    /// <inheritdoc/>
    public ChannelLinks FactorLinks(OperatorContext context, ChannelPort port) =>
        // The least of all numbers has no factor.
        WindowGeometry.OfPooling(context).HasEmptyWindow ? ChannelLinks.Fixed("has windows without values") : Links(context, port);

    /// <inheritdoc/>
    public bool PassesOffsets(OperatorContext context, ChannelPort input) => !WindowGeometry.OfPooling(context).HasEmptyWindow;

    /// <inheritdoc/>
    public long Terms(OperatorContext context) => WindowGeometry.OfPooling(context).GreatestCover;

    /// <inheritdoc/>
    public override IntegerForm IntegerForm(OperatorContext context) =>
        context.Type(0) is { Element: ElementType.Float32, Rank: < 5 } && !HasIndices(context.Node)
            // No range of levels holds what such a window gives.
            && !WindowGeometry.OfPooling(context).HasEmptyWindow
            ? Operators.IntegerForm.SameScale
            : Operators.IntegerForm.None;

    /// <summary>Whether the node gives the places of the maxima, too.</summary>
    public static bool HasIndices(Node node) => node.HasOutput(1);

    /// <summary>Whether the places of maxima are counted down the columns of a map (attribute <c>storage_order</c>).</summary>
    public static bool IsColumnMajor(Node node) => node.Int("storage_order", 0) != 0;

    private readonly struct Code(OperatorContext context, Tensor tensor) : INumericCode<Tensor[]>
    {
        public Tensor[] Run<T>()
            where T : unmanaged, INumber<T>, IMinMaxValue<T>
        {
            WindowGeometry g = WindowGeometry.OfPooling(context);
            Tensor result = Tensor.Zeros(context.OutputTypes[0]);
            T[] x = tensor.Values<T>(), y = result.Values<T>();
            if (g.Axes.Length > 2)
            {
                Tensor places = Tensor.Zeros(HasIndices(context.Node) ? context.OutputTypes[1] : TensorType.Of(ElementType.Int64, 0));
                DirectWindow.Maximum(g, x, y, places.Values<long>(), IsColumnMajor(context.Node));
                return [result, places];
            }
            if (g.ChannelsLast)
            {
                ChannelsLast(g, x, y);
                return [result, Tensor.Zeros(context.OutputTypes[1])];
            }
            Tensor indices = Tensor.Zeros(HasIndices(context.Node) ? context.OutputTypes[1] : TensorType.Of(ElementType.Int64, 0));
            ChannelsFirst(g, x, y, indices.Values<long>(), IsColumnMajor(context.Node));
            return [result, indices];
        }

        private static void ChannelsFirst<T>(WindowGeometry g, T[] x, T[] y, long[] indices, bool columnMajor)
            where T : unmanaged, INumber<T>, IMinMaxValue<T>
        {
            int at = 0;
            for (int plane = 0; plane < g.Batch * g.Channels; plane++)
            {
                int start = plane * g.Y.Input * g.X.Input;
                for (int oy = 0; oy < g.Y.Output; oy++)
                {
                    (int top, int bottom) = g.Y.Inside(oy);
                    for (int ox = 0; ox < g.X.Output; ox++, at++)
                    {
                        (int left, int right) = g.X.Inside(ox);
                        T best = T.MinValue;
                        int bestY = -1, bestX = -1;
                        for (int iy = top; iy < bottom; iy += g.Y.Dilation)
                        {
                            for (int ix = left; ix < right; ix += g.X.Dilation)
                            {
                                T value = x[start + (iy * g.X.Input) + ix];
                                if (bestY < 0 || value > best || T.IsNaN(value))
                                    (best, bestY, bestX) = (value, iy, ix);
                            }
                        }
                        y[at] = best;
                        if (indices.Length > 0)
                            indices[at] = bestY < 0 ? -1
                                : start + (columnMajor ? ((long)bestX * g.Y.Input) + bestY : ((long)bestY * g.X.Input) + bestX);
                    }
                }
            }
        }

        private static void ChannelsLast<T>(WindowGeometry g, T[] x, T[] y)
            where T : unmanaged, INumber<T>, IMinMaxValue<T>
        {
            int at = 0, channels = g.Channels;
            for (int n = 0; n < g.Batch; n++)
            {
                for (int oy = 0; oy < g.Y.Output; oy++)
                {
                    (int top, int bottom) = g.Y.Inside(oy);
                    for (int ox = 0; ox < g.X.Output; ox++, at += channels)
                    {
                        (int left, int right) = g.X.Inside(ox);
                        Span<T> pixel = y.AsSpan(at, channels);
                        pixel.Fill(T.MinValue);
                        bool first = true;
                        for (int iy = top; iy < bottom; iy += g.Y.Dilation)
                        {
                            for (int ix = left; ix < right; ix += g.X.Dilation)
                            {
                                ReadOnlySpan<T> tap = x.AsSpan(((((n * g.Y.Input) + iy) * g.X.Input) + ix) * channels, channels);
                                if (first)
                                    tap.CopyTo(pixel);
                                else
                                    TensorPrimitives.Max(pixel, tap, pixel);
                                first = false;
                            }
                        }
                    }
                }
            }
        }
    }

    /// <inheritdoc/>
    public void Forward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        // Also where each maximum comes from, which is where its gradient goes.
        WindowPlaces places = step.Keep(() => new WindowPlaces(WindowGeometry.OfPooling(context)));
        (T[] x, T[] y) = (step.Input(0), step.Output(0));
        int[] sources = step.Keep(() => new int[y.Length]);
        WindowGeometry g = places.Geometry;
        int run = g.ChannelsLast ? g.Channels : 1, planes = g.Batch * g.Channels / run;
        Array.Fill(y, T.MinValue);
        Array.Fill(sources, -1);
        for (int n = 0, at = 0; n < planes; n++)
        {
            for (int p = 0; p < places.OutputPixels; p++, at += run)
            {
                foreach (int pixel in places.Pixels.AsSpan(p * places.Taps, places.Taps))
                {
                    int from = ((n * places.InputPixels) + pixel) * run;
                    if (pixel >= 0)
                        Take<T>(x.AsSpan(from, run), from, y.AsSpan(at, run), sources.AsSpan(at, run));
                }
            }
        }
        if (HasIndices(context.Node))
            Evaluate(context, step.Inputs)[1].Data.CopyTo(step.Outputs[1]!.Data, 0);
    }

    // Takes the elements that are greater than what is there, and notes where they are; the first ones in any case.
    private static void Take<T>(ReadOnlySpan<T> x, int from, Span<T> y, Span<int> sources)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int c = 0;
        if (typeof(T) == typeof(float))
        {
            Span<float> found = MemoryMarshal.Cast<T, float>(y);
            ReadOnlySpan<float> others = MemoryMarshal.Cast<T, float>(x);
            for (; c <= x.Length - Vector<float>.Count; c += Vector<float>.Count)
            {
                Vector<float> old = new(found[c..]), other = new(others[c..]);
                Vector<int> places = new(sources[c..]);
                Vector<int> taken = Vector.GreaterThan(other, old) | Vector.LessThan(places, Vector<int>.Zero);
                Vector.ConditionalSelect(Vector.AsVectorSingle(taken), other, old).CopyTo(found[c..]);
                Vector.ConditionalSelect(taken, Vector<int>.Indices + new Vector<int>(from + c), places).CopyTo(sources[c..]);
            }
        }
        for (; c < x.Length; c++)
            if (x[c] > y[c] || sources[c] < 0)
                (y[c], sources[c]) = (x[c], from + c);
    }

    /// <inheritdoc/>
    public void Backward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        if (step.Gradient(0) is not { } dx)
            return;
        int[] sources = step.Keep(() => Array.Empty<int>());
        T[] dy = step.OutputGradient;
        for (int i = 0; i < sources.Length; i++)
            if (sources[i] >= 0)
                dx[sources[i]] += dy[i];
    }
}
