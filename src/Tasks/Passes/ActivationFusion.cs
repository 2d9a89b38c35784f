using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Passes;

/// <summary>
/// Moves Relu and Clip into the node before them, as attributes: a kernel that requantises clamps anyway. Products take them first,
/// so that longer chains of elementwise operators are not torn apart (see <c>ElementwiseFusion</c>).
/// </summary>
internal sealed class ActivationFusion : LocalRewrite
{
    /// <inheritdoc/>
    protected override bool TryRewrite(GraphEditor editor, Node node)
    {
        if (Elementwise.Bounds(editor, node) is not { } bounds || editor.TypeOf(node.Outputs[0]).Element != ElementType.Float32
            || editor.Producer(node.Input(0)) is not { } producer || !editor.HasSingleUse(node.Input(0)) || !Takes(editor, producer))
            return false;
        (float minimum, float maximum) = bounds;
        (float least, float greatest) = producer.ActivationBounds();
        (minimum, maximum) = (Math.Clamp(least, minimum, maximum), Math.Clamp(greatest, minimum, maximum));
        Node fused = producer.WithActivation(minimum, maximum);
        editor.Remove(node);
        editor.Replace(producer, fused with { Outputs = node.Outputs });
        return true;
    }

    // Arithmetic with one and the same constant everywhere is a function of one value and belongs into a table.
    private static bool Takes(GraphEditor editor, Node node) => node.As<Operator>() is { TakesActivation: true }
        && !(Elementwise.IsBinary(node) && node.Inputs.Any(i => Elementwise.IsUniform(editor, i)));
}
