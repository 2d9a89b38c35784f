using OptimizerBuild.Graphs;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>
/// Functions of one value. Real types other than float32 are computed in float32; integers have kernels for a few functions.
/// </summary>
[Lowers(LoweringForm.Native, "Relu")]
[Lowers(LoweringForm.Native, "LeakyRelu")]
[Lowers(LoweringForm.Native, "Sigmoid")]
[Lowers(LoweringForm.Native, "Tanh")]
[Lowers(LoweringForm.Native, "HardSigmoid")]
[Lowers(LoweringForm.Native, "HardSwish")]
[Lowers(LoweringForm.Native, "Elu")]
[Lowers(LoweringForm.Native, "Exp")]
[Lowers(LoweringForm.Native, "Log")]
[Lowers(LoweringForm.Native, "Sqrt")]
[Lowers(LoweringForm.Native, "Reciprocal")]
[Lowers(LoweringForm.Native, "Neg")]
[Lowers(LoweringForm.Native, "Abs")]
[Lowers(LoweringForm.Native, "Erf")]
[Lowers(LoweringForm.Native, "Ceil")]
[Lowers(LoweringForm.Native, "Floor")]
[Lowers(LoweringForm.Native, "Round")]
[Lowers(LoweringForm.Native, "Sign")]
[Lowers(LoweringForm.Native, "Sin")]
[Lowers(LoweringForm.Native, "Cos")]
[Lowers(LoweringForm.Native, "Softplus")]
[Lowers(LoweringForm.Native, "Softsign")]
[Lowers(LoweringForm.Native, "Mish")]
[Lowers(LoweringForm.Native, "Celu")]
[Lowers(LoweringForm.Native, "Swish")]
[Lowers(LoweringForm.Native, "ThresholdedRelu")]
[Lowers(LoweringForm.Native, "Selu")]
[Lowers(LoweringForm.Native, "Gelu")]
internal sealed class UnaryLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage input = context.Read(node, node.Inputs[0]);
        if (input.Element == ElementType.Float32 && input.OrderInMemory() is { } order)
        {
            UnaryFunctions.Emit(context, node, node, input.Permuted(order), context.CreateInOrder(node, node.Outputs[0], order));
            return;
        }
        input = context.Dense(node, input);
        if (input.Element != ElementType.Float32 && node.OpType is ("Neg" or "Abs" or "Relu" or "Sign"))
        {
            Storage output = context.Create(node.Outputs[0]);
            context.Step("NumericUnary", node.OpType, node, $"{node.OpType} {NativeSteps.Text(input)}")
                .Operand("input", input)
                .Write("output", output)
                .Int("elementType", (int)input.Element)
                .Int("count", output.Count)
                .MayReuse(output, input);
            return;
        }
        if (!input.Element.IsFloat())
            throw LoweringContext.NoKernel(node, $"{node.OpType} of {input.Element} is not supported");
        Storage x = context.ToFloat32(node, input);
        context.CreateFloat32(node, node.Outputs[0], y => UnaryFunctions.Emit(context, node, node, x, y));
    }
}
