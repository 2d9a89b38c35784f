using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Movement;

namespace OptimizerBuild.Passes;

/// <summary>Replaces a Slice that takes exactly one operand back out of a Concat by that operand.</summary>
internal sealed class ConcatSlicing : LocalRewrite
{
    /// <inheritdoc/>
    protected override bool TryRewrite(GraphEditor editor, Node node)
    {
        if (!node.Is<SliceOperator>() || editor.Producer(node.Input(0)) is not { } concat || !concat.Is<ConcatOperator>())
            return false;
        TensorType whole = editor.TypeOf(node.Input(0));
        int axis = Shapes.Axis(ConcatOperator.Axis(concat), whole.Rank);
        if (Start(editor, node, whole, axis) is not { } start)
            return false;
        int place = 0;
        foreach (string operand in concat.Inputs)
        {
            if (place == start && editor.TypeOf(operand) == editor.TypeOf(node.Outputs[0]) && !editor.IsOutput(node.Outputs[0]))
            {
                editor.Remove(node);
                editor.ReplaceUses(node.Outputs[0], operand);
                editor.Prune(concat.Outputs[0]);
                return true;
            }
            place += editor.TypeOf(operand).Dimensions[axis];
        }
        return false;
    }

    // Where a Slice starts that cuts along one axis only, in steps of one.
    private static long? Start(GraphEditor editor, Node node, TensorType type, int axis)
    {
        if (editor.Constant(node.Input(1))?.ToInt64() is not [long start] || editor.Constant(node.Input(2)) is not { Count: 1 })
            return null;
        if (node.HasInput(3) && editor.Constant(node.Input(3))?.ToInt64() is not [long])
            return null;
        long sliced = node.HasInput(3) ? editor.Constant(node.Input(3))!.ToInt64()[0] : 0;
        if (Shapes.Axis(sliced, type.Rank) != axis || (node.HasInput(4) && editor.Constant(node.Input(4))?.ToInt64() is not [1]))
            return null;
        long size = type.Dimensions[axis];
        return Math.Clamp(start < 0 ? start + size : start, 0, size);
    }
}
