using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions.Microsoft;

/// <summary>
/// DynamicQuantizeMatMul (com.microsoft): real numbers rounded to levels whose scale is measured, times a matrix of bytes.
/// </summary>
[RewrittenOperator("DynamicQuantizeMatMul", Domain = MicrosoftDomain.Name)]
[Input(0, "A", Elements.Float32)]
[Input(1, "B", Elements.UInt8 | Elements.Int8)]
[Input(2, "b_scale", Elements.Float32)]
[Input(3, "b_zero_point", Elements.UInt8 | Elements.Int8, Optional = true)]
[Input(4, "bias", Elements.Float32, Optional = true)]
[Output(0, "Y")]
internal sealed class DynamicQuantizeMatMulExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        string[] levels = context.Add(ExpansionContext.New("DynamicQuantizeLinear", context[0]), 3);
        string y = context.Add("MatMul", context.Add("DequantizeLinear", levels),
            IntegerProducts.Real(context, 1, axis: Math.Max(context.Type(1).Rank - 1, 0)));
        context.Return(0, context.Has(4) ? context.Add("Add", y, context[4]) : y);
    }
}

/// <summary>MatMulIntegerToFloat (com.microsoft): the product of two matrices of bytes as real numbers.</summary>
[RewrittenOperator("MatMulIntegerToFloat", Domain = MicrosoftDomain.Name)]
[Input(0, "A", Elements.UInt8 | Elements.Int8)]
[Input(1, "B", Elements.UInt8 | Elements.Int8)]
[Input(2, "a_scale", Elements.Float32)]
[Input(3, "b_scale", Elements.Float32)]
[Input(4, "a_zero_point", Elements.UInt8 | Elements.Int8, Optional = true)]
[Input(5, "b_zero_point", Elements.UInt8 | Elements.Int8, Optional = true)]
[Input(6, "bias", Elements.Float32, Optional = true)]
[Output(0, "Y")]
internal sealed class MatMulIntegerToFloatExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        string y = context.Add("MatMul", IntegerProducts.Real(context, 0, 2, 4),
            IntegerProducts.Real(context, 1, 3, 5, Math.Max(context.Type(1).Rank - 1, 0)));
        context.Return(0, context.Has(6) ? context.Add("Add", y, context[6]) : y);
    }
}
