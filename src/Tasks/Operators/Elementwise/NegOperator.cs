using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Negation (ONNX operator Neg).</summary>
[Operator("Neg")]
internal sealed class NegOperator : NumericFunction
{
    /// <inheritdoc/>
    protected override void Apply<T>(Node node, ReadOnlySpan<T> x, Span<T> y)
    {
        TensorPrimitives.Negate(x, y);
    }

    /// <inheritdoc/>
    public override double Derivative(Node node, double x) => -1;

    /// <inheritdoc/>
    public override KernelCall Kernel(Node node) => new(nameof(Float32Unary), nameof(Float32Unary.Neg));

    /// <inheritdoc/>
    public override string NumericMethod => nameof(NumericUnary.Neg);

    /// <inheritdoc/>
    public override bool IsAnalytic => true;

    /// <inheritdoc/>
    public override bool SettlesSmoothly => true;
}
