namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.InteropServices;
using global::System.Runtime.Intrinsics;

/// <summary>
/// Selects rows by index: <c>output[o][i] = data[o][indices[i]]</c>, each row a run of bytes. A negative index counts from the end where
/// the operator says so. An index outside the table selects a row of zeros (in a quantised table: of its zero point), which is what a
/// product with a one-hot vector of no hot element would give.
/// </summary>
internal static class Gather
{
    /// <summary>Selects by signed 32-bit indices.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="data">Operand offset of the table.</param>
    /// <param name="indices">Operand offset of the indices.</param>
    /// <param name="output">Arena offset of the output.</param>
    /// <param name="outer">The number of tables, one after the other.</param>
    /// <param name="rows">The rows of one table.</param>
    /// <param name="rowBytes">The bytes of one row.</param>
    /// <param name="count">The number of indices.</param>
    /// <param name="wrap">1 when negative indices count from the end, 0 when they are outside the table.</param>
    /// <param name="fill">The byte of which rows outside the table consist, 0…255.</param>
    public static void ByInt32(
        Workspace w, int data, int indices, int output, int outer, int rows, int rowBytes, int count, int wrap, int fill) =>
        Run<int>(w, data, indices, output, outer, rows, rowBytes, count, wrap, fill);

    /// <summary>Selects by signed 64-bit indices; parameters as for 32 bits.</summary>
    public static void ByInt64(
        Workspace w, int data, int indices, int output, int outer, int rows, int rowBytes, int count, int wrap, int fill) =>
        Run<long>(w, data, indices, output, outer, rows, rowBytes, count, wrap, fill);

    /// <summary>Selects by unsigned 8-bit indices; parameters as for 32 bits.</summary>
    public static void ByUInt8(
        Workspace w, int data, int indices, int output, int outer, int rows, int rowBytes, int count, int wrap, int fill) =>
        Run<byte>(w, data, indices, output, outer, rows, rowBytes, count, wrap, fill);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run<TIndex>(
        Workspace w, int data, int indices, int output, int outer, int rows, int rowBytes, int count, int wrap, int fill)
        where TIndex : unmanaged
    {
        ref byte table = ref w.Operand(data);
        ref byte index = ref w.Operand(indices);
        ref byte to = ref w.Arena(output);
        for (int o = 0; o < outer; o++)
        {
            for (nint i = 0; i < count; i++)
            {
                long row = Widen(Unsafe.ReadUnaligned<TIndex>(ref Unsafe.Add(ref index, i * Unsafe.SizeOf<TIndex>())));
                if (row < 0 && wrap != 0)
                    row += rows;
                if (row >= 0 && row < rows)
                    Copy(ref Unsafe.Add(ref table, (nint)(row * rowBytes)), ref to, rowBytes);
                else
                    MemoryMarshal.CreateSpan(ref to, rowBytes).Fill(unchecked((byte)fill));
                to = ref Unsafe.Add(ref to, rowBytes);
            }
            table = ref Unsafe.Add(ref table, (nint)rows * rowBytes);
        }
    }

    // Rows of some vectors take no call; longer ones, and remainders, do.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Copy(ref byte from, ref byte to, int count)
    {
        if (Vector256.IsHardwareAccelerated && count <= 1024 && (count & 31) == 0)
        {
            for (nint i = 0; i < count; i += 32)
                Vector256.LoadUnsafe(ref Unsafe.Add(ref from, i)).StoreUnsafe(ref Unsafe.Add(ref to, i));
            return;
        }
        MemoryMarshal.CreateReadOnlySpan(ref from, count).CopyTo(MemoryMarshal.CreateSpan(ref to, count));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long Widen<TIndex>(TIndex value)
        where TIndex : unmanaged
    {
        if (typeof(TIndex) == typeof(int))
            return (int)(object)value;
        if (typeof(TIndex) == typeof(byte))
            return (byte)(object)value;
        return (long)(object)value;
    }
}
