using System.Runtime.CompilerServices;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Numerics;

/// <summary>
/// Copies rectangular regions between tensors of the same element type under any strides: what all data movement is made of.
/// </summary>
internal static class TensorMove
{
    /// <summary>Copies a region.</summary>
    /// <param name="source">Where to read.</param>
    /// <param name="sourceStart">Index of the first element read.</param>
    /// <param name="sourceStrides">Steps in elements for each dimension; 0 repeats, negative goes backwards.</param>
    /// <param name="target">Where to write.</param>
    /// <param name="targetStart">Index of the first element written.</param>
    /// <param name="targetStrides">Steps in elements for each dimension.</param>
    /// <param name="dimensions">The region's dimensions.</param>
    public static void Copy(
        Tensor source, int sourceStart, ReadOnlySpan<int> sourceStrides,
        Tensor target, int targetStart, ReadOnlySpan<int> targetStrides, ReadOnlySpan<int> dimensions)
    {
        if (dimensions.Contains(0))
            return;
        // Elements of one size are moved alike, whatever they mean.
        switch (source.Element)
        {
            case ElementType.String:
                Walk<string>(source, sourceStart, sourceStrides, target, targetStart, targetStrides, dimensions);
                break;
            case var e when e.Size() == 1:
                Walk<byte>(source, sourceStart, sourceStrides, target, targetStart, targetStrides, dimensions);
                break;
            case var e when e.Size() == 2:
                Walk<ushort>(source, sourceStart, sourceStrides, target, targetStart, targetStrides, dimensions);
                break;
            case var e when e.Size() == 4:
                Walk<uint>(source, sourceStart, sourceStrides, target, targetStart, targetStrides, dimensions);
                break;
            default:
                Walk<ulong>(source, sourceStart, sourceStrides, target, targetStart, targetStrides, dimensions);
                break;
        }
    }

    /// <summary>The tensor with its dimensions in another order.</summary>
    public static Tensor Transpose(Tensor tensor, ReadOnlySpan<int> order)
    {
        int[] strides = Shapes.Strides(tensor.Dimensions.AsSpan());
        var dimensions = new int[order.Length];
        var steps = new int[order.Length];
        for (int i = 0; i < order.Length; i++)
        {
            dimensions[i] = tensor.Dimensions[order[i]];
            steps[i] = strides[order[i]];
        }
        Tensor result = Tensor.Zeros(TensorType.Of(tensor.Element, dimensions));
        Copy(tensor, 0, steps, result, 0, Shapes.Strides(dimensions), dimensions);
        return result;
    }

    /// <summary>The tensor repeated along dimensions of size 1 to a shape it broadcasts to.</summary>
    public static Tensor Expand(Tensor tensor, ReadOnlySpan<int> dimensions)
    {
        if (tensor.Dimensions.AsSpan().SequenceEqual(dimensions))
            return tensor;
        Tensor result = Tensor.Zeros(TensorType.Of(tensor.Element, dimensions));
        Copy(tensor, 0, Shapes.BroadcastStrides(tensor.Dimensions.AsSpan(), dimensions), result, 0, Shapes.Strides(dimensions), dimensions);
        return result;
    }

    /// <summary>Some places of one axis, in the order given.</summary>
    public static Tensor Take(Tensor tensor, int axis, ReadOnlySpan<int> places)
    {
        Tensor result = Tensor.Zeros(new(tensor.Element, tensor.Dimensions.SetItem(axis, places.Length)));
        int outer = Shapes.Count(tensor.Dimensions.AsSpan()[..axis]), inner = Shapes.Count(tensor.Dimensions.AsSpan()[(axis + 1)..]);
        int from = tensor.Dimensions[axis] * inner, to = places.Length * inner;
        for (int i = 0; i < places.Length; i++)
            Copy(tensor, places[i] * inner, [from, 1], result, i * inner, [to, 1], [outer, inner]);
        return result;
    }

    private static void Walk<T>(
        Tensor source, int sourceStart, ReadOnlySpan<int> sourceStrides,
        Tensor target, int targetStart, ReadOnlySpan<int> targetStrides, ReadOnlySpan<int> dimensions)
    {
        // Dimensions of size 1 are dropped and neighbours that form one run in both tensors are joined.
        var d = new List<int>(dimensions.Length);
        var s = new List<int>(dimensions.Length);
        var t = new List<int>(dimensions.Length);
        for (int i = 0; i < dimensions.Length; i++)
        {
            if (dimensions[i] == 1)
                continue;
            if (d.Count > 0 && s[^1] == sourceStrides[i] * dimensions[i] && t[^1] == targetStrides[i] * dimensions[i])
            {
                d[^1] *= dimensions[i];
                s[^1] = sourceStrides[i];
                t[^1] = targetStrides[i];
            }
            else
            {
                d.Add(dimensions[i]);
                s.Add(sourceStrides[i]);
                t.Add(targetStrides[i]);
            }
        }
        T[] from = Unsafe.As<T[]>(source.Data);
        T[] to = Unsafe.As<T[]>(target.Data);
        if (d.Count == 0)
            to[targetStart] = from[sourceStart];
        else
            Region<T>(from, sourceStart, [.. s], to, targetStart, [.. t], [.. d], 0);
    }

    private static void Region<T>(T[] from, int source, int[] s, T[] to, int target, int[] t, int[] d, int axis)
    {
        int count = d[axis];
        if (axis < d.Length - 1)
        {
            for (int i = 0; i < count; i++)
                Region(from, source + (i * s[axis]), s, to, target + (i * t[axis]), t, d, axis + 1);
        }
        else if (s[axis] == 1 && t[axis] == 1)
        {
            Array.Copy(from, source, to, target, count);
        }
        else if (s[axis] == 0 && t[axis] == 1)
        {
            Array.Fill(to, from[source], target, count);
        }
        else
        {
            for (int i = 0; i < count; i++)
                to[target + (i * t[axis])] = from[source + (i * s[axis])];
        }
    }
}
