using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>DynamicQuantizeLinear: bytes with the scale and zero point that the values' own range, with 0 in it, gives.</summary>
[RewrittenOperator("DynamicQuantizeLinear")]
[Input(0, "x", Elements.Float32)]
[Output(0, "y")]
[Output(1, "y_scale")]
[Output(2, "y_zero_point")]
internal sealed class DynamicQuantizeLinearExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        long[] axes = [.. Enumerable.Range(0, context.Type(0).Rank).Select(a => (long)a)];
        string zero = context.Scalar(ElementType.Float32, 0), levels = context.Scalar(ElementType.Float32, 255);
        string low = context.Add("Min", context.Reduce("ReduceMin", context[0], axes, keep: false), zero);
        string high = context.Add("Max", context.Reduce("ReduceMax", context[0], axes, keep: false), zero);
        string scale = context.Add("Div", context.Add("Sub", high, low), levels);
        string place = context.Add("Clip", context.Add("Div", context.Add("Sub", zero, low), scale), zero, levels);
        string zeroPoint = context.Cast(context.Add("Round", place), ElementType.UInt8);
        context.Return(0, context.Add("QuantizeLinear", context[0], scale, zeroPoint));
        context.Return(1, scale);
        context.Return(2, zeroPoint);
    }
}
