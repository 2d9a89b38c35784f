using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>MeanVarianceNormalization: the distance from the mean over some axes, in standard deviations.</summary>
[RewrittenOperator("MeanVarianceNormalization")]
[Input(0, "X", Elements.Floats)]
[Output(0, "Y")]
[Parameter("axes", ParameterKind.Ints)]
internal sealed class MeanVarianceNormalizationExpansion : Expansion
{
    // What the standard's function adds to the deviation, so that constant values give 0.
    private const double Epsilon = 1e-9;

    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        TensorType x = context.Type(0);
        long[] axes = [.. (context.Node.Ints("axes") ?? [0, 2, 3]).Select(a => (long)context.Axis(a, x.Rank))];
        string difference = context.Add("Sub", context[0], context.Reduce("ReduceMean", context[0], axes));
        string variance = context.Reduce("ReduceMean", context.Add("Mul", difference, difference), axes);
        string deviation = context.Add("Add", context.Add("Sqrt", variance), context.Scalar(x.Element, Epsilon));
        context.Return(0, context.Add("Div", difference, deviation));
    }
}
