using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Movement;

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
        if (!node.Is<ISpatial>() || node.IsChannelsLast() || node.Outputs.Skip(1).Any(o => o.Length > 0))
            return false;
        TensorType input = editor.TypeOf(node.Input(0)), output = editor.TypeOf(node.Outputs[0]);
        if (input.Element != ElementType.Float32 || input.Rank is not (3 or 4))
            return false;
        long[] toLast = input.Rank == 4 ? [0, 2, 3, 1] : [0, 2, 1];
        long[] toSecond = input.Rank == 4 ? [0, 3, 1, 2] : [0, 2, 1];
        string x = editor.AddValue(node.Input(0) + ".nhwc", TransposeSinking.Permuted(input, toLast));
        string y = editor.AddValue(node.Outputs[0] + ".nhwc", TransposeSinking.Permuted(output, toLast));
        editor.Replace(node,
            TransposeOperator.Create(editor.UniqueName(node.Name + ".before"), node.Input(0), x, toLast),
            node.WithChannelsLast() with { Inputs = node.Inputs.SetItem(0, x), Outputs = [y] },
            TransposeOperator.Create(editor.UniqueName(node.Name + ".behind"), y, node.Outputs[0], toSecond));
        return true;
    }
}
