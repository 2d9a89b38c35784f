using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;
using OptimizerBuild.Operators.Quantization;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>
/// FakeQuantize on float32 values: divided, rounded, bounded and multiplied, as QuantizeLinear and DequantizeLinear do it.
/// </summary>
[Lowers(LoweringForm.Native, typeof(FakeQuantizeOperator))]
internal sealed class FakeQuantizeLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage x = context.Dense(node, context.Read(node, node.Inputs[0]));
        Storage y = context.Create(node.Outputs[0]);
        if (y.Count == 0)
            return;
        Storage scale = context.Constant([FakeQuantizeOperator.Scale(node)]).TryReshape([])!;
        int zeroPoint = FakeQuantizeOperator.ZeroPoint(node);
        context.Binary(node, nameof(Float32Binary.Div), x, scale, y, FusedBounds.None);
        UnaryFunctions.Emit(context, node, NodeOperators.New<RoundOperator>(node.Name, [], []), y, y);
        LinearQuantizationLowering.ZeroForNaN(context, node, y);
        UnaryFunctions.Clip(context, node, y, y, -zeroPoint, FakeQuantizeOperator.HighestLevel - zeroPoint);
        context.Binary(node, nameof(Float32Binary.Mul), y, scale, y, FusedBounds.None);
    }
}
