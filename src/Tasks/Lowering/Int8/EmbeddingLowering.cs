using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Lowering.Int8;

/// <summary>Rows of a constant table selected by integer inputs: the table is quantised to the output's scale, so that rows are
/// copied.</summary>
[Lowers(LoweringForm.Integer, "Embedding", Domain = Node.InternalDomain)]
internal sealed class EmbeddingLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        ActivationQuantization quantization = context.QuantizationOf(node.Outputs[0]);
        Tensor table = context.Graph.Constant(node.Inputs[0]) ?? throw LoweringContext.NoKernel(node, "its table is not constant");
        Storage indices = context.Dense(node, context.Read(node, node.Inputs[1]));
        string method = indices.Element switch
        {
            ElementType.Int32 => "ByInt32",
            ElementType.Int64 => "ByInt64",
            ElementType.UInt8 => "ByUInt8",
            _ => throw LoweringContext.NoKernel(node, $"indices of type {indices.Element} are not supported"),
        };
        Storage output = context.CreateQuantized(node.Outputs[0]);
        context.Step("Gather", method, node, $"{indices.Count} of {table.Dimensions[0]} rows")
            .Int("data", ~context.Weights.Add<byte>(ConstantQuantizer.ToUInt8(table, quantization)))
            .Operand("indices", indices)
            .Write("output", output)
            .Int("outer", 1)
            .Int("rows", table.Dimensions[0])
            .Int("rowBytes", table.Count / table.Dimensions[0])
            .Int("count", indices.Count);
    }
}
