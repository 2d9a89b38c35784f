namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;

/// <summary>The elements of a pooling window along one axis that lie inside bounds: those of the input, or of what counts.</summary>
internal readonly struct PoolingWindow
{
    /// <summary>Index of the first element inside.</summary>
    public readonly int First;

    /// <summary>Index behind the last element inside.</summary>
    public readonly int End;

    /// <summary>The position of the window's element 0, counted from the input's first one; it may lie in the padding.</summary>
    public readonly int Origin;

    /// <summary>The window of one output along one axis.</summary>
    /// <param name="origin">The position of its element 0.</param>
    /// <param name="elements">How many elements it has.</param>
    /// <param name="dilation">Positions from one element to the next.</param>
    /// <param name="from">The least position inside.</param>
    /// <param name="to">The position behind the last one inside.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public PoolingWindow(int origin, int elements, int dilation, int from, int to)
    {
        Origin = origin;
        // Most windows lie inside, and divisions are slow.
        if (origin >= from && origin + ((elements - 1) * dilation) < to)
        {
            First = 0;
            End = elements;
            return;
        }
        First = origin >= from ? 0 : (from - origin + dilation - 1) / dilation;
        int room = to - origin;
        End = room <= 0 ? 0 : Math.Min(elements, (room + dilation - 1) / dilation);
        if (First > End)
            First = End;
    }

    /// <summary>How many elements lie inside.</summary>
    public int Count => End - First;

    /// <summary>
    /// The position of the first element inside; 0 where none is, so that it is one of the input's positions all the same.
    /// </summary>
    public int Start(int dilation) => First < End ? Origin + (First * dilation) : 0;
}
