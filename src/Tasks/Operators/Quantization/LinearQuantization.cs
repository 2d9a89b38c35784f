using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Quantization;

/// <summary>
/// Which scale and zero point belong to an element (ONNX "QuantizeLinear"): one for the tensor, one for each place along an axis, or
/// one for each block of places along it.
/// </summary>
internal readonly struct LinearQuantization
{
    private readonly int _length;
    private readonly int _block;
    private readonly int _inner;
    private readonly int _scales;

    private LinearQuantization(int length, int block, int inner, int scales)
    {
        _length = length;
        _block = block;
        _inner = inner;
        _scales = scales;
    }

    /// <summary>The parameters of a QuantizeLinear or DequantizeLinear node.</summary>
    /// <exception cref="ModelException">Scale and zero point do not fit the input.</exception>
    public static LinearQuantization Of(OperatorContext context)
    {
        (TensorType x, TensorType scale) = (context.Type(0), context.Type(1));
        // One element for all may be a scalar or a list: quantisers write both side by side.
        if (context.Has(2) && !(IsSingle(scale) && IsSingle(context.Type(2)))
            && !context.Type(2).Dimensions.AsSpan().SequenceEqual(scale.Dimensions.AsSpan()))
            throw context.Invalid($"its zero point is {context.Type(2)} and its scale {scale}");
        if (!scale.Element.IsFloat())
            throw context.Invalid($"its scale is {scale}");
        if (IsSingle(scale))
            return new(1, 0, 1, 1);
        int axis = context.Axis(Axis(context.Node), x.Rank);
        int inner = Shapes.Count(x.Dimensions.AsSpan()[(axis + 1)..]);
        int length = x.Dimensions[axis];
        if (scale.Rank == 1 && scale.Count == length)
            return new(length, 0, inner, length);
        long block = BlockSize(context.Node);
        int blocks = block > 0 ? (int)((length + block - 1) / block) : 0;
        int[] expected = [.. x.Dimensions];
        expected[axis] = blocks;
        if (block <= 0 || !scale.Dimensions.AsSpan().SequenceEqual(expected))
            throw context.Invalid($"its scale {scale} does not fit {x} along axis {axis}");
        return new(length, (int)Math.Min(block, int.MaxValue), inner, blocks);
    }

    /// <summary>Whether levels may be of a type: integers of 2, 4, 8 and 16 bits.</summary>
    public static bool IsLevel(ElementType type) => type is ElementType.UInt8 or ElementType.Int8 or ElementType.UInt16 or ElementType.Int16
        || (type.IsNarrow() && !type.IsNarrowFloat());

    /// <summary>Levels as whole numbers.</summary>
    public static long[] Levels(Tensor tensor) => NumericCast.Convert(tensor, ElementType.Int64)!.Values<long>();

    /// <summary>The axis along which scales differ, perhaps counted from the end (attribute <c>axis</c>).</summary>
    public static long Axis(Node node) => node.Int("axis", 1);

    /// <summary>The places along the axis that share a scale; 0 where each has its own (attribute <c>block_size</c>).</summary>
    public static long BlockSize(Node node) => node.Int("block_size", 0);

    /// <summary>The index of an element's scale.</summary>
    public int Index(int element)
    {
        int place = element / _inner % _length;
        return _block == 0
            ? place
            : ((((element / _inner / _length) * _scales) + (place / _block)) * _inner) + (element % _inner);
    }

    private static bool IsSingle(TensorType type) => type.Count == 1 && type.Rank <= 1;
}
