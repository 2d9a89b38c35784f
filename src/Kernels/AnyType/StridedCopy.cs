namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.InteropServices;
using global::System.Runtime.Intrinsics;

/// <summary>
/// Copies an N-dimensional box of elements between any two layouts: transposition, slices (also backwards), concatenation,
/// splitting, padding, expansion, changes between channels-first and channels-last, adding and removing of borders.
/// </summary>
/// <remarks>
/// Strides are in bytes and may be negative or, for the source, zero. The box of the source and that of the destination must not
/// overlap. The build merges dimensions that are contiguous on both sides, so that the innermost loop is as long as it can be.
/// </remarks>
internal static class StridedCopy
{
    // Side of the square blocks in which a transposition runs, so that the cache lines of both sides stay in the first-level cache.
    private const int Block = 16;

    /// <summary>Copies the box.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="source">Operand offset of the first element to read.</param>
    /// <param name="destination">Arena offset of the first element to write.</param>
    /// <param name="elementSize">Bytes of one element: 1, 2, 4 or 8.</param>
    /// <param name="dims">The extents of the box, outermost first.</param>
    /// <param name="sourceStrides">Bytes between neighbours in the source, for each dimension.</param>
    /// <param name="destinationStrides">Bytes between neighbours in the destination, for each dimension.</param>
    public static void Run(
        Workspace w,
        int source,
        int destination,
        int elementSize,
        ReadOnlySpan<int> dims,
        ReadOnlySpan<int> sourceStrides,
        ReadOnlySpan<int> destinationStrides)
    {
        Elements(ref w.Operand(source), ref w.Arena(destination), elementSize, dims, sourceStrides, destinationStrides);
    }

    /// <summary>Copies the box between any two places; parameters as of <see cref="Run"/>.</summary>
    public static void Elements(
        ref byte from, ref byte to, int elementSize, ReadOnlySpan<int> dims, ReadOnlySpan<int> fromStrides, ReadOnlySpan<int> toStrides)
    {
        // A short run of adjacent elements moves as one larger element.
        int last = unchecked(dims.Length - 1);
        if (last >= 0 && fromStrides[last] == elementSize && toStrides[last] == elementSize && dims[last] <= 16
            && unchecked(dims[last] * elementSize) is 2 or 4 or 8 or 16)
        {
            Elements(
                ref from, ref to, unchecked(dims[last] * elementSize), dims.Slice(0, last), fromStrides.Slice(0, last),
                toStrides.Slice(0, last));
            return;
        }

        switch (elementSize)
        {
            case 1:
                Copy<byte>(ref from, ref to, dims, fromStrides, toStrides);
                break;
            case 2:
                Copy<ushort>(ref from, ref to, dims, fromStrides, toStrides);
                break;
            case 4:
                Copy<uint>(ref from, ref to, dims, fromStrides, toStrides);
                break;
            case 8:
                Copy<ulong>(ref from, ref to, dims, fromStrides, toStrides);
                break;
            default:
                Copy<Vector128<byte>>(ref from, ref to, dims, fromStrides, toStrides);
                break;
        }
    }

    private static void Copy<T>(
        ref byte from, ref byte to, ReadOnlySpan<int> dims, ReadOnlySpan<int> fromStrides, ReadOnlySpan<int> toStrides)
        where T : unmanaged
    {
        if (dims.Length == 0)
        {
            Unsafe.WriteUnaligned(ref to, Unsafe.ReadUnaligned<T>(ref from));
            return;
        }
        nint fromStep = fromStrides[0];
        nint toStep = toStrides[0];
        int count = dims[0];
        if (dims.Length == 1)
        {
            Row<T>(ref from, ref to, count, fromStep, toStep);
            return;
        }
        if (dims.Length == 2 && fromStep == Unsafe.SizeOf<T>() && fromStrides[1] != Unsafe.SizeOf<T>())
        {
            Transpose<T>(ref from, ref to, count, dims[1], toStep, fromStrides[1], toStrides[1]);
            return;
        }
        if (dims.Length == 3 && fromStep == Unsafe.SizeOf<T>() && fromStrides[2] != Unsafe.SizeOf<T>())
        {
            // The order of the loops is free: the transposition is between the outer and the inner one.
            for (int i = 0; i < dims[1]; i++)
            {
                Transpose<T>(ref from, ref to, count, dims[2], toStep, fromStrides[2], toStrides[2]);
                from = ref Unsafe.Add(ref from, (nint)fromStrides[1]);
                to = ref Unsafe.Add(ref to, (nint)toStrides[1]);
            }
            return;
        }
        for (int i = 0; i < count; i++)
        {
            Copy<T>(ref from, ref to, dims.Slice(1), fromStrides.Slice(1), toStrides.Slice(1));
            from = ref Unsafe.Add(ref from, fromStep);
            to = ref Unsafe.Add(ref to, toStep);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row<T>(ref byte from, ref byte to, int count, nint fromStep, nint toStep)
        where T : unmanaged
    {
        nint size = Unsafe.SizeOf<T>();
        if (fromStep == size && toStep == size)
        {
            int bytes = count * Unsafe.SizeOf<T>();
            MemoryMarshal.CreateReadOnlySpan(ref from, bytes).CopyTo(MemoryMarshal.CreateSpan(ref to, bytes));
            return;
        }
        if (fromStep == 0 && toStep == size)
        {
            T value = Unsafe.ReadUnaligned<T>(ref from);
            for (nint i = 0; i < count; i++)
                Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, i * size), value);
            return;
        }
        for (nint i = 0; i < count; i++)
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, i * toStep), Unsafe.ReadUnaligned<T>(ref Unsafe.Add(ref from, i * fromStep)));
    }

    // Both dimensions in blocks; the source is contiguous along the outer dimension.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Transpose<T>(ref byte from, ref byte to, int outer, int inner, nint toOuter, nint fromInner, nint toInner)
        where T : unmanaged
    {
        nint size = Unsafe.SizeOf<T>();
        int side = toInner == size ? BlockTransposition.Side(Unsafe.SizeOf<T>()) : 0;
        for (int i0 = 0; i0 < outer; i0 += Block)
        {
            int i1 = Math.Min(i0 + Block, outer);
            for (int j0 = 0; j0 < inner; j0 += Block)
            {
                int j1 = Math.Min(j0 + Block, inner);
                if (side > 0 && i1 - i0 == Block && j1 - j0 == Block)
                {
                    for (int i = i0; i < i1; i += side)
                    {
                        for (int j = j0; j < j1; j += side)
                        {
                            BlockTransposition.Run(
                                ref Unsafe.Add(ref from, (i * size) + (j * fromInner)), fromInner,
                                ref Unsafe.Add(ref to, (i * toOuter) + (j * size)), toOuter, Unsafe.SizeOf<T>());
                        }
                    }

                    continue;
                }

                for (nint i = i0; i < i1; i++)
                {
                    ref byte source = ref Unsafe.Add(ref from, i * size);
                    ref byte target = ref Unsafe.Add(ref to, i * toOuter);
                    for (nint j = j0; j < j1; j++)
                        Unsafe.WriteUnaligned(
                            ref Unsafe.Add(ref target, j * toInner), Unsafe.ReadUnaligned<T>(ref Unsafe.Add(ref source, j * fromInner)));
                }
            }
        }
    }
}
