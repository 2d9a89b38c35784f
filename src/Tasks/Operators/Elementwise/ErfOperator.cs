using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Error function (ONNX operator Erf).</summary>
[Operator("Erf")]
internal sealed class ErfOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) => ErrorFunction.Erf(x);
}
