using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Bitwise difference of integers, with broadcasting (ONNX operator BitwiseXor).</summary>
[Operator("BitwiseXor")]
internal sealed class BitwiseXorOperator : BitwiseOperation
{
    /// <inheritdoc/>
    public override string KernelMethodOf(Node node) => nameof(NumericBinary.Xor);

    /// <inheritdoc/>
    protected override T Of<T>(Node node, T a, T b) => Bits.Xor(a, b);
}
