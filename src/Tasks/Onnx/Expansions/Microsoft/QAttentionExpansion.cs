using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions.Microsoft;

/// <summary>
/// QAttention (com.microsoft): the attention of projections whose input and weights are bytes; everything behind the projections counts in
/// real numbers.
/// </summary>
[RewrittenOperator("QAttention", Domain = MicrosoftDomain.Name)]
[Input(0, "input", Elements.UInt8 | Elements.Int8)]
[Input(1, "weight", Elements.UInt8 | Elements.Int8)]
[Input(2, "bias", Elements.Float32)]
[Input(3, "input_scale", Elements.Float32)]
[Input(4, "weight_scale", Elements.Float32)]
[Input(5, "mask_index", Elements.Int32, Optional = true)]
[Input(6, "input_zero_point", Elements.UInt8 | Elements.Int8, Optional = true)]
[Input(7, "weight_zero_point", Elements.UInt8 | Elements.Int8, Optional = true)]
[Input(8, "past", Elements.Float32, Optional = true)]
[Output(0, "output")]
[Output(1, "present", Optional = true)]
[Parameter("do_rotary", ParameterKind.Int)]
[Parameter("mask_filter_value", ParameterKind.Float)]
[Parameter("num_heads", ParameterKind.Int, Required = true, Minimum = 1)]
[Parameter("past_present_share_buffer", ParameterKind.Int)]
[Parameter("scale", ParameterKind.Float)]
[Parameter("unidirectional", ParameterKind.Int)]
internal sealed class QAttentionExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        if (context.Node.Int("do_rotary", 0) != 0 || context.Node.Int("past_present_share_buffer", 0) != 0)
            throw context.Unsupported("QAttention without rotary embedding and without a shared cache");
        TensorType input = context.Type(0), weights = context.Type(1);
        if (input.Rank != 3 || weights.Rank != 2 || weights.Dimensions[0] != input.Dimensions[2] || weights.Dimensions[1] % 3 != 0)
            throw context.Invalid($"its input is {input}, its weights are {weights}");
        string projected = context.Add("Add", context.Add("MatMul", IntegerProducts.Real(context, 0, 3, 6),
            IntegerProducts.Real(context, 1, 4, 7)), context[2]);
        AttentionHeads.AttendProjected(
            context, projected, [.. Enumerable.Repeat(weights.Dimensions[1] / 3L, 3)], mask: 5, past: 8, bias: -1);
    }
}
