using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>
/// The bits of unsigned integers moved by a number of places, with broadcasting; all are gone where that is their number or more (ONNX
/// operator BitShift).
/// </summary>
[Operator("BitShift")]
[Input(0, "X", Elements.Unsigned, Variable = "T")]
[Input(1, "Y", Elements.Unsigned, Variable = "T")]
[Output(0, "Z")]
[Parameter("direction", ParameterKind.String, Required = true, Choices = ["LEFT", "RIGHT"])]
internal sealed class BitShiftOperator : BitwiseOperation
{
    /// <inheritdoc/>
    public override string KernelMethodOf(Node node) => IsLeft(node) ? nameof(NumericBinary.ShiftLeft) : nameof(NumericBinary.ShiftRight);

    /// <inheritdoc/>
    protected override T Of<T>(Node node, T a, T b) => IsLeft(node) ? Bits.ShiftLeft(a, b) : Bits.ShiftRight(a, b);

    private static bool IsLeft(Node node) => node.Text("direction", "LEFT") == "LEFT";
}
