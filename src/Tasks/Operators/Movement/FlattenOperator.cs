using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Movement;

/// <summary>A matrix: the dimensions before <c>axis</c> joined, and those from it on (ONNX operator Flatten).</summary>
[Operator("Flatten")]
[Input(0, "input", Elements.All)]
[Output(0, "output")]
[Parameter("axis", ParameterKind.Int)]
internal sealed class FlattenOperator : ReshapingOperator
{
    /// <inheritdoc/>
    protected override int[] Dimensions(OperatorContext context)
    {
        TensorType x = context.Type(0);
        long axis = context.Node.Int("axis", 1);
        // Here the axis may be the rank itself: everything before it, nothing behind.
        int split = axis == x.Rank ? x.Rank : context.Axis(axis, x.Rank);
        return [Shapes.Count(x.Dimensions.AsSpan()[..split]), Shapes.Count(x.Dimensions.AsSpan()[split..])];
    }
}
