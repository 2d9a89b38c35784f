using OptimizerBuild.Graphs;

namespace OptimizerBuild.Passes;

/// <summary>
/// Removes nodes that hand their input on unchanged: Identity, Dropout in inference, and Reshape, Transpose, Slice, Pad, Expand, Cast,
/// CastLike, Concat, Split and the like where their arguments leave nothing to do.
/// </summary>
internal sealed class IdentityRemoval : LocalRewrite
{
    /// <inheritdoc/>
    protected override bool TryRewrite(GraphEditor editor, Node node)
    {
        if (node.Domain.Length > 0 || node.Inputs.Length == 0 || !node.HasInput(0) || node.Outputs.Length == 0
            || node.Outputs.Skip(1).Any(o => o.Length > 0 && IsUsed(editor, o)))
            return false;
        string input = node.Input(0);
        return IsIdentity(editor, node, editor.TypeOf(input), editor.TypeOf(node.Outputs[0])) && editor.TryBypass(node, input);
    }

    private static bool IsIdentity(GraphEditor editor, Node node, TensorType input, TensorType output)
    {
        if (input != output || Elementwise.HasActivation(node))
            return false;
        switch (node.OpType)
        {
            case "Identity" or "Reshape" or "Flatten" or "Squeeze" or "Unsqueeze" or "Expand" or "Cast" or "CastLike":
                return true;
            case "Dropout":
                return !node.HasInput(2) || (editor.Constant(node.Input(2)) is { Element: ElementType.Bool } training
                    && !training.Values<bool>()[0]);
            case "Transpose":
                return node.Ints("perm") is { } perm && IsIncreasing(perm);
            case "Slice":
                // All elements are kept, so only the direction could change them.
                return editor.Constant(node.Input(4)) is { } steps ? steps.ToInt64().All(s => s > 0) : !node.HasInput(4);
            case "Pad":
                return editor.Constant(node.Input(1)) is { } pads && pads.ToInt64().All(p => p == 0);
            case "Concat" or "Split" or "Sum":
                return node.Inputs.Length == 1 || (node.OpType == "Split" && node.Outputs.Length == 1);
            case "GlobalAveragePool" or "GlobalMaxPool":
                return true;
            default:
                return false;
        }
    }

    private static bool IsIncreasing(long[] perm)
    {
        for (int i = 0; i < perm.Length; i++)
            if (perm[i] != i)
                return false;
        return true;
    }

    private static bool IsUsed(GraphEditor editor, string value) => editor.IsOutput(value) || editor.Consumers(value).Count > 0;
}
