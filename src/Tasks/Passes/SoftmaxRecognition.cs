using OptimizerBuild.Graphs;

namespace OptimizerBuild.Passes;

/// <summary>
/// Recognises softmax that exporters have written out: <c>e / ReduceSum(e)</c> with <c>e = Exp(x − ReduceMax(x))</c>, where Reshape and
/// Expand may stand between a reduction and the arithmetic.
/// </summary>
internal sealed class SoftmaxRecognition : LocalRewrite
{
    /// <inheritdoc/>
    protected override bool TryRewrite(GraphEditor editor, Node node)
    {
        if (!node.Is("Div") || Elementwise.HasActivation(node)
            || editor.TypeOf(node.Outputs[0]) is not { Element: ElementType.Float32 } type)
            return false;
        string exponential = node.Input(0);
        if (editor.Producer(exponential) is not { } exp || !exp.Is("Exp") || ReducedAxis(editor, node.Input(1), "ReduceSum",
            exponential) is not { } axis
            || editor.Producer(exp.Input(0)) is not { } sub || !sub.Is("Sub") || Elementwise.HasActivation(sub))
            return false;
        string logits = sub.Input(0);
        if (editor.TypeOf(logits) != type || ReducedAxis(editor, sub.Input(1), "ReduceMax", logits) != axis)
            return false;
        editor.Replace(node, new Node(node.Name, "Softmax", [logits], node.Outputs).With("axis", axis));
        editor.Prune(node.Input(1));
        editor.Prune(exponential);
        return true;
    }

    // The one axis over which a value reduces another, if it broadcasts along exactly this axis again.
    private static int? ReducedAxis(GraphEditor editor, string value, string opType, string of)
    {
        TensorType full = editor.TypeOf(of);
        if (editor.Producer(value) is { } expand && expand.Is("Expand") && editor.TypeOf(value) == full)
            value = expand.Input(0);
        TensorType broadcast = editor.TypeOf(value);
        while (editor.Producer(value) is { } node)
        {
            if (node.Is(opType))
            {
                if (node.Input(0) != of || editor.Constant(node.Input(1))?.ToInt64() is not [long given])
                    return null;
                int axis = Shapes.Axis(given, full.Rank);
                return broadcast.Dimensions.AsSpan().SequenceEqual(full.Dimensions.SetItem(axis, 1).AsSpan()) ? axis : null;
            }
            if (!ReshapeMerging.KeepsElementOrder(editor, node))
                return null;
            value = node.Input(0);
        }
        return null;
    }
}
