namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Numerics;
using global::System.Runtime.CompilerServices;

/// <summary>
/// Conversions between element types. Integers wrap around when they are narrowed; real numbers are truncated towards zero and
/// saturate, NaN becomes 0; anything but zero is true. Real types are rounded to the nearest, ties to even.
/// </summary>
internal static class CastKernels
{
    /// <summary>Converts.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Operand offset of the input.</param>
    /// <param name="output">Arena offset of the output; not the input's place unless both types have the same size.</param>
    /// <param name="count">The number of elements.</param>
    /// <param name="from">The input's element type, a number of <see cref="NumericType"/>.</param>
    /// <param name="to">The output's element type, likewise.</param>
    public static void Run(Workspace w, int input, int output, int count, int from, int to)
    {
        switch (from)
        {
            case NumericType.Bool:
            case NumericType.UInt8:
                From<byte>(w, input, output, count, to);
                break;
            case NumericType.Int8:
                From<sbyte>(w, input, output, count, to);
                break;
            case NumericType.UInt16:
                From<ushort>(w, input, output, count, to);
                break;
            case NumericType.Int16:
                From<short>(w, input, output, count, to);
                break;
            case NumericType.Int32:
                From<int>(w, input, output, count, to);
                break;
            case NumericType.UInt32:
                From<uint>(w, input, output, count, to);
                break;
            case NumericType.Int64:
                From<long>(w, input, output, count, to);
                break;
            case NumericType.UInt64:
                From<ulong>(w, input, output, count, to);
                break;
            case NumericType.Float16:
                From<Half>(w, input, output, count, to);
                break;
            case NumericType.Float64:
                From<double>(w, input, output, count, to);
                break;
            default:
                From<float>(w, input, output, count, to);
                break;
        }
    }

    private static void From<TFrom>(Workspace w, int input, int output, int count, int to)
        where TFrom : unmanaged, INumber<TFrom>
    {
        ref TFrom source = ref Unsafe.As<byte, TFrom>(ref w.Operand(input));
        ref byte target = ref w.Arena(output);
        switch (to)
        {
            case NumericType.Bool:
                for (nint i = 0; i < count; i++)
                    Unsafe.Add(ref target, i) = TFrom.IsZero(Unsafe.Add(ref source, i)) ? (byte)0 : (byte)1;
                break;
            case NumericType.UInt8:
                Convert(ref source, ref target, count);
                break;
            case NumericType.Int8:
                Convert(ref source, ref Unsafe.As<byte, sbyte>(ref target), count);
                break;
            case NumericType.UInt16:
                Convert(ref source, ref Unsafe.As<byte, ushort>(ref target), count);
                break;
            case NumericType.Int16:
                Convert(ref source, ref Unsafe.As<byte, short>(ref target), count);
                break;
            case NumericType.Int32:
                Convert(ref source, ref Unsafe.As<byte, int>(ref target), count);
                break;
            case NumericType.UInt32:
                Convert(ref source, ref Unsafe.As<byte, uint>(ref target), count);
                break;
            case NumericType.Int64:
                Convert(ref source, ref Unsafe.As<byte, long>(ref target), count);
                break;
            case NumericType.UInt64:
                Convert(ref source, ref Unsafe.As<byte, ulong>(ref target), count);
                break;
            case NumericType.Float16:
                Convert(ref source, ref Unsafe.As<byte, Half>(ref target), count);
                break;
            case NumericType.Float64:
                Convert(ref source, ref Unsafe.As<byte, double>(ref target), count);
                break;
            default:
                Convert(ref source, ref Unsafe.As<byte, float>(ref target), count);
                break;
        }
    }

    private static void Convert<TFrom, TTo>(ref TFrom from, ref TTo to, int count)
        where TFrom : unmanaged, INumber<TFrom>
        where TTo : unmanaged, INumber<TTo>
    {
        bool fromReal = IsReal<TFrom>();
        bool toReal = IsReal<TTo>();
        for (nint i = 0; i < count; i++)
        {
            TFrom x = Unsafe.Add(ref from, i);
            // Saturation is right for every conversion but the narrowing of integers. NaN is taken out first, because runtimes
            // differ in what its conversion to an integer gives.
            Unsafe.Add(ref to, i) = fromReal && !toReal
                ? (TFrom.IsNaN(x) ? TTo.Zero : TTo.CreateSaturating(x))
                : TTo.CreateTruncating(x);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsReal<T>() => typeof(T) == typeof(float) || typeof(T) == typeof(double) || typeof(T) == typeof(Half);
}
