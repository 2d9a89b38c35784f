using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Elementwise;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>Clip: a function of one value where the bounds are constant float32, else a maximum and a minimum.</summary>
[Lowers(LoweringForm.Native, typeof(ClipOperator))]
internal sealed class ClipLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage input = context.Read(node, node.Inputs[0]);
        if (!node.HasInput(1) && !node.HasInput(2))
        {
            context.Alias(node.Outputs[0], input);
            return;
        }
        Tensor? minimum = node.HasInput(1) ? context.Graph.Constant(node.Inputs[1]) : null;
        Tensor? maximum = node.HasInput(2) ? context.Graph.Constant(node.Inputs[2]) : null;
        bool known = (!node.HasInput(1) || minimum is not null) && (!node.HasInput(2) || maximum is not null);
        if (input.Element == ElementType.Float32 && known)
        {
            UnaryFunctions.Clip(
                context, node, context.Dense(node, input), context.Create(node.Outputs[0]),
                minimum?.Values<float>()[0] ?? float.NegativeInfinity, maximum?.Values<float>()[0] ?? float.PositiveInfinity);
            return;
        }
        Storage output = context.Create(node.Outputs[0]);
        if (node.HasInput(1))
        {
            Storage target = node.HasInput(2) ? context.CreateScratch(node, output.Element, output.Dimensions.AsSpan()) : output;
            context.Binary(node, "Max", input, Bound(context, node, 1), target, FusedBounds.None);
            input = target;
        }
        if (node.HasInput(2))
            context.Binary(node, "Min", input, Bound(context, node, 2), output, FusedBounds.None);
    }

    // The bound is a scalar, or by some exporters a vector of one element.
    private static Storage Bound(LoweringContext context, Node node, int input) =>
        context.Reshaped(node, context.Read(node, node.Inputs[input]), []);
}
