using OptimizerBuild.Graphs;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>Places in a tensor as indices into its elements in memory order, computed by standard operators.</summary>
internal static class FlatIndices
{
    /// <summary>Indices of an axis, those below 0 counted from its end.</summary>
    public static string Wrapped(ExpansionContext context, string indices, long extent)
    {
        indices = context.Cast(indices, ElementType.Int64);
        string fromEnd = context.Add("Add", indices, context.Scalar(ElementType.Int64, extent));
        return context.Add("Where", context.Add("Less", indices, context.Scalar(ElementType.Int64, 0)), fromEnd, indices);
    }

    /// <summary>
    /// The flat index of each element of an index tensor that names places along one axis; along the others an element's own place counts.
    /// </summary>
    public static string AlongAxis(ExpansionContext context, TensorType data, string indices, int axis)
    {
        TensorType type = context.TypeOf(indices);
        if (type.Rank != data.Rank || type.Dimensions.Where((d, i) => i != axis && d > data.Dimensions[i]).Any())
            throw context.Invalid($"its indices are {type} for {data} and axis {axis}");
        long[] strides = Strides(data);
        var own = new long[type.Count];
        for (int i = 0; i < own.Length; i++)
        {
            int rest = i;
            for (int d = type.Rank - 1; d >= 0; d--)
            {
                if (d != axis)
                    own[i] += rest % type.Dimensions[d] * strides[d];
                rest /= type.Dimensions[d];
            }
        }
        string wrapped = Wrapped(context, indices, data.Dimensions[axis]);
        string moved = context.Add("Mul", wrapped, context.Scalar(ElementType.Int64, strides[axis]));
        return context.Add("Add", moved, context.Add(new Tensor(type.As(ElementType.Int64), own)));
    }

    /// <summary>
    /// The number of the row that each tuple of indices names, where rows are what lies behind the indexed dimensions.
    /// </summary>
    /// <param name="context">The node.</param>
    /// <param name="data">The type of the tensor.</param>
    /// <param name="indices">The tuples, along the last axis.</param>
    /// <param name="batches">The number of leading dimensions that tuples share with the tensor.</param>
    public static (string Rows, long Count, long Width) OfTuples(ExpansionContext context, TensorType data, string indices, int batches)
    {
        TensorType type = context.TypeOf(indices);
        if (type.Rank <= batches || type.Dimensions[^1] > data.Rank - batches || type.Dimensions[^1] == 0
            || !type.Dimensions.Take(batches).SequenceEqual(data.Dimensions.Take(batches)))
            throw context.Invalid($"its indices are {type} for {data}");
        int length = type.Dimensions[^1];
        int[] indexed = [.. data.Dimensions.Skip(batches).Take(length)];
        long width = Shapes.Count(data.Dimensions.AsSpan()[(batches + length)..]);
        long[] strides = Strides(TensorType.Of(ElementType.Int64, indexed));
        string extents = context.Ints([.. indexed.Select(d => (long)d)]);
        indices = context.Cast(indices, ElementType.Int64);
        string wrapped = context.Add("Where", context.Add("Less", indices, context.Scalar(ElementType.Int64, 0)),
            context.Add("Add", indices, extents), indices);
        string rows = context.Reduce("ReduceSum", context.Add("Mul", wrapped, context.Ints(strides)), [type.Rank - 1], keep: false);
        if (batches > 0)
        {
            int perBatch = Shapes.Count(indexed);
            int[] batchShape = [.. data.Dimensions.Take(batches)];
            long[] starts = [.. Enumerable.Range(0, Shapes.Count(batchShape)).Select(b => (long)b * perBatch)];
            rows = context.Add("Add", rows, context.Add(Tensor.Of(
                starts, [.. batchShape, .. Enumerable.Repeat(1, type.Rank - 1 - batches)])));
        }
        return (rows, data.Count / Math.Max(width, 1), width);
    }

    private static long[] Strides(TensorType type)
    {
        var strides = new long[type.Rank];
        long stride = 1;
        for (int d = type.Rank - 1; d >= 0; d--)
        {
            strides[d] = stride;
            stride *= type.Dimensions[d];
        }
        return strides;
    }
}
