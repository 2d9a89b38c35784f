using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Gradients;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>max(0, x) (ONNX operator Relu).</summary>
[Operator("Relu")]
internal sealed class ReluOperator : NumericFunction, IPassesFactors, IDifferentiable
{
    /// <inheritdoc/>
    protected override void Apply<T>(Node node, ReadOnlySpan<T> x, Span<T> y)
    {
        TensorPrimitives.Max(x, T.Zero, y);
    }

    /// <inheritdoc/>
    public override double Derivative(Node node, double x) => x > 0 ? 1 : 0;

    /// <inheritdoc/>
    public override KernelCall Kernel(Node node) => new(nameof(Float32Unary), nameof(Float32Unary.Relu));

    /// <inheritdoc/>
    public override string NumericMethod => nameof(NumericUnary.Relu);

    /// <inheritdoc/>
    public void Backward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        T[] x = step.Input(0), dy = step.OutputGradient;
        if (step.Gradient(0) is { } dx)
            GradientSums.AddWherePositive<T>(dy.AsSpan(0, x.Length), x, dx);
    }
}
