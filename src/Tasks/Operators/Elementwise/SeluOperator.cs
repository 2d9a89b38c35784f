using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Scaled exponential linear unit: gamma·x where positive, else gamma·alpha·(exp(x) − 1) (ONNX operator Selu).</summary>
[Operator("Selu")]
[Parameter("alpha", ParameterKind.Float)]
[Parameter("gamma", ParameterKind.Float)]
internal sealed class SeluOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) =>
        Gamma(node) * (x > 0 ? x : Alpha(node) * (ElementaryFunctions.Exp(x) - 1));

    /// <inheritdoc/>
    public override double Derivative(Node node, double x) => Gamma(node) * (x > 0 ? 1 : Alpha(node) * ElementaryFunctions.Exp(x));

    /// <inheritdoc/>
    public override KernelCall Kernel(Node node) =>
        new(nameof(Float32Activation), nameof(Float32Activation.Selu), ("alpha", Alpha(node)), ("gamma", Gamma(node)));

    /// <summary>The negative of the limit at −∞, before the factor (attribute <c>alpha</c>).</summary>
    public static float Alpha(Node node) => node.Float("alpha", 1.67326319217681884765625f);

    /// <summary>The factor (attribute <c>gamma</c>).</summary>
    public static float Gamma(Node node) => node.Float("gamma", 1.05070102214813232421875f);
}
