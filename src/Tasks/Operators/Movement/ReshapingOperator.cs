using System.Collections.Immutable;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Movement;

/// <summary>An operator that only gives its input other dimensions: Reshape, Flatten, Squeeze, Unsqueeze, Identity.</summary>
internal abstract class ReshapingOperator : MovementOperator, IKeepsElementOrder, IKeepsExtent
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        TensorType x = context.Type(0);
        var y = TensorType.Of(x.Element, Dimensions(context));
        return y.Count == x.Count ? [y] : throw context.Invalid($"{x} cannot take the dimensions [{string.Join(',', y.Dimensions)}]");
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs) =>
        [inputs[0]!.Reshape(context.OutputTypes[0].Dimensions.AsSpan())];

    /// <summary>The output's dimensions.</summary>
    protected abstract int[] Dimensions(OperatorContext context);

    /// <inheritdoc/>
    public override bool IsIdentity(OperatorContext context) => true;

    /// <inheritdoc/>
    public int? ResultAxis(OperatorContext context, IReadOnlyList<int?> axes)
    {
        // The dimension that counts equally much, with equally many elements for each place of it and before all.
        int[] result = Dimensions(context);
        ImmutableArray<int> from = context.Type(0).Dimensions;
        for (int r = 0; axes[0] is { } axis && r < result.Length; r++)
            if (result[r] == from[axis] && Shapes.Count(result.AsSpan()[..r]) == Shapes.Count(from.AsSpan()[..axis])
                && Shapes.Count(result.AsSpan()[r..]) == Shapes.Count(from.AsSpan()[axis..]))
                return r;
        return null;
    }
}
