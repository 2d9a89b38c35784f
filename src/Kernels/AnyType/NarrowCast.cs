namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.InteropServices;

/// <summary>
/// Conversions from and to the formats of <see cref="NarrowFormat"/> and the integers of 4 and 2 bits, of which each element takes a byte.
/// Integers of 4 and 2 bits take the nearest integer, ties to even, and of that the lowest bits (the rule of ONNX for these types; NaN
/// and infinities give 0); wider integers are truncated towards zero and saturate, NaN becomes 0, as in <see cref="CastKernels"/>.
/// </summary>
internal static class NarrowCast
{
    /// <summary>Converts.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Operand offset of the input.</param>
    /// <param name="output">Arena offset of the output; not the input's place unless both types have the same size.</param>
    /// <param name="count">The number of elements.</param>
    /// <param name="from">The input's element type, a number of <see cref="NumericType"/>.</param>
    /// <param name="to">The output's element type, likewise; one of the two is narrow.</param>
    /// <param name="saturate">1 where 8-bit floats take their greatest number for what is greater, else 0.</param>
    /// <param name="rounding">The rounding to E8M0, one of <see cref="NarrowFormat"/>'s.</param>
    public static void Run(Workspace w, int input, int output, int count, int from, int to, int saturate, int rounding) =>
        Convert(ref w.Operand(input), ref w.Arena(output), count, from, to, saturate != 0, rounding);

    /// <summary>Converts elements anywhere in memory.</summary>
    /// <param name="source">The elements.</param>
    /// <param name="target">Takes the converted ones.</param>
    /// <param name="count">The number of elements.</param>
    /// <param name="from">The element type in <paramref name="source"/>.</param>
    /// <param name="to">The element type in <paramref name="target"/>.</param>
    /// <param name="saturate">Whether 8-bit floats saturate.</param>
    /// <param name="rounding">The rounding to E8M0.</param>
    public static void Convert(ReadOnlySpan<byte> source, Span<byte> target, int count, int from, int to, bool saturate, int rounding) =>
        Convert(ref MemoryMarshal.GetReference(source), ref MemoryMarshal.GetReference(target), count, from, to, saturate, rounding);

    private static void Convert(ref byte source, ref byte target, int count, int from, int to, bool saturate, int rounding)
    {
        if (from == NumericType.BFloat16 && to == NumericType.Float32)
        {
            Widen(ref Unsafe.As<byte, ushort>(ref source), ref Unsafe.As<byte, uint>(ref target), count);
            return;
        }
        if (from == NumericType.Float32 && to == NumericType.BFloat16)
        {
            Halve(ref Unsafe.As<byte, uint>(ref source), ref Unsafe.As<byte, ushort>(ref target), count);
            return;
        }

        // Integers travel as 64 bits, real numbers as double: both hold every value of their types.
        bool fromInteger = IsInteger(from);
        bool toInteger = IsInteger(to);
        for (nint i = 0; i < count; i++)
        {
            if (fromInteger)
            {
                long value = LoadInteger(ref source, i, from);
                if (toInteger)
                    StoreInteger(ref target, i, to, to == NumericType.Bool && value != 0 ? 1 : value);
                else
                    StoreReal(ref target, i, to, ToReal(value, from == NumericType.UInt64), saturate, rounding);
            }
            else
            {
                double value = LoadReal(ref source, i, from);
                if (toInteger)
                    StoreInteger(ref target, i, to, ToInteger(value, to));
                else
                    StoreReal(ref target, i, to, value, saturate, rounding);
            }
        }
    }

    // The upper half of a float32 is a bfloat16; NaNs are made quiet ones without a payload.
    private static void Widen(ref ushort source, ref uint target, int count)
    {
        unchecked
        {
            for (nint i = 0; i < count; i++)
            {
                uint bits = Unsafe.Add(ref source, i);
                if ((bits & 0x7FFF) > 0x7F80)
                    bits = (bits & 0x8000) | 0x7FC0;
                Unsafe.Add(ref target, i) = bits << 16;
            }
        }
    }

    // Adding half a step less one, and one more where the kept part is odd, rounds to the nearest and ties to even.
    private static void Halve(ref uint source, ref ushort target, int count)
    {
        unchecked
        {
            for (nint i = 0; i < count; i++)
            {
                uint bits = Unsafe.Add(ref source, i);
                Unsafe.Add(ref target, i) = (bits & 0x7FFF_FFFF) > 0x7F80_0000
                    ? (ushort)(((bits >> 16) & 0x8000) | 0x7FC0)
                    : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
            }
        }
    }

    private static bool IsInteger(int type) => type switch
    {
        NumericType.Float32 or NumericType.Float16 or NumericType.Float64 or NumericType.BFloat16 or NumericType.Float8E4M3FN
            or NumericType.Float8E4M3FNUZ or NumericType.Float8E5M2 or NumericType.Float8E5M2FNUZ or NumericType.Float4E2M1
            or NumericType.Float8E8M0 => false,
        _ => true,
    };

    private static long LoadInteger(ref byte source, nint i, int type)
    {
        unchecked
        {
            switch (type)
            {
                case NumericType.Int8:
                    return (sbyte)Unsafe.Add(ref source, i);
                case NumericType.UInt16:
                    return Unsafe.Add(ref Unsafe.As<byte, ushort>(ref source), i);
                case NumericType.Int16:
                    return Unsafe.Add(ref Unsafe.As<byte, short>(ref source), i);
                case NumericType.Int32:
                    return Unsafe.Add(ref Unsafe.As<byte, int>(ref source), i);
                case NumericType.UInt32:
                    return Unsafe.Add(ref Unsafe.As<byte, uint>(ref source), i);
                case NumericType.Int64 or NumericType.UInt64:
                    return Unsafe.Add(ref Unsafe.As<byte, long>(ref source), i);
                case NumericType.UInt4:
                    return Unsafe.Add(ref source, i) & 15;
                case NumericType.Int4:
                    return (sbyte)(Unsafe.Add(ref source, i) << 4) >> 4;
                case NumericType.UInt2:
                    return Unsafe.Add(ref source, i) & 3;
                case NumericType.Int2:
                    return (sbyte)(Unsafe.Add(ref source, i) << 6) >> 6;
                default:
                    return Unsafe.Add(ref source, i);
            }
        }
    }

    private static void StoreInteger(ref byte target, nint i, int type, long value)
    {
        unchecked
        {
            switch (type)
            {
                case NumericType.UInt16 or NumericType.Int16:
                    Unsafe.Add(ref Unsafe.As<byte, short>(ref target), i) = (short)value;
                    break;
                case NumericType.UInt32 or NumericType.Int32:
                    Unsafe.Add(ref Unsafe.As<byte, int>(ref target), i) = (int)value;
                    break;
                case NumericType.UInt64 or NumericType.Int64:
                    Unsafe.Add(ref Unsafe.As<byte, long>(ref target), i) = value;
                    break;
                case NumericType.UInt4:
                    Unsafe.Add(ref target, i) = (byte)(value & 15);
                    break;
                case NumericType.Int4:
                    Unsafe.Add(ref target, i) = (byte)((sbyte)(value << 4) >> 4);
                    break;
                case NumericType.UInt2:
                    Unsafe.Add(ref target, i) = (byte)(value & 3);
                    break;
                case NumericType.Int2:
                    Unsafe.Add(ref target, i) = (byte)((sbyte)(value << 6) >> 6);
                    break;
                default:
                    Unsafe.Add(ref target, i) = (byte)value;
                    break;
            }
        }
    }

    private static double LoadReal(ref byte source, nint i, int type) => type switch
    {
        NumericType.Float32 => Unsafe.Add(ref Unsafe.As<byte, float>(ref source), i),
        NumericType.Float64 => Unsafe.Add(ref Unsafe.As<byte, double>(ref source), i),
        NumericType.Float16 => (double)Unsafe.Add(ref Unsafe.As<byte, Half>(ref source), i),
        NumericType.BFloat16 => NarrowFormat.Decode(Unsafe.Add(ref Unsafe.As<byte, ushort>(ref source), i), type),
        _ => NarrowFormat.Decode(Unsafe.Add(ref source, i), type),
    };

    private static void StoreReal(ref byte target, nint i, int type, double value, bool saturate, int rounding)
    {
        unchecked
        {
            switch (type)
            {
                case NumericType.Float32:
                    Unsafe.Add(ref Unsafe.As<byte, float>(ref target), i) = (float)value;
                    break;
                case NumericType.Float64:
                    Unsafe.Add(ref Unsafe.As<byte, double>(ref target), i) = value;
                    break;
                case NumericType.Float16:
                    Unsafe.Add(ref Unsafe.As<byte, Half>(ref target), i) = (Half)value;
                    break;
                case NumericType.BFloat16:
                    Unsafe.Add(ref Unsafe.As<byte, ushort>(ref target), i) =
                        (ushort)NarrowFormat.Encode(value, type, saturate, rounding);
                    break;
                default:
                    Unsafe.Add(ref target, i) = (byte)NarrowFormat.Encode(value, type, saturate, rounding);
                    break;
            }
        }
    }

    // A double has 53 bits; of longer integers the bits below are gathered in the last one, so that rounding to a narrow format still
    // sees on which side of a tie the integer lies.
    private static double ToReal(long value, bool unsigned)
    {
        unchecked
        {
            bool negative = value < 0 && !unsigned;
            ulong magnitude = negative ? 0UL - (ulong)value : (ulong)value;
            double result = magnitude < 1UL << 53
                ? (long)magnitude
                : (double)(long)((magnitude >> 11) | ((magnitude & 2047) != 0 ? 1UL : 0UL)) * 2048;
            return negative ? -result : result;
        }
    }

    private static long ToInteger(double value, int type)
    {
        unchecked
        {
            if (type == NumericType.Bool)
                return value == 0 ? 0 : 1;
            if (type >= NumericType.UInt4)
                return double.IsFinite(value) ? (long)(Math.Round(value, MidpointRounding.ToEven) % 16) : 0;
            if (double.IsNaN(value))
                return 0;
            switch (type)
            {
                case NumericType.UInt8:
                    return (long)Math.Clamp(value, byte.MinValue, byte.MaxValue);
                case NumericType.Int8:
                    return (long)Math.Clamp(value, sbyte.MinValue, sbyte.MaxValue);
                case NumericType.UInt16:
                    return (long)Math.Clamp(value, ushort.MinValue, ushort.MaxValue);
                case NumericType.Int16:
                    return (long)Math.Clamp(value, short.MinValue, short.MaxValue);
                case NumericType.UInt32:
                    return (long)Math.Clamp(value, uint.MinValue, uint.MaxValue);
                case NumericType.Int32:
                    return (long)Math.Clamp(value, int.MinValue, int.MaxValue);
                case NumericType.UInt64:
                    return value >= 18446744073709551616.0 ? -1 : value <= 0 ? 0 : (long)(ulong)value;
                default:
                    return value >= 9223372036854775808.0 ? long.MaxValue
                        : value <= -9223372036854775808.0 ? long.MinValue : (long)value;
            }
        }
    }
}
