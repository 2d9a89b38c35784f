using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Bitwise conjunction of integers, with broadcasting (ONNX operator BitwiseAnd).</summary>
[Operator("BitwiseAnd")]
internal sealed class BitwiseAndOperator : BitwiseOperation
{
    /// <inheritdoc/>
    public override string KernelMethodOf(Node node) => nameof(NumericBinary.And);

    /// <inheritdoc/>
    protected override T Of<T>(Node node, T a, T b) => Bits.And(a, b);
}
