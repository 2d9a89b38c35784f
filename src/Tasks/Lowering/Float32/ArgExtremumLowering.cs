using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Reduction;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>The index of the greatest or least element along one axis.</summary>
[Lowers(LoweringForm.Native, typeof(ArgExtremum))]
internal sealed class ArgExtremumLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage input = context.Dense(node, context.Read(node, node.Inputs[0]));
        Storage output = context.Create(node.Outputs[0]);
        if (output.Count == 0)
            return;
        int axis = Shapes.Axis(ArgExtremum.Axis(node), input.Dimensions.Length);
        context.Step(nameof(Kernels.ArgExtremum), node.As<ArgExtremum>()!.KernelMethod, node,
                $"{node.OpType} {NativeSteps.Text(input)} along axis {axis}")
            .Operand("input", input)
            .Write("output", output)
            .Int("elementType", (int)input.Element)
            .Int("outer", Shapes.Count(input.Dimensions.AsSpan()[..axis]))
            .Int("count", input.Dimensions[axis])
            .Int("inner", Shapes.Count(input.Dimensions.AsSpan()[(axis + 1)..]))
            .Int("last", ArgExtremum.SelectsLast(node) ? 1 : 0);
    }
}
