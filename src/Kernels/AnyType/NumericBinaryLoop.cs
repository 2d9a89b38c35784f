namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Numerics;
using global::System.Runtime.CompilerServices;

/// <summary>
/// The loop of <see cref="NumericBinary"/> and <see cref="Compare"/>: a function of two operands of equal element type, which are
/// broadcast to the output's shape by strides of 0; the output is contiguous.
/// </summary>
internal static class NumericBinaryLoop
{
    /// <summary>Applies a function to the elements of both operands, one of each at a time.</summary>
    /// <typeparam name="TOperation">The function.</typeparam>
    /// <param name="w">The workspace.</param>
    /// <param name="a">Operand offset of the first operand.</param>
    /// <param name="b">Operand offset of the second operand.</param>
    /// <param name="output">Arena offset of the output.</param>
    /// <param name="elementType">The operands' element type, a number of <see cref="NumericType"/>.</param>
    /// <param name="dims">The output's extents, outermost first.</param>
    /// <param name="aStrides">Elements between neighbours of the first operand, 0 where it is repeated.</param>
    /// <param name="bStrides">The same for the second operand.</param>
    public static void Run<TOperation>(
        Workspace w, int a, int b, int output, int elementType, ReadOnlySpan<int> dims, ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides)
        where TOperation : struct, INumericBinaryFunction
    {
        switch (elementType)
        {
            case NumericType.UInt8:
            case NumericType.Bool:
                Walk<byte, TOperation>(w, a, b, output, dims, aStrides, bStrides);
                break;
            case NumericType.Int8:
                Walk<sbyte, TOperation>(w, a, b, output, dims, aStrides, bStrides);
                break;
            case NumericType.UInt16:
                Walk<ushort, TOperation>(w, a, b, output, dims, aStrides, bStrides);
                break;
            case NumericType.Int16:
                Walk<short, TOperation>(w, a, b, output, dims, aStrides, bStrides);
                break;
            case NumericType.Int32:
                Walk<int, TOperation>(w, a, b, output, dims, aStrides, bStrides);
                break;
            case NumericType.UInt32:
                Walk<uint, TOperation>(w, a, b, output, dims, aStrides, bStrides);
                break;
            case NumericType.Int64:
                Walk<long, TOperation>(w, a, b, output, dims, aStrides, bStrides);
                break;
            case NumericType.UInt64:
                Walk<ulong, TOperation>(w, a, b, output, dims, aStrides, bStrides);
                break;
            case NumericType.Float16:
                Walk<Half, TOperation>(w, a, b, output, dims, aStrides, bStrides);
                break;
            case NumericType.Float64:
                Walk<double, TOperation>(w, a, b, output, dims, aStrides, bStrides);
                break;
            default:
                Walk<float, TOperation>(w, a, b, output, dims, aStrides, bStrides);
                break;
        }
    }

    private static void Walk<T, TOperation>(
        Workspace w, int a, int b, int output, ReadOnlySpan<int> dims, ReadOnlySpan<int> aStrides, ReadOnlySpan<int> bStrides)
        where T : unmanaged, INumber<T>
        where TOperation : struct, INumericBinaryFunction =>
        Walk<T, TOperation>(
            ref Unsafe.As<byte, T>(ref w.Operand(a)), ref Unsafe.As<byte, T>(ref w.Operand(b)), ref w.Arena(output), 0,
            dims, aStrides, bStrides);

    // Returns the index behind the last element written.
    private static nint Walk<T, TOperation>(
        ref T a, ref T b, ref byte output, nint index, ReadOnlySpan<int> dims, ReadOnlySpan<int> aStrides, ReadOnlySpan<int> bStrides)
        where T : unmanaged, INumber<T>
        where TOperation : struct, INumericBinaryFunction
    {
        if (dims.Length == 0)
        {
            TOperation.Apply(a, b, ref output, index);
            return index + 1;
        }
        nint aStep = aStrides[0];
        nint bStep = bStrides[0];
        int count = dims[0];
        if (dims.Length == 1)
        {
            Row<T, TOperation>(ref a, aStep, ref b, bStep, ref output, index, count);
            return index + count;
        }
        for (nint i = 0; i < count; i++)
        {
            index = Walk<T, TOperation>(
                ref Unsafe.Add(ref a, i * aStep), ref Unsafe.Add(ref b, i * bStep), ref output, index,
                dims.Slice(1), aStrides.Slice(1), bStrides.Slice(1));
        }
        return index;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row<T, TOperation>(ref T a, nint aStep, ref T b, nint bStep, ref byte output, nint index, int count)
        where T : unmanaged, INumber<T>
        where TOperation : struct, INumericBinaryFunction
    {
        if (aStep == 1 && bStep == 1)
        {
            for (nint i = 0; i < count; i++)
                TOperation.Apply(Unsafe.Add(ref a, i), Unsafe.Add(ref b, i), ref output, index + i);
            return;
        }
        for (nint i = 0; i < count; i++)
        {
            TOperation.Apply(a, b, ref output, index + i);
            a = ref Unsafe.Add(ref a, aStep);
            b = ref Unsafe.Add(ref b, bStep);
        }
    }
}
