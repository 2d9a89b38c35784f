using OptimizerBuild.Graphs;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>Selection by index: Gather, and Embedding, whose table is constant and whose axis is the first.</summary>
[Lowers(LoweringForm.Native, "Gather")]
[Lowers(LoweringForm.Native, "Embedding", Domain = Node.InternalDomain)]
internal sealed class GatherLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage data = context.Dense(node, context.Read(node, node.Inputs[0]));
        Storage indices = context.Dense(node, context.Read(node, node.Inputs[1]));
        Storage output = context.Create(node.Outputs[0]);
        if (output.Count == 0)
            return;
        int axis = Shapes.Axis(node.Int("axis", 0), data.Dimensions.Length);
        string method = indices.Element switch
        {
            ElementType.Int32 => "ByInt32",
            ElementType.Int64 => "ByInt64",
            ElementType.UInt8 => "ByUInt8",
            _ => throw LoweringContext.NoKernel(node, $"indices of type {indices.Element} are not supported"),
        };
        context.Step("Gather", method, node, $"{indices.Count} of {data.Dimensions[axis]} along axis {axis}")
            .Operand("data", data)
            .Operand("indices", indices)
            .Write("output", output)
            .Int("outer", Shapes.Count(data.Dimensions.AsSpan()[..axis]))
            .Int("rows", data.Dimensions[axis])
            .Int("rowBytes", Shapes.Count(data.Dimensions.AsSpan()[(axis + 1)..]) * data.ElementSize)
            .Int("count", indices.Count);
    }
}
