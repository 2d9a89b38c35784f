using System.Collections.Immutable;
using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>
/// Elements of one tensor where a condition holds, else those of another, all broadcast against each other (ONNX operator Where).
/// </summary>
[Operator("Where")]
[Input(0, "condition", Elements.Bool)]
[Input(1, "X", Elements.All, Variable = "T")]
[Input(2, "Y", Elements.All, Variable = "T")]
[Output(0, "output")]
internal sealed class WhereOperator : Operator, IElementwise, IKeepsExtent, IDifferentiable
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        (TensorType condition, TensorType x, TensorType y) = (context.Type(0), context.Type(1), context.Type(2));
        TensorType both = TensorType.Of(x.Element, Broadcasting.Shape(context, x, y));
        return [TensorType.Of(x.Element, Broadcasting.Shape(context, condition, both))];
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs)
    {
        TensorType type = context.OutputTypes[0];
        ReadOnlySpan<int> shape = type.Dimensions.AsSpan();
        bool[] condition = TensorMove.Expand(inputs[0]!, shape).Values<bool>();
        Array x = TensorMove.Expand(inputs[1]!, shape).Data, y = TensorMove.Expand(inputs[2]!, shape).Data;
        Tensor result = Tensor.Zeros(type);
        // Runs of equal condition are copied together.
        for (int i = 0; i < condition.Length;)
        {
            int end = i + 1;
            while (end < condition.Length && condition[end] == condition[i])
                end++;
            Array.Copy(condition[i] ? x : y, i, result.Data, i, end - i);
            i = end;
        }
        return [result];
    }

    /// <inheritdoc/>
    public override int Operands(Node node) => 3;

    /// <inheritdoc/>
    public override OperatorArithmetic Arithmetic => OperatorArithmetic.Moves;

    /// <inheritdoc/>
    public int? ResultAxis(OperatorContext context, IReadOnlyList<int?> axes) =>
        BroadcastExtent.ResultAxis(context, axes);

    /// <inheritdoc/>
    public void Backward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        ReadOnlySpan<int> shape = context.OutputTypes[0].Dimensions.AsSpan();
        bool[] condition = TensorMove.Expand(step.Inputs[0]!, shape).Values<bool>();
        for (int input = 1; input <= 2; input++)
        {
            if (step.Gradient(input) is not { } dx)
                continue;
            var part = new T[condition.Length];
            for (int i = 0; i < part.Length; i++)
                part[i] = condition[i] == (input == 1) ? step.OutputGradient[i] : T.Zero;
            GradientSums.AddBroadcast(part, shape, dx, context.Type(input).Dimensions.AsSpan());
        }
    }
}
