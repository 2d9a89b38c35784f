using System.Collections.Immutable;
using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Reduction;

/// <summary>
/// The greatest or least elements along an axis and their indices, the most extreme first, whether or not the node asks for order; of
/// equal ones that with the lower index (ONNX operator TopK).
/// </summary>
[Operator("TopK")]
[Input(0, "X", Elements.Numbers)]
[Input(1, "K", Elements.Int64, Fixed = true, From = 10)]
[Output(0, "Values")]
[Output(1, "Indices")]
[Parameter("axis", ParameterKind.Int)]
[Parameter("k", ParameterKind.Int, Until = 9, Required = true, Minimum = 1)]
[Parameter("largest", ParameterKind.Int, From = 11)]
[Parameter("sorted", ParameterKind.Int, From = 11)]
internal sealed class TopKOperator : Operator, IDifferentiable
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        TensorType x = context.Type(0);
        int axis = context.Axis(AxisOf(context.Node), x.Rank);
        long[] counts = context.RequiredInts(1);
        if (counts is not [var k])
            throw context.Invalid($"its k is {counts.Length} numbers");
        if (k < 0 || k > x.Dimensions[axis])
            throw context.Invalid($"it asks for {k} of {x.Dimensions[axis]} elements");
        TensorType values = new(x.Element, x.Dimensions.SetItem(axis, (int)k));
        return [values, values.As(ElementType.Int64)];
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs) =>
        NumericDispatch.Run<Code, Tensor[]>(inputs[0]!.Element, new Code(context, inputs[0]!));

    /// <summary>The axis as the node gives it, perhaps counted from the end (attribute <c>axis</c>).</summary>
    public static long AxisOf(Node node) => node.Int("axis", -1);

    /// <summary>Whether the greatest elements are chosen (attribute <c>largest</c>).</summary>
    public static bool IsLargest(Node node) => node.Int("largest", 1) != 0;

    /// <inheritdoc/>
    /// <remarks>The gradient of a value goes to the element that it is.</remarks>
    public void Backward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        if (step.Gradient(0) is not { } dx || step.OutputGradients[0] is not { } dy)
            return;
        Tensor indices = step.Outputs.ElementAtOrDefault(1) ?? Evaluate(context, step.Inputs)[1];
        TensorType x = context.Type(0);
        int axis = context.Axis(AxisOf(context.Node), x.Rank), count = x.Dimensions[axis];
        int inner = Shapes.Count(x.Dimensions.AsSpan()[(axis + 1)..]), k = indices.Dimensions[axis];
        long[] places = indices.Values<long>();
        for (int i = 0; i < places.Length; i++)
            dx[(((i / inner / k * count) + places[i]) * inner) + (i % inner)] += dy[i];
    }

    private readonly struct Code(OperatorContext context, Tensor x) : INumericCode<Tensor[]>
    {
        public Tensor[] Run<T>()
            where T : unmanaged, INumber<T>, IMinMaxValue<T>
        {
            int axis = context.Axis(AxisOf(context.Node), x.Rank);
            bool largest = IsLargest(context.Node);
            int count = x.Dimensions[axis], inner = Shapes.Count(x.Dimensions.AsSpan()[(axis + 1)..]);
            Tensor values = Tensor.Zeros(context.OutputTypes[0]), indices = Tensor.Zeros(context.OutputTypes[1]);
            int k = values.Dimensions[axis];
            T[] from = x.Values<T>(), to = values.Values<T>();
            long[] places = indices.Values<long>();
            for (int column = 0; column < from.Length / Math.Max(count, 1); column++)
            {
                int first = (column / inner * count * inner) + (column % inner);
                IEnumerable<int> all = Enumerable.Range(0, count);
                int[] order = [.. (largest
                    ? all.OrderBy(n => T.IsNaN(from[first + (n * inner)])).ThenByDescending(n => from[first + (n * inner)])
                    : all.OrderBy(n => T.IsNaN(from[first + (n * inner)])).ThenBy(n => from[first + (n * inner)])).Take(k)];
                for (int i = 0; i < order.Length; i++)
                {
                    int at = (column / inner * k * inner) + (i * inner) + (column % inner);
                    (to[at], places[at]) = (from[first + (order[i] * inner)], order[i]);
                }
            }
            return [values, indices];
        }
    }
}
