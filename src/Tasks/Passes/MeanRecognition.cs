using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;
using OptimizerBuild.Operators.Reduction;

namespace OptimizerBuild.Passes;

/// <summary>Writes a sum that is divided by the number of its terms as the mean.</summary>
internal sealed class MeanRecognition : LocalRewrite
{
    /// <inheritdoc/>
    protected override bool TryRewrite(GraphEditor editor, Node node)
    {
        if (!node.Is<MulOperator>() || node.HasActivation() || Elementwise.Uniform(editor.Constant(node.Input(1))) is not { } factor
            || editor.Producer(node.Input(0)) is not { } sum || !sum.Is<ReduceSumOperator>() || !editor.HasSingleUse(node.Input(0))
            || editor.TypeOf(node.Outputs[0]) != editor.TypeOf(node.Input(0)))
            return false;
        TensorType from = editor.TypeOf(sum.Input(0)), to = editor.TypeOf(node.Outputs[0]);
        if (from.Element != ElementType.Float32 || to.Count == 0 || from.Count == to.Count)
            return false;
        double terms = (double)from.Count / to.Count;
        if (Math.Abs((factor * terms) - 1) > 1e-6)
            return false;
        editor.Remove(node);
        editor.Replace(sum, sum.Becoming<ReduceMeanOperator>() with { Outputs = node.Outputs });
        return true;
    }
}
