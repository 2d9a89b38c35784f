using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Reduction;

/// <summary>
/// A function of a row of elements that gives a row of the same length, along the attribute <c>axis</c>: Softmax and LogSoftmax.
/// </summary>
internal abstract class AxisFunction : Operator
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        TensorType x = context.Type(0);
        if (!x.Element.IsFloat())
            throw context.Invalid($"its input is {x} instead of a floating-point tensor");
        _ = AxisOf(context);
        return [x];
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs)
    {
        Tensor x = inputs[0]!;
        double[] values = (double[])NumericCast.Convert(x, ElementType.Float64)!.Values<double>().Clone();
        int axis = AxisOf(context);
        int length = x.Rank == 0 ? 1 : x.Dimensions[axis];
        int inner = x.Rank == 0 ? 1 : Shapes.Count(x.Dimensions.AsSpan()[(axis + 1)..]);
        int step = length * inner;
        var row = new double[length];
        for (int start = 0; start < values.Length; start += step)
        {
            for (int i = 0; i < inner; i++)
            {
                for (int j = 0; j < length; j++)
                    row[j] = values[start + (j * inner) + i];
                Row(context.Node, row);
                for (int j = 0; j < length; j++)
                    values[start + (j * inner) + i] = row[j];
            }
        }
        return [NumericCast.Convert(new Tensor(x.Type.As(ElementType.Float64), values), x.Element)!];
    }

    /// <summary>The method of the kernel <c>Float32Softmax</c> that computes it.</summary>
    public abstract string FloatMethod { get; }

    /// <summary>The class of the kernel that computes it in fixed point.</summary>
    public abstract string IntegerKernel { get; }

    /// <summary>The axis as the node gives it, perhaps counted from the end (attribute <c>axis</c>).</summary>
    public static long Axis(Node node) => node.Int("axis", -1);

    /// <summary>The node along another axis.</summary>
    public static Node WithAxis(Node node, long axis) => node.With("axis", axis);

    /// <inheritdoc/>
    public override IntegerForm IntegerForm(OperatorContext context) =>
        context.Type(0).Element == ElementType.Float32 ? Operators.IntegerForm.FixedPoint : Operators.IntegerForm.None;

    /// <summary>Replaces a row by the function's value; computed in double precision, as sums of exponentials are.</summary>
    protected abstract void Row(Node node, Span<double> row);

    private static int AxisOf(OperatorContext context)
    {
        int rank = context.Type(0).Rank;
        long axis = Axis(context.Node);
        return rank == 0 && (axis is 0 or -1) ? 0 : context.Axis(axis, rank);
    }
}
