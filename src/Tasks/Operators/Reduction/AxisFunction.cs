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
        _ = Axis(context);
        return [x];
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs)
    {
        Tensor x = inputs[0]!;
        double[] values = (double[])NumericCast.Convert(x, ElementType.Float64)!.Values<double>().Clone();
        int axis = Axis(context);
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

    /// <summary>Replaces a row by the function's value; computed in double precision, as sums of exponentials are.</summary>
    protected abstract void Row(Node node, Span<double> row);

    private static int Axis(OperatorContext context)
    {
        int rank = context.Type(0).Rank;
        long axis = context.Node.Int("axis", -1);
        return rank == 0 && (axis is 0 or -1) ? 0 : context.Axis(axis, rank);
    }
}
