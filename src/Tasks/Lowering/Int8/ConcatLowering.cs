using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering.Float32;
using OptimizerBuild.Operators.Movement;

namespace OptimizerBuild.Lowering.Int8;

/// <summary>Concatenation of u8 tensors: copied, or looked up in a table where an input's scale differs from the output's.</summary>
[Lowers(LoweringForm.Integer, typeof(ConcatOperator))]
internal sealed class ConcatLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage output = context.CreateQuantized(node.Outputs[0], bordered: true);
        int axis = Shapes.Axis(ConcatOperator.Axis(node), output.Dimensions.Length);
        int start = 0;
        foreach (string name in node.Inputs)
        {
            Storage input = context.ReadQuantized(node, name);
            int count = input.Dimensions[axis];
            Storage target = output.Cut(axis, start, count);
            string description = $"{context.Graph.TypeOf(name)} at {start} of axis {axis}";
            if (input.Count > 0 && input.Quantization == output.Quantization)
                context.Copy(node.Name, input, target, description);
            else if (input.Count > 0)
                TableSteps.Emit(
                    context, node, context.InArena(node, input), target,
                    LevelTable.Rescaling(input.Quantization!, output.Quantization!), description);
            start += count;
        }
    }
}
