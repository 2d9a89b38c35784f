namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;

/// <summary>Writes one value into every element of a box: constant padding, constant outputs, empty reductions.</summary>
internal static class Fill
{
    /// <summary>Fills the box.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="destination">Arena offset of the first element.</param>
    /// <param name="elementSize">Bytes of one element: 1, 2, 4 or 8.</param>
    /// <param name="bits">The element's bits in the lowest bytes.</param>
    /// <param name="dims">The extents of the box, outermost first.</param>
    /// <param name="strides">Bytes between neighbours, for each dimension.</param>
    public static void Run(Workspace w, int destination, int elementSize, long bits, ReadOnlySpan<int> dims, ReadOnlySpan<int> strides)
    {
        ref byte to = ref w.Arena(destination);
        unchecked
        {
            switch (elementSize)
            {
                case 1:
                    Box(ref to, (byte)bits, dims, strides);
                    break;
                case 2:
                    Box(ref to, (ushort)bits, dims, strides);
                    break;
                case 4:
                    Box(ref to, (uint)bits, dims, strides);
                    break;
                default:
                    Box(ref to, (ulong)bits, dims, strides);
                    break;
            }
        }
    }

    private static void Box<T>(ref byte to, T value, ReadOnlySpan<int> dims, ReadOnlySpan<int> strides)
        where T : unmanaged
    {
        if (dims.Length == 0)
        {
            Unsafe.WriteUnaligned(ref to, value);
            return;
        }
        nint step = strides[0];
        int count = dims[0];
        for (nint i = 0; i < count; i++)
        {
            if (dims.Length == 1)
                Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, i * step), value);
            else
                Box(ref Unsafe.Add(ref to, i * step), value, dims.Slice(1), strides.Slice(1));
        }
    }
}
