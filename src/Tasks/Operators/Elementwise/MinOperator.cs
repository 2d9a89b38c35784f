using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Smallest of the inputs at each place (ONNX operator Min).</summary>
[Operator("Min")]
internal sealed class MinOperator : VariadicArithmetic, IExtremumOfTwoValues
{
    /// <inheritdoc/>
    public override IntegerForm IntegerForm(OperatorContext context) => IPairOfLevels.FormOf(context);

    /// <inheritdoc/>
    protected override void Apply<T>(Node node, ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y) => TensorPrimitives.Min(a, b, y);

    /// <inheritdoc/>
    protected override void Apply<T>(Node node, ReadOnlySpan<T> a, T b, Span<T> y) => TensorPrimitives.Min(a, b, y);

    /// <inheritdoc/>
    protected override void Apply<T>(Node node, T a, ReadOnlySpan<T> b, Span<T> y) => TensorPrimitives.Min(b, a, y);

    /// <inheritdoc/>
    public bool IsGreatest => false;

    /// <inheritdoc/>
    public override string KernelMethod => nameof(Float32Binary.Min);

    /// <inheritdoc/>
    public (double A, double B) Derivatives(Node node, double a, double b) => a <= b ? (1, 0) : (0, 1);
}
