using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Lowering.Float32;
using OptimizerBuild.Operators.Movement;

namespace OptimizerBuild.Lowering.Movement;

/// <summary>A table of which some rows are replaced or combined with others.</summary>
[Lowers(LoweringForm.Native, typeof(ScatterRowsOperator))]
internal sealed class ScatterRowsLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage[] inputs = [.. node.Inputs.Select(i => context.Dense(node, context.Read(node, i)))];
        Storage output = context.Create(node.Outputs[0]);
        if (output.Count == 0)
            return;
        bool replaces = ScatterRowsOperator.KernelMethod(node) == nameof(ScatterRows.Store);
        (int rows, int width) = (output.Dimensions[0], output.Dimensions[1]);
        LoweredStep step = context.Step(nameof(ScatterRows), ScatterRowsOperator.KernelMethod(node), node,
                $"{NativeSteps.Text(inputs[2])} into {NativeSteps.Text(inputs[0])}")
            .Operand("data", inputs[0])
            .Operand("indices", inputs[1])
            .Operand("updates", inputs[2])
            .Write("output", output);
        if (!replaces)
            step.Int("elementType", (int)output.Element);
        step.Int("rows", rows)
            .Int(replaces ? "rowBytes" : "width", replaces ? width * output.ElementSize : width)
            .Int("count", inputs[1].Count);
    }
}
