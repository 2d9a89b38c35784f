namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;

/// <summary>Which part of a pooling window lies inside the input, along one axis.</summary>
internal static class PoolWindow
{
    /// <summary>Clips a window's positions <c>start, start + dilation, …</c> to bounds.</summary>
    /// <param name="start">The window's first position.</param>
    /// <param name="length">How many positions it has.</param>
    /// <param name="dilation">The distance between two of them.</param>
    /// <param name="from">The least position that counts.</param>
    /// <param name="to">The end of the positions that count.</param>
    /// <param name="first">The first position inside.</param>
    /// <param name="count">How many are inside; then <paramref name="first"/> is a position inside the bounds unless this is 0.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Clip(int start, int length, int dilation, int from, int to, out int first, out int count)
    {
        unchecked
        {
            if (start >= from && start + ((length - 1) * dilation) < to)
            {
                first = start;
                count = length;
                return;
            }

            int skipped = start < from ? (from - start + dilation - 1) / dilation : 0;
            int position = start + (skipped * dilation);
            count = position >= to ? 0 : Math.Max(Math.Min(length - skipped, ((to - 1 - position) / dilation) + 1), 0);
            first = count == 0 ? from : position;
        }
    }
}
