using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators;

/// <summary>Error function (ONNX operator Erf).</summary>
[Operator("Erf")]
internal sealed class ErfOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) => ErrorFunction.Erf(x);
}
