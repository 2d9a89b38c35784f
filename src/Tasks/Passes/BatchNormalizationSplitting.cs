using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;
using OptimizerBuild.Operators.Linear;

namespace OptimizerBuild.Passes;

/// <summary>
/// Writes batch normalisation with constant statistics as what it is in inference, a multiplication and an addition for each channel
/// (Ioffe and Szegedy 2015, algorithm 2); <see cref="OutputAffineFolding"/> then takes both into the layer before.
/// </summary>
internal sealed class BatchNormalizationSplitting : LocalRewrite
{
    /// <inheritdoc/>
    protected override bool TryRewrite(GraphEditor editor, Node node)
    {
        if (!node.Is<BatchNormalizationOperator>() || BatchNormalizationOperator.IsTraining(node)
            || node.Outputs.Skip(1).Any(o => o.Length > 0))
            return false;
        TensorType type = editor.TypeOf(node.Input(0));
        if (type is not { Element: ElementType.Float32, Rank: >= 2 } || Enumerable.Range(1, 4).Any(i =>
            editor.Constant(node.Input(i)) is not { Element: ElementType.Float32 }))
            return false;
        float[] gamma = Values(1), beta = Values(2), mean = Values(3), variance = Values(4);
        double epsilon = INormalisation.Epsilon(node);
        var scale = new float[gamma.Length];
        var offset = new float[gamma.Length];
        for (int c = 0; c < scale.Length; c++)
        {
            double s = gamma[c] / Math.Sqrt(variance[c] + epsilon);
            scale[c] = (float)s;
            offset[c] = (float)(beta[c] - (mean[c] * s));
        }
        string scaled = editor.AddValue(node.Name + ".scaled", type);
        editor.Replace(node,
            NodeOperators.New<MulOperator>(editor.UniqueName(node.Name + ".scale"), [node.Input(0),
                editor.AddConstant(node.Name + ".scale", ConstantArithmetic.OnAxis(scale, type.Rank, 1))], [scaled]),
            NodeOperators.New<AddOperator>(node.Name, [scaled, editor.AddConstant(node.Name + ".offset",
                ConstantArithmetic.OnAxis(offset, type.Rank, 1))], [node.Outputs[0]]));
        return true;

        float[] Values(int input) => editor.Constant(node.Input(input))!.Values<float>();
    }
}
