using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Movement;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>Concatenation: each input is copied to its place in the output.</summary>
[Lowers(LoweringForm.Native, typeof(ConcatOperator))]
internal sealed class ConcatLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage output = context.Create(node.Outputs[0], bordered: true);
        int axis = Shapes.Axis(ConcatOperator.Axis(node), output.Dimensions.Length);
        int start = 0;
        foreach (string name in node.Inputs)
        {
            Storage input = context.Read(node, name);
            int count = input.Dimensions[axis];
            if (input.Count > 0)
                context.Copy(node.Name, input, output.Cut(axis, start, count), $"{NativeSteps.Text(input)} at {start} of axis {axis}");
            start += count;
        }
    }
}
