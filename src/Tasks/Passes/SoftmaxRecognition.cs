using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;
using OptimizerBuild.Operators.Movement;
using OptimizerBuild.Operators.Reduction;

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
        if (!node.Is<DivOperator>() || node.HasActivation()
            || editor.TypeOf(node.Outputs[0]) is not { Element: ElementType.Float32 } type)
            return false;
        string exponential = node.Input(0);
        if (editor.Producer(exponential) is not { } exp || !exp.Is<ExpOperator>() || ReducedAxis<ReduceSumOperator>(editor, node.Input(1),
            exponential) is not { } axis
            || editor.Producer(exp.Input(0)) is not { } sub || !sub.Is<SubOperator>() || sub.HasActivation())
            return false;
        string logits = sub.Input(0);
        if (editor.TypeOf(logits) != type || ReducedAxis<ReduceMaxOperator>(editor, sub.Input(1), logits) != axis)
            return false;
        editor.Replace(node, AxisFunction.WithAxis(NodeOperators.New<SoftmaxOperator>(node.Name, [logits], node.Outputs), axis));
        editor.Prune(node.Input(1));
        editor.Prune(exponential);
        return true;
    }

    // The one axis over which a value reduces another, if it broadcasts along exactly this axis again.
    private static int? ReducedAxis<T>(GraphEditor editor, string value, string of)
        where T : ReduceOperator
    {
        TensorType full = editor.TypeOf(of);
        if (editor.Producer(value) is { } expand && expand.Is<ExpandOperator>() && editor.TypeOf(value) == full)
            value = expand.Input(0);
        TensorType broadcast = editor.TypeOf(value);
        while (editor.Producer(value) is { } node)
        {
            if (node.Is<T>())
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
