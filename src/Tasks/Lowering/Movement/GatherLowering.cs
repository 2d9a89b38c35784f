using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering.Float32;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Movement;

namespace OptimizerBuild.Lowering.Movement;

/// <summary>
/// Selection by index: Gather, and Embedding, whose axis is the first and for which negative indices are outside the table. Rows of a
/// constant table that only integer nodes read are quantised in the table: rounding and selecting commute, so that the bytes are those of
/// a float32 look-up with a quantise step behind it.
/// </summary>
[Lowers(LoweringForm.Native, typeof(GatherOperator))]
[Lowers(LoweringForm.Integer, typeof(GatherOperator))]
[Lowers(LoweringForm.Native, typeof(EmbeddingOperator))]
internal sealed class GatherLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        bool quantizedTable = !context.IsInteger(node) && context.IsReadQuantizedOnly(node.Outputs[0])
            && context.Graph.Constant(node.Inputs[0]) is { Element: ElementType.Float32 };
        Storage data = quantizedTable
            ? context.QuantizedConstant(context.Graph.Constant(node.Inputs[0])!, context.QuantizationOf(node.Outputs[0]))
            : context.Dense(node, context.ReadInForm(node, node.Inputs[0]));
        Storage indices = context.Dense(node, context.Read(node, node.Inputs[1]));
        Storage output = quantizedTable ? context.CreateQuantized(node.Outputs[0]) : context.CreateInForm(node, node.Outputs[0]);
        if (output.Count == 0)
            return;
        bool embedding = node.Is<EmbeddingOperator>();
        int axis = embedding ? 0 : Shapes.Axis(GatherOperator.Axis(node), data.Dimensions.Length);
        if (embedding && indices.Element is not (ElementType.Int32 or ElementType.Int64 or ElementType.UInt8))
        {
            Storage wide = context.CreateScratch(node, ElementType.Int64, indices.Dimensions.AsSpan());
            context.Cast(node, indices, wide);
            indices = wide;
        }
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
            .Int("count", indices.Count)
            .Int("wrap", embedding ? 0 : 1)
            .Int("fill", data.Quantization?.ZeroPoint ?? 0);
    }
}
