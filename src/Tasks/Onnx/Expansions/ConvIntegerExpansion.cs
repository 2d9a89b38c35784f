using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>
/// ConvInteger: the convolution of bytes less their zero points, as 32-bit integers. It is computed in float32, whose 24 bits hold the
/// sums exactly; where they are too large, in halves of the inputs' bits.
/// </summary>
[RewrittenOperator("ConvInteger")]
[Input(0, "x", Elements.UInt8 | Elements.Int8)]
[Input(1, "w", Elements.UInt8 | Elements.Int8)]
[Input(2, "x_zero_point", Elements.UInt8 | Elements.Int8, Optional = true)]
[Input(3, "w_zero_point", Elements.UInt8 | Elements.Int8, Optional = true)]
[Output(0, "y")]
internal sealed class ConvIntegerExpansion : ConvolutionExpansion
{
    // What float32 counts without a gap, and the greatest difference of two bytes.
    private const long Exact = 1 << 24;
    private const long GreatestByte = 255;
    private const long GreatestHalf = 16;

    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        TensorType w = context.Type(1);
        if (w.Rank < 3)
            throw context.Invalid($"its weights are {w}");
        long terms = w.Count / Math.Max(w.Dimensions[0], 1);
        string x = IntegerProducts.Centred(context, 0, 2);
        string weights = context.Cast(context[1], ElementType.Int32);
        if (context.Has(3))
        {
            // One for all, or one for each output channel.
            long[] shape = context.Type(3).Count == 1 ? [] : [w.Dimensions[0], .. Enumerable.Repeat(1L, w.Rank - 1)];
            weights = context.Add("Sub", weights, context.Reshape(context.Cast(context[3], ElementType.Int32), shape));
        }
        if (terms * GreatestByte * GreatestByte < Exact)
        {
            context.Return(0, Convolve(x));
            return;
        }
        if (terms * GreatestHalf * GreatestByte >= Exact)
            throw context.Unsupported($"fewer than {Exact / (GreatestHalf * GreatestByte)} terms in a sum, not {terms}");
        string sixteen = context.Scalar(ElementType.Int32, 16);
        string upper = context.Add("Div", x, sixteen);
        string lower = context.Add("Sub", x, context.Add("Mul", upper, sixteen));
        context.Return(0, context.Add("Add", context.Add("Mul", Convolve(upper), sixteen), Convolve(lower)));

        string Convolve(string part) => context.Cast(context.Add(context.Node with
        {
            OpType = "Conv",
            Inputs = [context.Cast(part, ElementType.Float32), context.Cast(weights, ElementType.Float32)],
        }), ElementType.Int32);
    }
}
