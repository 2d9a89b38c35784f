using System.Collections.Immutable;
using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Reduction;

/// <summary>The index of the extreme element along one axis: ArgMax and ArgMin.</summary>
internal abstract class ArgExtremum : Operator
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        TensorType x = context.Type(0);
        if (!x.Element.IsNumeric())
            throw context.Invalid($"its input is {x} instead of a numeric tensor");
        int axis = context.Axis(context.Node.Int("axis", 0), x.Rank);
        if (x.Dimensions[axis] == 0)
            throw context.Invalid($"axis {axis} of {x} has no elements");
        return [new(ElementType.Int64, context.Node.Int("keepdims", 1) != 0 ? x.Dimensions.SetItem(axis, 1) : x.Dimensions.RemoveAt(axis))];
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs) =>
        [NumericDispatch.Run<Code, Tensor>(inputs[0]!.Element, new Code(this, context, inputs[0]!))];

    /// <summary>Whether <paramref name="a"/> is more extreme than <paramref name="b"/>.</summary>
    protected abstract bool Beats<T>(T a, T b)
        where T : unmanaged, INumber<T>;

    private readonly struct Code(ArgExtremum extremum, OperatorContext context, Tensor x) : INumericCode<Tensor>
    {
        public Tensor Run<T>()
            where T : unmanaged, INumber<T>, IMinMaxValue<T>
        {
            int axis = context.Axis(context.Node.Int("axis", 0), x.Rank);
            bool last = context.Node.Int("select_last_index", 0) != 0;
            int length = x.Dimensions[axis], inner = Shapes.Count(x.Dimensions.AsSpan()[(axis + 1)..]);
            T[] values = x.Values<T>();
            var result = new long[context.OutputTypes[0].Count];
            for (int i = 0; i < result.Length; i++)
            {
                int start = (i / inner * length * inner) + (i % inner);
                T best = values[start];
                for (int j = 1; j < length; j++)
                {
                    T value = values[start + (j * inner)];
                    if (extremum.Beats(value, best) || (last && value == best))
                        (best, result[i]) = (value, j);
                }
            }
            return new(context.OutputTypes[0], result);
        }
    }
}
