namespace OptimizerBuild.Kernels;

using global::System.Numerics;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.InteropServices;

/// <summary>
/// A copy of a table in which some rows are replaced or combined with others: <c>output[indices[i]] = updates[i]</c>, one after the
/// other. An index outside the table changes nothing.
/// </summary>
internal static class ScatterRows
{
    /// <summary>Replaces rows of any element type.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="data">Operand offset of the table.</param>
    /// <param name="indices">Operand offset of the signed 64-bit indices.</param>
    /// <param name="updates">Operand offset of the new rows.</param>
    /// <param name="output">Arena offset of the output; not the table's own place.</param>
    /// <param name="rows">The rows of the table.</param>
    /// <param name="rowBytes">The bytes of one row.</param>
    /// <param name="count">The number of indices.</param>
    public static void Store(Workspace w, int data, int indices, int updates, int output, int rows, int rowBytes, int count)
    {
        ref byte to = ref w.Arena(output);
        ref byte from = ref w.Operand(updates);
        CopyTable(w, data, ref to, (nint)rows * rowBytes);
        for (nint i = 0; i < count; i++)
        {
            long row = Index(w, indices, i);
            if (row >= 0 && row < rows)
                MemoryMarshal.CreateReadOnlySpan(ref Unsafe.Add(ref from, i * rowBytes), rowBytes)
                    .CopyTo(MemoryMarshal.CreateSpan(ref Unsafe.Add(ref to, (nint)row * rowBytes), rowBytes));
        }
    }

    /// <summary>Adds to rows.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="data">Operand offset of the table.</param>
    /// <param name="indices">Operand offset of the signed 64-bit indices.</param>
    /// <param name="updates">Operand offset of what is added.</param>
    /// <param name="output">Arena offset of the output; not the table's own place.</param>
    /// <param name="elementType">The element type, a number of <see cref="NumericType"/>.</param>
    /// <param name="rows">The rows of the table.</param>
    /// <param name="width">The elements of one row.</param>
    /// <param name="count">The number of indices.</param>
    public static void Add(
        Workspace w, int data, int indices, int updates, int output, int elementType, int rows, int width, int count) =>
        NumericKernel.Run(new Combination<Sum>(w, data, indices, updates, output, rows, width, count), elementType);

    /// <summary>Multiplies rows; parameters as for the sum.</summary>
    public static void Mul(
        Workspace w, int data, int indices, int updates, int output, int elementType, int rows, int width, int count) =>
        NumericKernel.Run(new Combination<Product>(w, data, indices, updates, output, rows, width, count), elementType);

    /// <summary>Keeps the greater elements; parameters as for the sum.</summary>
    public static void Max(
        Workspace w, int data, int indices, int updates, int output, int elementType, int rows, int width, int count) =>
        NumericKernel.Run(new Combination<Greater>(w, data, indices, updates, output, rows, width, count), elementType);

    /// <summary>Keeps the lesser elements; parameters as for the sum.</summary>
    public static void Min(
        Workspace w, int data, int indices, int updates, int output, int elementType, int rows, int width, int count) =>
        NumericKernel.Run(new Combination<Lesser>(w, data, indices, updates, output, rows, width, count), elementType);

    private static long Index(Workspace w, int indices, nint i) =>
        Unsafe.ReadUnaligned<long>(ref Unsafe.Add(ref w.Operand(indices), i * sizeof(long)));

    private static void CopyTable(Workspace w, int data, ref byte to, nint bytes) =>
        MemoryMarshal.CreateReadOnlySpan(ref w.Operand(data), (int)bytes).CopyTo(MemoryMarshal.CreateSpan(ref to, (int)bytes));

    private interface IOperation
    {
        static abstract T Combine<T>(T old, T update)
            where T : unmanaged, INumber<T>;
    }

    private readonly struct Combination<TOperation>(
        Workspace w, int data, int indices, int updates, int output, int rows, int width, int count) : INumericKernel
        where TOperation : struct, IOperation
    {
        public void Run<T>()
            where T : unmanaged, INumber<T>
        {
            ref T to = ref Unsafe.As<byte, T>(ref w.Arena(output));
            ref T from = ref Unsafe.As<byte, T>(ref w.Operand(updates));
            CopyTable(w, data, ref w.Arena(output), (nint)rows * width * Unsafe.SizeOf<T>());
            for (nint i = 0; i < count; i++)
            {
                long row = Index(w, indices, i);
                if (row < 0 || row >= rows)
                    continue;
                ref T target = ref Unsafe.Add(ref to, (nint)row * width);
                for (nint k = 0; k < width; k++)
                    Unsafe.Add(ref target, k) = TOperation.Combine(Unsafe.Add(ref target, k), Unsafe.Add(ref from, (i * width) + k));
            }
        }
    }

    private struct Sum : IOperation
    {
        public static T Combine<T>(T old, T update)
            where T : unmanaged, INumber<T> => unchecked(old + update);
    }

    private struct Product : IOperation
    {
        public static T Combine<T>(T old, T update)
            where T : unmanaged, INumber<T> => unchecked(old * update);
    }

    private struct Greater : IOperation
    {
        public static T Combine<T>(T old, T update)
            where T : unmanaged, INumber<T> => old > update || T.IsNaN(old) ? old : update;
    }

    private struct Lesser : IOperation
    {
        public static T Combine<T>(T old, T update)
            where T : unmanaged, INumber<T> => old < update || T.IsNaN(old) ? old : update;
    }
}
