using System.Collections.Immutable;
using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Reduction;

/// <summary>The index of the extreme element along one axis: ArgMax and ArgMin.</summary>
[Input(0, "data", Elements.Numbers)]
[Output(0, "reduced")]
[Parameter("axis", ParameterKind.Int)]
[Parameter("keepdims", ParameterKind.Int)]
[Parameter("select_last_index", ParameterKind.Int, From = 12)]
[NotDifferentiable("gives places")]
internal abstract class ArgExtremum : Operator
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        TensorType x = context.Type(0);
        int axis = context.Axis(Axis(context.Node), x.Rank);
        if (x.Dimensions[axis] == 0)
            throw context.Invalid($"axis {axis} of {x} has no elements");
        bool keeps = ReduceOperator.KeepsDimensions(context.Node);
        return [new(ElementType.Int64, keeps ? x.Dimensions.SetItem(axis, 1) : x.Dimensions.RemoveAt(axis))];
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs) =>
        [NumericDispatch.Run<Code, Tensor>(inputs[0]!.Element, new Code(this, context, inputs[0]!))];

    /// <summary>The method of the kernel <c>ArgExtremum</c> that computes it.</summary>
    public abstract string KernelMethod { get; }

    /// <summary>The axis as the node gives it, perhaps counted from the end (attribute <c>axis</c>).</summary>
    public static long Axis(Node node) => node.Int("axis", 0);

    /// <summary>Whether of equal elements the last one is chosen (attribute <c>select_last_index</c>).</summary>
    public static bool SelectsLast(Node node) => node.Int("select_last_index", 0) != 0;

    /// <summary>Whether <paramref name="a"/> is more extreme than <paramref name="b"/>.</summary>
    protected abstract bool Beats<T>(T a, T b)
        where T : unmanaged, INumber<T>;

    private readonly struct Code(ArgExtremum extremum, OperatorContext context, Tensor x) : INumericCode<Tensor>
    {
        public Tensor Run<T>()
            where T : unmanaged, INumber<T>, IMinMaxValue<T>
        {
            int axis = context.Axis(Axis(context.Node), x.Rank);
            bool last = SelectsLast(context.Node);
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
