using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Movement;

/// <summary>Tensors joined along one axis (ONNX operator Concat).</summary>
[Operator("Concat")]
internal sealed class ConcatOperator : Operator
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        TensorType first = context.Type(0);
        if (!context.Node.Has("axis"))
            throw context.Invalid("it has no axis");
        int axis = context.Axis(context.Node.Int("axis", 0), first.Rank);
        int size = 0;
        for (int i = 0; i < context.InputTypes.Length; i++)
        {
            TensorType x = context.Type(i);
            if (x.Element != first.Element || x.Rank != first.Rank
                || x.Dimensions.Where((d, a) => a != axis && d != first.Dimensions[a]).Any())
                throw context.Invalid($"{first} and {x} cannot be joined along axis {axis}");
            size = checked(size + x.Dimensions[axis]);
        }
        return [new(first.Element, first.Dimensions.SetItem(axis, size))];
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs)
    {
        Tensor result = Tensor.Zeros(context.OutputTypes[0]);
        int axis = context.Axis(context.Node.Int("axis", 0), result.Rank);
        int[] strides = Shapes.Strides(result.Dimensions.AsSpan());
        int at = 0;
        foreach (Tensor? x in inputs)
        {
            ReadOnlySpan<int> dimensions = x!.Dimensions.AsSpan();
            TensorMove.Copy(x, 0, Shapes.Strides(dimensions), result, at * strides[axis], strides, dimensions);
            at += dimensions[axis];
        }
        return [result];
    }

    /// <inheritdoc/>
    public override IntegerForm IntegerForm(OperatorContext context) =>
        context.Type(0).Element == ElementType.Float32 ? Operators.IntegerForm.Rescale : Operators.IntegerForm.None;
}
