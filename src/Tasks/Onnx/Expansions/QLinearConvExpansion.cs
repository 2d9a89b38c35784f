using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>
/// QLinearConv: a convolution of bytes, rounded to the levels of the output. With constant weights and scales, as a quantised model has
/// them, it is a convolution of real numbers between DequantizeLinear and QuantizeLinear, which quantisation recognises; else one of
/// integers.
/// </summary>
[RewrittenOperator("QLinearConv")]
[Input(0, "x", Elements.UInt8 | Elements.Int8)]
[Input(1, "x_scale", Elements.Float32)]
[Input(2, "x_zero_point", Elements.UInt8 | Elements.Int8)]
[Input(3, "w", Elements.UInt8 | Elements.Int8)]
[Input(4, "w_scale", Elements.Float32)]
[Input(5, "w_zero_point", Elements.UInt8 | Elements.Int8)]
[Input(6, "y_scale", Elements.Float32)]
[Input(7, "y_zero_point", Elements.UInt8 | Elements.Int8)]
[Input(8, "B", Elements.Int32, Optional = true)]
[Output(0, "y")]
internal sealed class QLinearConvExpansion : ConvolutionExpansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        TensorType w = context.Type(3);
        if (w.Rank < 3)
            throw context.Invalid($"its weights are {w}");
        if (IntegerProducts.AreConstant(context, 1, 2, 3, 4, 5, 6, 7, 8))
        {
            string[] inputs = [IntegerProducts.Real(context, 0), IntegerProducts.Real(context, 3, axis: 0)];
            if (context.Has(8))
                inputs = [.. inputs, IntegerProducts.RealBias(context, 8, 1, 4)];
            string y = context.Add(context.Node with { OpType = "Conv", Inputs = [.. inputs] });
            context.Return(0, IntegerProducts.Levels(context, y, context[6], context[7]));
            return;
        }
        // Integers with the same zero point as the model's, so that padding stands for 0; what the sums are worth comes afterwards.
        string sums = context.Add(context.Node with
        {
            OpType = "ConvInteger",
            Inputs = [context[0], context[3], context[2], context[5]],
        });
        long[] alongChannels = [1, w.Dimensions[0], .. Enumerable.Repeat(1L, w.Rank - 2)];
        if (context.Has(8))
            sums = context.Add("Add", sums, context.Reshape(context[8], alongChannels));
        string weightScale = context.Type(4).Count == 1
            ? context.Reshape(context[4], Array.Empty<long>())
            : context.Reshape(context[4], alongChannels);
        string factor = context.Add("Mul", context.Reshape(context[1], Array.Empty<long>()), weightScale);
        string real = context.Add("Mul", context.Cast(sums, ElementType.Float32), factor);
        context.Return(0, IntegerProducts.Levels(context, real, context[6], context[7]));
    }
}
