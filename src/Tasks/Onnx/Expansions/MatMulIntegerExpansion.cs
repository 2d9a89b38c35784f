using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>MatMulInteger: the product of two matrices of bytes less their zero points, as 32-bit integers.</summary>
[RewrittenOperator("MatMulInteger")]
[Input(0, "A", Elements.UInt8 | Elements.Int8)]
[Input(1, "B", Elements.UInt8 | Elements.Int8)]
[Input(2, "a_zero_point", Elements.UInt8 | Elements.Int8, Optional = true)]
[Input(3, "b_zero_point", Elements.UInt8 | Elements.Int8, Optional = true)]
[Output(0, "Y")]
internal sealed class MatMulIntegerExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context) => context.Return(0, context.Add("MatMul",
        IntegerProducts.Centred(context, 0, 2, rows: true), IntegerProducts.Centred(context, 1, 3)));
}
