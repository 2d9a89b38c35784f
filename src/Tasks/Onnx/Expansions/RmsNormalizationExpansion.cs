using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>
/// RMSNormalization: the input divided by the root of the mean of its squares over the last axes, times a scale (B. Zhang and R. Sennrich,
/// "Root Mean Square Layer Normalization", 2019).
/// </summary>
[RewrittenOperator("RMSNormalization")]
[Input(0, "X", Elements.Floats)]
[Input(1, "scale", Elements.Floats)]
[Output(0, "Y")]
[Parameter("axis", ParameterKind.Int)]
[Parameter("epsilon", ParameterKind.Float)]
[Parameter("stash_type", ParameterKind.Int)]
internal sealed class RmsNormalizationExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        TensorType x = context.Type(0);
        int axis = context.Axis(context.Node.Int("axis", -1), x.Rank);
        long[] axes = [.. Enumerable.Range(axis, x.Rank - axis).Select(a => (long)a)];
        string mean = context.Reduce("ReduceMean", context.Add("Mul", context[0], context[0]), axes);
        string epsilon = context.Scalar(x.Element, context.Node.Float("epsilon", 1e-5f));
        string root = context.Add("Sqrt", context.Add("Add", mean, epsilon));
        string normalised = context.Cast(context.Add("Div", context[0], root), context.Type(1).Element);
        context.Return(0, context.Add("Mul", normalised, context[1]));
    }
}
