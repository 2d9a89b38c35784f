using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>
/// Functions of one value. Real types other than float32 are computed in float32; integers have kernels for a few functions.
/// </summary>
[Lowers(LoweringForm.Native, typeof(ElementwiseFunction))]
internal sealed class UnaryLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        if (node.Is<SignOperator>() && SignSteps.AreBitsOnly(context, node))
            return;
        Storage input = context.Read(node, node.Inputs[0]);
        if (input.Element == ElementType.Float32 && input.OrderInMemory() is { } order)
        {
            UnaryFunctions.Emit(context, node, node, input.Permuted(order), context.CreateInOrder(node, node.Outputs[0], order));
            return;
        }
        input = context.Dense(node, input);
        if (input.Element != ElementType.Float32 && node.As<ElementwiseFunction>()!.NumericMethod is { } method)
        {
            Storage output = context.Create(node.Outputs[0]);
            context.Step("NumericUnary", method, node, $"{node.OpType} {NativeSteps.Text(input)}")
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
