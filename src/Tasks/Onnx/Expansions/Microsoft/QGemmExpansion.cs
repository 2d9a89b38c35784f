using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions.Microsoft;

/// <summary>QGemm (com.microsoft): a matrix product of bytes with a bias of 32 bits, as levels or, without a scale for them, as real
/// numbers.</summary>
[RewrittenOperator("QGemm", Domain = MicrosoftDomain.Name)]
[Input(0, "A", Elements.UInt8 | Elements.Int8)]
[Input(1, "a_scale", Elements.Float32)]
[Input(2, "a_zero_point", Elements.UInt8 | Elements.Int8)]
[Input(3, "B", Elements.UInt8 | Elements.Int8)]
[Input(4, "b_scale", Elements.Float32)]
[Input(5, "b_zero_point", Elements.UInt8 | Elements.Int8)]
[Input(6, "C", Elements.Int32, Optional = true)]
[Input(7, "y_scale", Elements.Float32, Optional = true)]
[Input(8, "y_zero_point", Elements.UInt8 | Elements.Int8, Optional = true)]
[Output(0, "Y")]
[Parameter("alpha", ParameterKind.Float)]
[Parameter("transA", ParameterKind.Int)]
[Parameter("transB", ParameterKind.Int)]
internal sealed class QGemmExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        // The bias counts in units of the sums; the factor belongs to both.
        int axis = context.Node.Int("transB", 0) != 0 ? 0 : 1;
        string[] inputs = [IntegerProducts.Real(context, 0), IntegerProducts.Real(context, 3, axis)];
        if (context.Has(6))
            inputs = [.. inputs, IntegerProducts.RealBias(context, 6, 1, 4)];
        string y = context.Add(new Node("", "Gemm", [.. inputs], [])
        {
            Attributes = context.Node.Attributes,
        }.With("beta", new AttributeValue.Float(context.Node.Float("alpha", 1))));
        if (!context.Has(7))
            context.Return(0, y);
        else
            context.Return(0, IntegerProducts.Levels(
                context, y, context[7], context.Has(8) ? context[8] : context.Scalar(context.Type(0).Element, 0)));
    }
}
