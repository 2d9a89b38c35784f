using OptimizerBuild.Graphs;

namespace OptimizerBuild.Onnx.Opsets;

/// <summary>Softmax, LogSoftmax before opset 13 join the dimensions from <c>axis</c> on into one row.</summary>
[OpsetRule("Softmax")]
[OpsetRule("LogSoftmax")]
internal sealed class SoftmaxRule : OpsetRule
{
    /// <inheritdoc/>
    public override IEnumerable<Node> Normalise(OpsetContext context)
    {
        if (context.Opset >= 13)
            return [context.Node];
        TensorType x = context.Type(0);
        long given = context.Node.Int("axis", 1);
        if (given < -x.Rank || given > x.Rank || x.Rank == 0)
            throw context.Invalid($"axis {given} lies outside {x}");
        int axis = (int)(given < 0 ? given + x.Rank : given);
        // One row already, whatever lies behind the axis being of size 1.
        if (axis < x.Rank && x.Dimensions.Skip(axis + 1).All(d => d == 1))
            return [context.Node.With("axis", axis)];
        string rows = context.NewValue("rows"), result = context.NewValue("result");
        int behind = Shapes.Count(x.Dimensions.AsSpan()[axis..]);
        return
        [
            context.NewNode("Reshape", [context.Node.Inputs[0], context.AddInts("rows_shape", Shapes.Count(x.Dimensions.AsSpan()[..axis]),
                behind)], rows)
                .With("allowzero", 1),
            context.Node.With("axis", 1) with { Inputs = [rows], Outputs = [result] },
            context.NewNode("Reshape", [result, context.AddInts("shape", [.. x.Dimensions.Select(d => (long)d)])], context.Node.Outputs[0])
                .With("allowzero", 1),
        ];
    }
}
