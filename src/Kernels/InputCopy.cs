namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.InteropServices;

/// <summary>Brings the caller's elements into the arena as they are, in the caller's order or permuted.</summary>
internal static class InputCopy
{
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
        if (dims.Length == 0)
        {
            Write(ref to, from);
            return;
        }
        nint fromStep = sourceStrides[0];
        nint toStep = destinationStrides[0];
        int count = dims[0];
        for (nint i = 0; i < count; i++)
        {
            if (dims.Length == 1)
            {
                Write(ref Unsafe.Add(ref to, i * toStep), Unsafe.Add(ref from, i * fromStep));
            }
            else
            {
                Walk(
                    ref Unsafe.Add(ref from, i * fromStep), ref Unsafe.Add(ref to, i * toStep), dims.Slice(1),
                    sourceStrides.Slice(1), destinationStrides.Slice(1));
            }
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
