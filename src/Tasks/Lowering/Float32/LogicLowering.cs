using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>Boolean operators. A truth value is a byte of 0 or 1, so that arithmetic and comparisons of bytes serve them.</summary>
[Lowers(LoweringForm.Native, typeof(LogicalOperation))]
[Lowers(LoweringForm.Native, typeof(NotOperator))]
internal sealed class LogicLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage a = context.Read(node, node.Inputs[0]);
        KernelCall kernel = node.As<LogicalOperation>()?.Kernel ?? new(nameof(Compare), nameof(Compare.Equal));
        Storage b = node.Is<NotOperator>() ? False(context, node) : context.Read(node, node.Inputs[1]);
        Storage output = context.Create(node.Outputs[0]);
        if (kernel.Kernel == nameof(NumericBinary))
        {
            context.Binary(node, kernel.Method, a, b, output, FusedBounds.None);
            return;
        }
        BoxShape box = BoxShape.Of(
            output.Dimensions.AsSpan(), output.Strides,
            a.BroadcastStrides(output.Dimensions.AsSpan()), b.BroadcastStrides(output.Dimensions.AsSpan()));
        context.Step(kernel.Kernel, kernel.Method, node, $"{node.OpType} {NativeSteps.Text(a)}")
            .Operand("a", a)
            .Operand("b", b)
            .Write("output", output)
            .Int("elementType", (int)ElementType.Bool)
            .Ints("dims", box.Dimensions)
            .Ints("aStrides", box.Strides[1])
            .Ints("bStrides", box.Strides[2]);
    }

    private static Storage False(LoweringContext context, Node node)
    {
        Storage zero = context.CreateScratch(node, ElementType.Bool);
        context.Fill(node, zero, 0, "false");
        return zero;
    }
}
