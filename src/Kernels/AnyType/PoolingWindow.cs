namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;

/// <summary>The elements of a pooling window along one axis that lie inside the input.</summary>
internal readonly struct PoolingWindow
{
    /// <summary>Index of the first element inside.</summary>
    public readonly int First;

    /// <summary>Index behind the last element inside.</summary>
    public readonly int End;

    /// <summary>The input index of the window's element 0, which may lie in the padding.</summary>
    public readonly int Origin;

    /// <summary>The window of one output along one axis.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public PoolingWindow(int output, int kernel, int stride, int dilation, int pad, int size)
    {
        Origin = (output * stride) - pad;
        // Most windows lie inside, and divisions are slow.
        if (Origin >= 0 && Origin + ((kernel - 1) * dilation) < size)
        {
            First = 0;
            End = kernel;
            return;
        }
        First = Origin >= 0 ? 0 : (-Origin + dilation - 1) / dilation;
        int room = size - Origin;
        End = room <= 0 ? 0 : Math.Min(kernel, (room + dilation - 1) / dilation);
        if (First > End)
            First = End;
    }

    /// <summary>How many elements lie inside.</summary>
    public int Count => End - First;

    /// <summary>
    /// How many elements lie inside the input or its padding, which ends <paramref name="limit"/> behind the input's first element.
    /// </summary>
    public int CountWithPadding(int kernel, int dilation, int limit) =>
        Math.Min(kernel, Math.Max(0, (limit - Origin + dilation - 1) / dilation));
}
