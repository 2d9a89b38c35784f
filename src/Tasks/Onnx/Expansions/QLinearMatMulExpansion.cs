using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>
/// QLinearMatMul: the product of two matrices of bytes, rounded to the levels of the output. With constant weights and scales, as a
/// quantised model has them, it is a product of real numbers between DequantizeLinear and QuantizeLinear, which quantisation recognises;
/// else one of integers.
/// </summary>
[RewrittenOperator("QLinearMatMul")]
[Input(0, "a", Elements.UInt8 | Elements.Int8)]
[Input(1, "a_scale", Elements.Floats, Variable = "TS")]
[Input(2, "a_zero_point", Elements.UInt8 | Elements.Int8)]
[Input(3, "b", Elements.UInt8 | Elements.Int8)]
[Input(4, "b_scale", Elements.Floats, Variable = "TS")]
[Input(5, "b_zero_point", Elements.UInt8 | Elements.Int8)]
[Input(6, "y_scale", Elements.Floats, Variable = "TS")]
[Input(7, "y_zero_point", Elements.UInt8 | Elements.Int8)]
[Output(0, "y")]
internal sealed class QLinearMatMulExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        if (context.Type(3).Rank == 2 && context.Type(4).Rank <= 1 && IntegerProducts.AreConstant(context, 1, 2, 3, 4, 5, 6, 7)
            && context.Type(1).Count == 1 && context.Type(1).Element == ElementType.Float32)
        {
            string y = context.Add("MatMul", IntegerProducts.Real(context, 0), IntegerProducts.Real(context, 3, axis: 1));
            context.Return(0, IntegerProducts.Levels(context, y, context[6], context[7]));
            return;
        }
        string product = context.Add("MatMul", IntegerProducts.Centred(context, 0, 2, rows: true), IntegerProducts.Centred(context, 3, 5));
        string Scale(int input, bool rows) =>
            IntegerProducts.Along(context, context.Cast(context[input], ElementType.Float32), rows);
        string real = context.Add("Mul", context.Cast(product, ElementType.Float32), context.Add("Mul", Scale(1, true), Scale(4, false)));
        context.Return(0, IntegerProducts.Levels(context, real, context.Cast(context[6], ElementType.Float32), context[7]));
    }
}
