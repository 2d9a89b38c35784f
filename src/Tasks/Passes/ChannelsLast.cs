using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Passes;

/// <summary>
/// Lets convolutions and pools work on feature maps whose channels come last, as the kernels do. Each gets a transposition before
/// and one behind it; <see cref="TransposeSinking"/> cancels those that meet.
/// </summary>
internal sealed class ChannelsLast : LocalRewrite
{
    /// <inheritdoc/>
    protected override bool TryRewrite(GraphEditor editor, Node node)
    {
        if (node.Domain.Length > 0 || node.OpType is not ("Conv" or "MaxPool" or "AveragePool" or "GlobalAveragePool" or "GlobalMaxPool")
            || node.Int(WindowGeometry.ChannelsLastAttribute, 0) != 0 || node.Outputs.Skip(1).Any(o => o.Length > 0))
            return false;
        TensorType input = editor.TypeOf(node.Input(0)), output = editor.TypeOf(node.Outputs[0]);
        if (input.Element != ElementType.Float32 || input.Rank is not (3 or 4))
            return false;
        long[] toLast = input.Rank == 4 ? [0, 2, 3, 1] : [0, 2, 1];
        long[] toSecond = input.Rank == 4 ? [0, 3, 1, 2] : [0, 2, 1];
        string x = editor.AddValue(node.Input(0) + ".nhwc", TransposeSinking.Permuted(input, toLast));
        string y = editor.AddValue(node.Outputs[0] + ".nhwc", TransposeSinking.Permuted(output, toLast));
        editor.Replace(node,
            new Node(editor.UniqueName(node.Name + ".before"), "Transpose", [node.Input(0)], [x]).With("perm", toLast),
            node.With(WindowGeometry.ChannelsLastAttribute, 1) with { Inputs = node.Inputs.SetItem(0, x), Outputs = [y] },
            new Node(editor.UniqueName(node.Name + ".behind"), "Transpose", [y], [node.Outputs[0]]).With("perm", toSecond));
        return true;
    }
}
