namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;

/// <summary>Chooses elementwise between two operands by a boolean third, all three broadcast to the output's shape.</summary>
internal static class Where
{
    /// <summary>Chooses.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="condition">Operand offset of the condition: one byte an element, 0 or 1.</param>
    /// <param name="a">Operand offset of the elements taken where the condition holds.</param>
    /// <param name="b">Operand offset of the elements taken elsewhere.</param>
    /// <param name="output">Arena offset of the output, which is contiguous.</param>
    /// <param name="elementSize">Bytes of one element: 1, 2, 4 or 8.</param>
    /// <param name="dims">The output's extents, outermost first.</param>
    /// <param name="conditionStrides">Elements between neighbours of the condition, 0 where it is repeated.</param>
    /// <param name="aStrides">The same for <paramref name="a"/>.</param>
    /// <param name="bStrides">The same for <paramref name="b"/>.</param>
    public static void Run(
        Workspace w,
        int condition,
        int a,
        int b,
        int output,
        int elementSize,
        ReadOnlySpan<int> dims,
        ReadOnlySpan<int> conditionStrides,
        ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides)
    {
        ref byte c = ref w.Operand(condition);
        ref byte x = ref w.Operand(a);
        ref byte y = ref w.Operand(b);
        ref byte to = ref w.Arena(output);
        switch (elementSize)
        {
            case 1:
                Walk(ref c, ref x, ref y, ref to, dims, conditionStrides, aStrides, bStrides);
                break;
            case 2:
                Walk(
                    ref c, ref Unsafe.As<byte, ushort>(ref x), ref Unsafe.As<byte, ushort>(ref y), ref Unsafe.As<byte, ushort>(ref to),
                    dims, conditionStrides, aStrides, bStrides);
                break;
            case 4:
                Walk(
                    ref c, ref Unsafe.As<byte, uint>(ref x), ref Unsafe.As<byte, uint>(ref y), ref Unsafe.As<byte, uint>(ref to),
                    dims, conditionStrides, aStrides, bStrides);
                break;
            default:
                Walk(
                    ref c, ref Unsafe.As<byte, ulong>(ref x), ref Unsafe.As<byte, ulong>(ref y), ref Unsafe.As<byte, ulong>(ref to),
                    dims, conditionStrides, aStrides, bStrides);
                break;
        }
    }

    // Returns the number of elements written.
    private static nint Walk<T>(
        ref byte c,
        ref T a,
        ref T b,
        ref T to,
        ReadOnlySpan<int> dims,
        ReadOnlySpan<int> cStrides,
        ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides)
        where T : unmanaged
    {
        if (dims.Length == 0)
        {
            to = c != 0 ? a : b;
            return 1;
        }
        nint written = 0;
        nint cStep = cStrides[0];
        nint aStep = aStrides[0];
        nint bStep = bStrides[0];
        int count = dims[0];
        for (nint i = 0; i < count; i++)
        {
            if (dims.Length == 1)
            {
                Unsafe.Add(ref to, i) = Unsafe.Add(ref c, i * cStep) != 0 ? Unsafe.Add(ref a, i * aStep) : Unsafe.Add(ref b, i * bStep);
                written++;
            }
            else
            {
                written += Walk(
                    ref Unsafe.Add(ref c, i * cStep), ref Unsafe.Add(ref a, i * aStep), ref Unsafe.Add(ref b, i * bStep),
                    ref Unsafe.Add(ref to, written), dims.Slice(1), cStrides.Slice(1), aStrides.Slice(1), bStrides.Slice(1));
            }
        }
        return written;
    }
}
