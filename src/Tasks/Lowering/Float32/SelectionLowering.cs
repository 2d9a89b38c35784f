using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>Comparisons and the choice between two values by a condition.</summary>
[Lowers(LoweringForm.Native, typeof(WhereOperator))]
[Lowers(LoweringForm.Native, typeof(Comparison))]
internal sealed class SelectionLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage[] inputs = [.. node.Inputs.Select(i => context.Read(node, i))];
        Storage output = context.Create(node.Outputs[0]);
        ReadOnlySpan<int> dims = output.Dimensions.AsSpan();
        int[][] strides = [.. inputs.Select(i => i.BroadcastStrides(output.Dimensions.AsSpan()))];
        if (node.As<Comparison>() is not { } comparison)
        {
            BoxShape box = BoxShape.Of(dims, [output.Strides, .. strides]);
            context.Step("Where", "Run", node, NativeSteps.Text(output))
                .Operand("condition", inputs[0])
                .Operand("a", inputs[1])
                .Operand("b", inputs[2])
                .Write("output", output)
                .Int("elementSize", output.ElementSize)
                .Ints("dims", box.Dimensions)
                .Ints("conditionStrides", box.Strides[1])
                .Ints("aStrides", NativeSteps.Elements(box.Strides[2], output.ElementSize))
                .Ints("bStrides", NativeSteps.Elements(box.Strides[3], output.ElementSize));
            return;
        }
        BoxShape pair = BoxShape.Of(dims, [output.Strides, .. strides]);
        context.Step("Compare", comparison.KernelMethod, node, NativeSteps.Text(inputs[0]))
            .Operand("a", inputs[0])
            .Operand("b", inputs[1])
            .Write("output", output)
            .Int("elementType", (int)inputs[0].Element)
            .Ints("dims", pair.Dimensions)
            .Ints("aStrides", NativeSteps.Elements(pair.Strides[1], inputs[0].ElementSize))
            .Ints("bStrides", NativeSteps.Elements(pair.Strides[2], inputs[1].ElementSize));
    }
}
