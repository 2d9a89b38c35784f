using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Quantization;

/// <summary>The one scale and zero point that a QuantizeLinear or DequantizeLinear node has for a whole tensor of bytes.</summary>
/// <param name="Element">The type of the bytes: u8 or s8.</param>
/// <param name="Scale">The distance between two levels.</param>
/// <param name="ZeroPoint">The level of 0 among u8 levels, 0…255: that of s8 levels plus 128.</param>
internal sealed record ByteLevels(ElementType Element, float Scale, int ZeroPoint)
{
    // Kernels multiply by the reciprocal in float32, so that both must be normal numbers.
    private const float LeastScale = 1e-30f;
    private const float GreatestScale = 1e30f;

    /// <summary>
    /// The levels of a node; null where it is neither operator, or has several scales, scales that are not constant, or other types than
    /// float32 and bytes.
    /// </summary>
    /// <param name="context">The node.</param>
    public static ByteLevels? Of(OperatorContext context)
    {
        Node node = context.Node;
        bool quantizes = node.Is<QuantizeLinearOperator>();
        if (!quantizes && !node.Is<DequantizeLinearOperator>())
            return null;
        (ElementType bytes, ElementType reals) = quantizes
            ? (context.OutputTypes[0].Element, context.Type(0).Element)
            : (context.Type(0).Element, context.OutputTypes[0].Element);
        if (reals != ElementType.Float32 || bytes is not (ElementType.UInt8 or ElementType.Int8)
            || context.Constant(1) is not { Element: ElementType.Float32, Count: 1 } scale)
            return null;
        long zeroPoint = 0;
        if (node.HasInput(2))
        {
            if (context.Constant(2) is not { Count: 1 } constant)
                return null;
            zeroPoint = constant.ToInt64()[0];
        }
        float step = scale.Values<float>()[0];
        return step is >= LeastScale and <= GreatestScale ? new(bytes, step, (int)zeroPoint + Shift(bytes)) : null;
    }

    /// <summary>What a type's levels are less than those of u8.</summary>
    public static int Shift(ElementType bytes) => bytes == ElementType.Int8 ? -sbyte.MinValue : 0;
}
