using System.Collections.Immutable;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Lowering;

/// <summary>The pixels around a feature map that hold its zero point, in one buffer with it.</summary>
internal readonly record struct Border(int Top, int Left, int Bottom, int Right)
{
    /// <summary>No border.</summary>
    public static Border None => default;

    /// <summary>Whether there is no border at all.</summary>
    public bool IsNone => (Top | Left | Bottom | Right) == 0;

    /// <summary>The border that a window reaches into: on the far sides less than its padding where strides leave some of it
    /// out.</summary>
    /// <param name="window">A window over one or two axes.</param>
    public static Border Under(WindowGeometry window) =>
        new(window.Y.PadBegin, window.X.PadBegin, window.Y.ReachEnd, window.X.ReachEnd);

    /// <summary>The border that serves both of two readers.</summary>
    public Border Union(Border other) =>
        new(Math.Max(Top, other.Top), Math.Max(Left, other.Left), Math.Max(Bottom, other.Bottom), Math.Max(Right, other.Right));

    /// <summary>Whether a reader that needs <paramref name="other"/> can be served.</summary>
    public bool Covers(Border other) => Union(other) == this;
}

/// <summary>
/// Where and how a value's elements lie in memory: in a buffer of the arena, or in the weights when the value is constant. Reshaped
/// and sliced values are further storages over the same buffer.
/// </summary>
internal sealed record Storage
{
    /// <summary>The buffer; null for a constant in the weights.</summary>
    public required ArenaBuffer? Buffer { get; init; }

    /// <summary>Bytes from the buffer's start (for constants: the weights' start) to the first element.</summary>
    public required int Origin { get; init; }

    /// <summary>The type of the elements in memory: <see cref="ElementType.UInt8"/> or <see cref="ElementType.Int32"/> for quantised
    /// values.</summary>
    public required ElementType Element { get; init; }

    /// <summary>The value's dimensions.</summary>
    public required ImmutableArray<int> Dimensions { get; init; }

    /// <summary>Bytes from one element to the next in each dimension.</summary>
    public required ImmutableArray<int> Strides { get; init; }

    /// <summary>What the integers stand for; null when the elements are the value's own.</summary>
    public ActivationQuantization? Quantization { get; init; }

    /// <summary>The border around a feature map.</summary>
    public Border Border { get; init; }

    /// <summary>The size of an element in bytes.</summary>
    public int ElementSize => Element.Size();

    /// <summary>The number of elements.</summary>
    public int Count => Shapes.Count(Dimensions.AsSpan());

    /// <summary>Whether the elements lie in row-major order without gaps.</summary>
    public bool IsDense
    {
        get
        {
            int step = ElementSize;
            for (int i = Dimensions.Length - 1; i >= 0; i--)
            {
                if (Dimensions[i] != 1 && Strides[i] != step)
                    return false;
                step *= Dimensions[i];
            }
            return true;
        }
    }

    /// <summary>Row-major byte strides of a shape.</summary>
    public static ImmutableArray<int> DenseStrides(ReadOnlySpan<int> dimensions, int elementSize) =>
        [.. Shapes.Strides(dimensions).Select(s => checked(s * elementSize))];

    /// <summary>Byte strides for reading the storage as if it had the shape <paramref name="to"/>: 0 where a dimension is
    /// repeated.</summary>
    public int[] BroadcastStrides(ReadOnlySpan<int> to)
    {
        var strides = new int[to.Length];
        for (int i = 1; i <= Dimensions.Length; i++)
            strides[^i] = Dimensions[^i] == 1 && to[^i] != 1 ? 0 : Strides[^i];
        return strides;
    }

    /// <summary>The same elements under other dimensions without moving any; null where the strides do not allow it.</summary>
    public Storage? TryReshape(ImmutableArray<int> to)
    {
        if (to.AsSpan().SequenceEqual(Dimensions.AsSpan()))
            return this;
        if (IsDense)
            return this with { Dimensions = to, Strides = DenseStrides(to.AsSpan(), ElementSize), Border = Border.None };

        // Both shapes are cut into runs of equal element count; a run may change shape where its dimensions follow one another
        // without gaps. Dimensions of 1 have no say.
        var strides = new int[to.Length];
        int[] own = [.. Enumerable.Range(0, Dimensions.Length).Where(i => Dimensions[i] != 1)];
        int a = 0;
        int b = 0;
        while (a < own.Length)
        {
            int left = Dimensions[own[a]];
            int firstOwn = a++;
            while (b < to.Length && to[b] == 1)
                strides[b++] = ElementSize;
            if (b == to.Length)
                return null;
            int right = to[b];
            int firstTo = b++;
            while (left != right)
            {
                if (left < right)
                {
                    if (Strides[own[a - 1]] != Dimensions[own[a]] * Strides[own[a]])
                        return null;
                    left *= Dimensions[own[a++]];
                }
                else
                {
                    right *= to[b++];
                }
            }
            for (int i = firstOwn + 1; i < a; i++)
                if (Strides[own[i - 1]] != Dimensions[own[i]] * Strides[own[i]])
                    return null;
            int step = Strides[own[a - 1]];
            for (int i = b - 1; i >= firstTo; i--)
            {
                strides[i] = step;
                step *= to[i];
            }
        }
        while (b < to.Length)
            strides[b++] = ElementSize;
        return this with { Dimensions = to, Strides = [.. strides], Border = Border.None };
    }
}
