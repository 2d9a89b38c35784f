using OptimizerBuild.Graphs;

namespace OptimizerBuild.Passes;

/// <summary>Arithmetic on float32 constants at build time, in double precision, and their views along one axis.</summary>
internal static class ConstantArithmetic
{
    /// <summary>Combines two constants element by element, with broadcasting.</summary>
    public static Tensor Combine(Tensor a, Tensor b, Func<double, double, double> operation)
    {
        int[] shape = Shapes.Broadcast(a.Dimensions.AsSpan(), b.Dimensions.AsSpan())
            ?? throw new ArgumentException($"{a} and {b} do not broadcast");
        float[] x = Expand(a, shape), y = Expand(b, shape);
        var result = new float[x.Length];
        for (int i = 0; i < result.Length; i++)
            result[i] = (float)operation(x[i], y[i]);
        return Tensor.Of(result, shape);
    }

    /// <summary>Applies a function to every element.</summary>
    public static Tensor Map(Tensor a, Func<double, double> function) =>
        new(a.Type, Array.ConvertAll(a.Values<float>(), v => (float)function(v)));

    /// <summary>A constant's elements repeated to a larger shape.</summary>
    public static float[] Expand(Tensor tensor, ReadOnlySpan<int> shape)
    {
        float[] values = tensor.Values<float>();
        if (tensor.Dimensions.AsSpan().SequenceEqual(shape))
            return values;
        int[] steps = Shapes.BroadcastStrides(tensor.Dimensions.AsSpan(), shape);
        var result = new float[Shapes.Count(shape)];
        var index = new int[shape.Length];
        int source = 0;
        for (int i = 0; i < result.Length; i++)
        {
            result[i] = values[source];
            for (int axis = shape.Length - 1; axis >= 0; axis--)
            {
                source += steps[axis];
                if (++index[axis] < shape[axis])
                    break;
                source -= steps[axis] * shape[axis];
                index[axis] = 0;
            }
        }
        return result;
    }

    /// <summary>
    /// The values by which a constant operand differs along one axis of the full shape, one for each index of the axis; null where it
    /// varies along another axis, too, or is larger than the full shape.
    /// </summary>
    /// <param name="constant">The operand.</param>
    /// <param name="full">The type of the other operand and of the result.</param>
    /// <param name="axis">The axis.</param>
    public static float[]? AlongAxis(Tensor? constant, TensorType full, int axis)
    {
        if (constant is not { Element: ElementType.Float32 } || constant.Rank > full.Rank)
            return null;
        int skipped = full.Rank - constant.Rank;
        int length = 1;
        for (int i = 0; i < constant.Rank; i++)
        {
            int d = constant.Dimensions[i];
            if (d == 1)
                continue;
            if (i + skipped != axis || d != full.Dimensions[axis])
                return null;
            length = d;
        }
        float[] values = constant.Values<float>();
        if (length == full.Dimensions[axis])
            return values;
        var repeated = new float[full.Dimensions[axis]];
        Array.Fill(repeated, values[0]);
        return repeated;
    }

    /// <summary>A vector as a constant that broadcasts along one axis of a shape of the given rank.</summary>
    public static Tensor OnAxis(float[] values, int rank, int axis)
    {
        var shape = new int[rank - axis];
        Array.Fill(shape, 1);
        shape[0] = values.Length;
        return Tensor.Of(values, shape);
    }

    /// <summary>Transposes a constant.</summary>
    public static Tensor Transpose(Tensor tensor, ReadOnlySpan<int> permutation)
    {
        int rank = tensor.Rank;
        int[] own = Shapes.Strides(tensor.Dimensions.AsSpan());
        var shape = new int[rank];
        var steps = new int[rank];
        for (int i = 0; i < rank; i++)
        {
            shape[i] = tensor.Dimensions[permutation[i]];
            steps[i] = own[permutation[i]];
        }
        Tensor result = Tensor.Zeros(TensorType.Of(tensor.Element, shape));
        var index = new int[rank];
        int source = 0;
        for (int i = 0; i < result.Count; i++)
        {
            Array.Copy(tensor.Data, source, result.Data, i, 1);
            for (int axis = rank - 1; axis >= 0; axis--)
            {
                source += steps[axis];
                if (++index[axis] < shape[axis])
                    break;
                source -= steps[axis] * shape[axis];
                index[axis] = 0;
            }
        }
        return result;
    }
}
