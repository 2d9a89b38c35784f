using System.Collections.Immutable;
using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Reduction;

/// <summary>What comes together up to each place along an axis: CumSum and CumProd.</summary>
[Input(0, "x", Elements.Numbers)]
[Input(1, "axis", Elements.Indices, Fixed = true)]
[Output(0, "y")]
[Parameter("exclusive", ParameterKind.Int)]
[Parameter("reverse", ParameterKind.Int)]
internal abstract class CumulativeOperator : Operator, IDifferentiable
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        _ = AxisOf(context);
        return [context.Type(0)];
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs) =>
        [NumericDispatch.Run<Code, Tensor>(inputs[0]!.Element, new Code(this, context, inputs[0]!))];

    /// <summary>The method of the kernel <c>Cumulative</c> that computes it.</summary>
    public abstract string KernelMethod { get; }

    /// <summary>The axis, counted from the front.</summary>
    public static int AxisOf(OperatorContext context)
    {
        long[] axis = context.RequiredInts(1);
        return axis.Length == 1 ? context.Axis(axis[0], context.Type(0).Rank) : throw context.Invalid($"its axis is {axis.Length} numbers");
    }

    /// <summary>Whether an element is not part of its own result (attribute <c>exclusive</c>).</summary>
    public static bool IsExclusive(Node node) => node.Int("exclusive", 0) != 0;

    /// <summary>Whether results run from the end (attribute <c>reverse</c>).</summary>
    public static bool IsReverse(Node node) => node.Int("reverse", 0) != 0;

    /// <summary>The result over nothing.</summary>
    protected abstract T Start<T>()
        where T : unmanaged, INumber<T>;

    /// <summary>The result with one more element.</summary>
    protected abstract T Step<T>(T accumulator, T x)
        where T : unmanaged, INumber<T>;

    /// <summary>Whether elements are multiplied, not added.</summary>
    protected abstract bool IsProduct { get; }

    /// <inheritdoc/>
    /// <remarks>
    /// Of y[k] = Π x[j] up to k the derivative by x[i] is the product before i times that of what lies between i and k: one walk gives the
    /// former, one from the other end the sum over k with the latter. Nothing is divided, so that zeros do no harm. Of sums all
    /// factors are 1.
    /// </remarks>
    public void Backward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        if (step.Gradient(0) is not { } dx)
            return;
        (T[] x, T[] dy) = (step.Input(0), step.OutputGradient);
        TensorType type = context.Type(0);
        int axis = AxisOf(context), count = type.Dimensions[axis], inner = Shapes.Count(type.Dimensions.AsSpan()[(axis + 1)..]);
        bool exclusive = IsExclusive(context.Node), reverse = IsReverse(context.Node);
        var before = new T[count];
        for (int column = 0; column < x.Length / Math.Max(count, 1); column++)
        {
            int start = (column / inner * count * inner) + (column % inner);
            T product = T.One, behind = T.Zero;
            for (int k = 0; k < count; k++)
            {
                before[k] = product;
                product *= Factor(At(k));
            }
            for (int k = count - 1; k >= 0; k--)
            {
                // An exclusive result at k lacks x[k]: it belongs to the elements before k only.
                T own = exclusive ? behind : dy[At(k)] + behind;
                dx[At(k)] += before[k] * own;
                behind = exclusive ? dy[At(k)] + (Factor(At(k)) * behind) : Factor(At(k)) * own;
            }

            int At(int k) => start + ((reverse ? count - 1 - k : k) * inner);
        }

        T Factor(int at) => IsProduct ? x[at] : T.One;
    }

    private readonly struct Code(CumulativeOperator op, OperatorContext context, Tensor x) : INumericCode<Tensor>
    {
        public Tensor Run<T>()
            where T : unmanaged, INumber<T>, IMinMaxValue<T>
        {
            int axis = AxisOf(context);
            bool exclusive = IsExclusive(context.Node), reverse = IsReverse(context.Node);
            int count = x.Dimensions[axis], inner = Shapes.Count(x.Dimensions.AsSpan()[(axis + 1)..]);
            Tensor result = Tensor.Zeros(x.Type);
            T[] from = x.Values<T>(), to = result.Values<T>();
            for (int column = 0; column < from.Length / Math.Max(count, 1); column++)
            {
                int start = (column / inner * count * inner) + (column % inner);
                T accumulator = op.Start<T>();
                for (int k = 0; k < count; k++)
                {
                    int at = start + ((reverse ? count - 1 - k : k) * inner);
                    T next = op.Step(accumulator, from[at]);
                    to[at] = exclusive ? accumulator : next;
                    accumulator = next;
                }
            }
            return result;
        }
    }
}
