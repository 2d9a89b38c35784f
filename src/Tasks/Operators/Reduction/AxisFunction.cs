using System.Collections.Immutable;
using System.Numerics;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Reduction;

/// <summary>
/// A function of a row of elements that gives a row of the same length, along the attribute <c>axis</c>: Softmax and LogSoftmax.
/// </summary>
[Input(0, "input", Elements.Floats)]
[Output(0, "output")]
[Parameter("axis", ParameterKind.Int)]
internal abstract class AxisFunction : Operator, IKeepsExtent, IPassesChannels
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        TensorType x = context.Type(0);
        _ = AxisOf(context);
        return [x];
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs)
    {
        Tensor x = inputs[0]!, y = Tensor.Zeros(x.Type);
        int axis = AxisOf(context);
        int length = x.Dimensions[axis];
        int inner = Shapes.Count(x.Dimensions.AsSpan()[(axis + 1)..]);
        switch (x.Element)
        {
            case ElementType.Float32:
                Rows(context.Node, x.Values<float>(), y.Values<float>(), length, inner);
                break;
            case ElementType.Float64:
                Rows(context.Node, x.Values<double>(), y.Values<double>(), length, inner);
                break;
            default:
                Rows(context.Node, x.Values<Half>(), y.Values<Half>(), length, inner);
                break;
        }
        return [y];
    }

    private void Rows<T>(Node node, T[] x, T[] y, int length, int inner)
        where T : INumber<T>
    {
        var row = new double[length];
        for (int start = 0; start < x.Length; start += length * inner)
        {
            for (int i = start; i < start + inner; i++)
            {
                for (int j = 0; j < length; j++)
                    row[j] = double.CreateTruncating(x[i + (j * inner)]);
                Row(node, row);
                for (int j = 0; j < length; j++)
                    y[i + (j * inner)] = T.CreateTruncating(row[j]);
            }
        }
    }

    /// <summary>The method of the kernel <c>Float32Softmax</c> that computes it.</summary>
    public abstract string FloatMethod { get; }

    /// <summary>The class of the kernel that computes it in fixed point.</summary>
    public abstract string IntegerKernel { get; }

    /// <summary>The axis as the node gives it, perhaps counted from the end (attribute <c>axis</c>).</summary>
    public static long Axis(Node node) => node.Int("axis", -1);

    /// <summary>The node along another axis.</summary>
    public static Node WithAxis(Node node, long axis) => node.With("axis", axis);

    /// <summary>The number of values in a row.</summary>
    public static int Length(OperatorContext context) => context.Type(0).Dimensions[AxisOf(context)];

    /// <inheritdoc/>
    public override IntegerForm IntegerForm(OperatorContext context) =>
        context.Type(0).Element == ElementType.Float32 ? Operators.IntegerForm.FixedPoint : Operators.IntegerForm.None;

    /// <summary>Replaces a row by the function's value; computed in double precision, as sums of exponentials are.</summary>
    protected abstract void Row(Node node, Span<double> row);

    /// <inheritdoc/>
    public ChannelLinks Links(OperatorContext context, ChannelPort port) => port.Axis == AxisOf(context)
        ? ChannelLinks.Fixed("adds up over that axis")
        : ChannelLinks.Through(context, port);

    /// <summary>The axis of a node, from 0.</summary>
    protected static int AxisOf(OperatorContext context) => context.Axis(Axis(context.Node), context.Type(0).Rank);

    /// <inheritdoc/>
    public int? ResultAxis(OperatorContext context, IReadOnlyList<int?> axes) => axes[0] == AxisOf(context) ? null : axes[0];
}
