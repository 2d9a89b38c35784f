using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>x where positive, else alpha·(exp(x) − 1) (ONNX operator Elu).</summary>
[Operator("Elu")]
[Parameter("alpha", ParameterKind.Float)]
internal sealed class EluOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) => x >= 0 ? x : Alpha(node) * (ElementaryFunctions.Exp(x) - 1);

    /// <inheritdoc/>
    public override double Derivative(Node node, double x) => x >= 0 ? 1 : Alpha(node) * ElementaryFunctions.Exp(x);

    /// <inheritdoc/>
    public override KernelCall Kernel(Node node) => new(nameof(Float32Unary), nameof(Float32Unary.Elu), ("alpha", Alpha(node)));

    /// <summary>The negative of the limit at −∞ (attribute <c>alpha</c>).</summary>
    public static float Alpha(Node node) => node.Float("alpha", 1);
}
