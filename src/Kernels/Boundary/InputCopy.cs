namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.InteropServices;

/// <summary>Brings the caller's elements into the arena as they are, in the caller's order or permuted.</summary>
internal static class InputCopy
{
    // Pixels that are brought channel after channel: few enough that their cache lines stay at hand.
    private const int Block = 64;

    /// <summary>Copies all elements in the caller's order.</summary>
    /// <typeparam name="T">The element type at the boundary.</typeparam>
    /// <param name="source">The caller's elements.</param>
    /// <param name="w">The workspace.</param>
    /// <param name="destination">Arena offset of the first element.</param>
    /// <param name="count">The number of elements.</param>
    public static void Run<T>(ReadOnlySpan<T> source, Workspace w, int destination, int count)
        where T : unmanaged
    {
        source.Slice(0, count).CopyTo(w.ArenaSpan<T>(destination, count));
        if (typeof(T) == typeof(bool))
            Normalize(w.ArenaSpan<byte>(destination, count));
    }

    /// <summary>
    /// Copies all elements into a layout of the arena's own, for example channels-first images into channels-last ones with a border.
    /// </summary>
    /// <typeparam name="T">The element type at the boundary.</typeparam>
    /// <param name="source">The caller's elements.</param>
    /// <param name="w">The workspace.</param>
    /// <param name="destination">Arena offset of the first element.</param>
    /// <param name="dims">The extents, outermost first in the destination.</param>
    /// <param name="sourceStrides">Elements between neighbours in the source.</param>
    /// <param name="destinationStrides">Bytes between neighbours in the destination.</param>
    public static void Permuted<T>(
        ReadOnlySpan<T> source,
        Workspace w,
        int destination,
        ReadOnlySpan<int> dims,
        ReadOnlySpan<int> sourceStrides,
        ReadOnlySpan<int> destinationStrides)
        where T : unmanaged =>
        Walk(ref MemoryMarshal.GetReference(source), ref w.Arena(destination), dims, sourceStrides, destinationStrides);

    private static void Walk<T>(
        ref T from, ref byte to, ReadOnlySpan<int> dims, ReadOnlySpan<int> sourceStrides, ReadOnlySpan<int> destinationStrides)
        where T : unmanaged
    {
        switch (dims.Length)
        {
            case 0:
                Write(ref to, from);
                return;
            case 1:
                Plane(ref from, ref to, 1, dims[0], 0, sourceStrides[0], 0, destinationStrides[0]);
                return;
            case 2:
                Plane(
                    ref from, ref to, dims[0], dims[1], sourceStrides[0], sourceStrides[1], destinationStrides[0], destinationStrides[1]);
                return;
        }
        nint fromStep = sourceStrides[0];
        nint toStep = destinationStrides[0];
        int count = dims[0];
        for (nint i = 0; i < count; i++)
        {
            Walk(
                ref Unsafe.Add(ref from, i * fromStep), ref Unsafe.Add(ref to, i * toStep), dims.Slice(1), sourceStrides.Slice(1),
                destinationStrides.Slice(1));
        }
    }

    // Two dimensions. The longer loop is the inner one: pixels of few channels are written channel after channel, in blocks that
    // stay in the first-level cache.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Plane<T>(
        ref T from, ref byte to, int rows, int columns, nint fromRow, nint fromColumn, nint toRow, nint toColumn)
        where T : unmanaged
    {
        if (columns >= rows || columns >= Block)
        {
            for (nint i = 0; i < rows; i++)
                Row(ref Unsafe.Add(ref from, i * fromRow), ref Unsafe.Add(ref to, i * toRow), columns, fromColumn, toColumn);
            return;
        }
        for (nint first = 0; first < rows; first += Block)
        {
            int length = (int)Math.Min(Block, rows - first);
            for (nint j = 0; j < columns; j++)
            {
                Row(
                    ref Unsafe.Add(ref from, (first * fromRow) + (j * fromColumn)),
                    ref Unsafe.Add(ref to, (first * toRow) + (j * toColumn)), length, fromRow, toRow);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Row<T>(ref T from, ref byte to, int count, nint fromStep, nint toStep)
        where T : unmanaged
    {
        if (fromStep == 1 && toStep == Unsafe.SizeOf<T>() && typeof(T) != typeof(bool))
        {
            int bytes = count * Unsafe.SizeOf<T>();
            MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<T, byte>(ref from), bytes).CopyTo(MemoryMarshal.CreateSpan(ref to, bytes));
            return;
        }
        for (nint i = 0; i < count; i++)
        {
            Write(ref to, from);
            from = ref Unsafe.Add(ref from, fromStep);
            to = ref Unsafe.Add(ref to, toStep);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Write<T>(ref byte to, T value)
        where T : unmanaged
    {
        if (typeof(T) == typeof(bool))
            to = (bool)(object)value ? (byte)1 : (byte)0;
        else
            Unsafe.WriteUnaligned(ref to, value);
    }

    // A bool that native code or a reinterpretation made may hold any byte; the kernels count on 0 and 1.
    private static void Normalize(Span<byte> values)
    {
        for (int i = 0; i < values.Length; i++)
            values[i] = values[i] != 0 ? (byte)1 : (byte)0;
    }
}
