using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Bitwise disjunction of integers, with broadcasting (ONNX operator BitwiseOr).</summary>
[Operator("BitwiseOr")]
internal sealed class BitwiseOrOperator : BitwiseOperation
{
    /// <inheritdoc/>
    public override string KernelMethodOf(Node node) => nameof(NumericBinary.Or);

    /// <inheritdoc/>
    protected override T Of<T>(Node node, T a, T b) => Bits.Or(a, b);
}
