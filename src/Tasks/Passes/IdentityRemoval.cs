using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Passes;

/// <summary>
/// Removes nodes that hand their input on unchanged (<see cref="Operator.IsIdentity"/>): Identity, Dropout in inference, and Reshape,
/// Transpose, Slice, Pad, Expand, Cast, Concat, Split and the like where their arguments leave nothing to do.
/// </summary>
internal sealed class IdentityRemoval : LocalRewrite
{
    /// <inheritdoc/>
    protected override bool TryRewrite(GraphEditor editor, Node node)
    {
        if (node.Inputs.Length == 0 || !node.HasInput(0) || node.Outputs.Length == 0
            || node.Outputs.Skip(1).Any(o => o.Length > 0 && IsUsed(editor, o)))
            return false;
        string input = node.Input(0);
        return editor.TypeOf(input) == editor.TypeOf(node.Outputs[0]) && !node.HasActivation()
            && OperatorRegistry.Of(node).IsIdentity(OperatorContext.Of(editor, node)) && editor.TryBypass(node, input);
    }

    private static bool IsUsed(GraphEditor editor, string value) => editor.IsOutput(value) || editor.ConsumerCount(value) > 0;
}
