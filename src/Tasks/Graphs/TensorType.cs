using System.Collections.Immutable;
using System.Globalization;

namespace OptimizerBuild.Graphs;

/// <summary>Element type and concrete dimensions of a value. Two are equal when both agree.</summary>
/// <param name="Element">The element type.</param>
/// <param name="Dimensions">The dimensions, outermost first; empty for a scalar.</param>
internal sealed record TensorType(ElementType Element, ImmutableArray<int> Dimensions)
{
    /// <summary>A type from an element type and dimensions.</summary>
    public static TensorType Of(ElementType element, params ReadOnlySpan<int> dimensions) => new(element, [.. dimensions]);

    /// <summary>A float32 type.</summary>
    public static TensorType Float32(params ReadOnlySpan<int> dimensions) => new(ElementType.Float32, [.. dimensions]);

    /// <summary>The number of dimensions.</summary>
    public int Rank => Dimensions.Length;

    /// <summary>The number of elements.</summary>
    public int Count => Shapes.Count(Dimensions.AsSpan());

    /// <inheritdoc/>
    public bool Equals(TensorType? other) =>
        other is not null && Element == other.Element && Dimensions.AsSpan().SequenceEqual(other.Dimensions.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.Add(Element);
        foreach (int d in Dimensions)
            hash.Add(d);
        return hash.ToHashCode();
    }

    /// <summary>The same dimensions with another element type.</summary>
    public TensorType As(ElementType element) => new(element, Dimensions);

    /// <summary>The dimensions for readers, for example <c>1×28×28</c>.</summary>
    public string Extents => Rank == 0 ? "scalar" : string.Join('×', Dimensions);

    /// <summary>For example <c>float32[1,28,28]</c>.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Element.ToString().ToLowerInvariant()}[{string.Join(',', Dimensions)}]");
}

/// <summary>Arithmetic on dimensions.</summary>
internal static class Shapes
{
    /// <summary>The number of elements of a shape.</summary>
    /// <exception cref="OverflowException">More than <see cref="int.MaxValue"/> elements.</exception>
    public static int Count(ReadOnlySpan<int> dimensions)
    {
        int count = 1;
        foreach (int d in dimensions)
            count = checked(count * d);
        return count;
    }

    /// <summary>Row-major strides in elements.</summary>
    public static int[] Strides(ReadOnlySpan<int> dimensions)
    {
        var strides = new int[dimensions.Length];
        int step = 1;
        for (int i = dimensions.Length - 1; i >= 0; i--)
        {
            strides[i] = step;
            step *= dimensions[i];
        }
        return strides;
    }

    /// <summary>The shape of an elementwise operation on two shapes (ONNX "Multidirectional Broadcasting").</summary>
    /// <returns>The common shape, or null when the two do not broadcast.</returns>
    public static int[]? Broadcast(ReadOnlySpan<int> a, ReadOnlySpan<int> b)
    {
        var result = new int[Math.Max(a.Length, b.Length)];
        for (int i = 1; i <= result.Length; i++)
        {
            int x = i <= a.Length ? a[^i] : 1;
            int y = i <= b.Length ? b[^i] : 1;
            if (x != y && x != 1 && y != 1)
                return null;
            result[^i] = x == 1 ? y : x;
        }
        return result;
    }

    /// <summary>
    /// Strides in elements for reading <paramref name="from"/> as if it had the shape <paramref name="to"/>: 0 where a dimension is
    /// repeated.
    /// </summary>
    public static int[] BroadcastStrides(ReadOnlySpan<int> from, ReadOnlySpan<int> to)
    {
        int[] own = Strides(from);
        var strides = new int[to.Length];
        for (int i = 1; i <= from.Length; i++)
            strides[^i] = from[^i] == 1 && to[^i] != 1 ? 0 : own[^i];
        return strides;
    }

    /// <summary>An axis counted from the end when negative, as a non-negative index.</summary>
    public static int Axis(long axis, int rank) => checked((int)(axis < 0 ? axis + rank : axis));
}
