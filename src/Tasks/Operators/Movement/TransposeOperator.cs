using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Movement;

/// <summary>The dimensions in another order, reversed by default (ONNX operator Transpose).</summary>
[Operator("Transpose")]
internal sealed class TransposeOperator : Operator
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        TensorType x = context.Type(0);
        return [new(x.Element, [.. Order(context).Select(i => x.Dimensions[i])])];
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs) =>
        [TensorMove.Transpose(inputs[0]!, Order(context))];

    /// <inheritdoc/>
    public override IntegerForm IntegerForm(OperatorContext context) =>
        context.Type(0).Element == ElementType.Float32 ? Operators.IntegerForm.SameScale : Operators.IntegerForm.None;

    private static int[] Order(OperatorContext context)
    {
        int rank = context.Type(0).Rank;
        if (context.Node.Ints("perm") is not { } given)
            return [.. Enumerable.Range(0, rank).Reverse()];
        if (given.Length != rank)
            throw context.Invalid($"perm [{string.Join(',', given)}] does not fit a tensor of rank {rank}");
        int[] order = [.. given.Select(p => context.Axis(p, rank))];
        return order.Distinct().Count() == rank
            ? order
            : throw context.Invalid($"perm [{string.Join(',', given)}] names a dimension twice");
    }
}
