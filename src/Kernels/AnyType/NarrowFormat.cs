namespace OptimizerBuild.Kernels;

using global::System;

/// <summary>
/// Number formats that .NET has no type for: bfloat16, the 8-bit floats of P. Micikevicius et al., "FP8 Formats for Deep Learning", 2022
/// (E4M3FN, E5M2) and of B. Noune et al., "8-bit Numerical Formats for Deep Neural Networks", 2022 (…FNUZ), and the 4-bit float and the
/// 8-bit power of two of OCP's Microscaling Formats 1.0; their values as the operator Cast of ONNX defines them.
/// </summary>
internal static class NarrowFormat
{
    /// <summary>Rounding of powers of two (E8M0): away from zero.</summary>
    public const int RoundUp = 0;

    /// <summary>Rounding of powers of two (E8M0): towards zero.</summary>
    public const int RoundDown = 1;

    /// <summary>Rounding of powers of two (E8M0): to the nearest, ties up.</summary>
    public const int RoundNearest = 2;

    private const long DoubleMantissa = (1L << 52) - 1;

    /// <summary>The number that bits stand for; every one is a double exactly.</summary>
    /// <param name="bits">The bits; those beyond the format's width are ignored.</param>
    /// <param name="type">The format, a number of <see cref="NumericType"/>.</param>
    public static double Decode(int bits, int type)
    {
        unchecked
        {
            if (type == NumericType.Float8E8M0)
                return (bits & 255) == 255 ? Signed(0x7FF8L << 48, false) : PowerOfTwo((bits & 255) - 127);
            Layout(type, out int width, out int mantissaBits, out int bias, out int greatest);
            bool negative = ((bits >> (width - 1)) & 1) != 0;
            int magnitude = bits & ((1 << (width - 1)) - 1);
            if (IsWithoutNegativeZero(type) && negative && magnitude == 0)
                return Signed(0x7FF8L << 48, false);
            if (magnitude > greatest)
            {
                // Infinity is the code behind the greatest number, where there is one; all others are NaN.
                bool infinite = magnitude == greatest + 1 && type != NumericType.Float8E4M3FN;
                return Signed(infinite ? 0x7FF0L << 48 : 0x7FF8L << 48, negative);
            }
            int exponent = magnitude >> mantissaBits;
            int mantissa = magnitude & ((1 << mantissaBits) - 1);
            double value = exponent == 0
                ? mantissa * PowerOfTwo(1 - bias - mantissaBits)
                : (mantissa | (1 << mantissaBits)) * PowerOfTwo(exponent - bias - mantissaBits);
            return negative ? -value : value;
        }
    }

    /// <summary>
    /// The bits of the number nearest to a value, ties to even. What lies beyond the greatest number after rounding becomes infinity in
    /// bfloat16, the greatest number in the 4-bit float, and in 8-bit floats the greatest number or, without
    /// <paramref name="saturate"/>, infinity where the format has it and NaN where not. A NaN keeps its sign where the format has two;
    /// the 4-bit float, which has none, makes negative zero of it.
    /// </summary>
    /// <param name="value">The value.</param>
    /// <param name="type">The format, a number of <see cref="NumericType"/>.</param>
    /// <param name="saturate">Whether 8-bit floats take their greatest number for what is greater.</param>
    /// <param name="rounding">For E8M0: one of <see cref="RoundUp"/>, <see cref="RoundDown"/> and <see cref="RoundNearest"/>.</param>
    public static int Encode(double value, int type, bool saturate, int rounding)
    {
        unchecked
        {
            if (type == NumericType.Float8E8M0)
                return EncodePowerOfTwo(value, saturate, rounding);
            Layout(type, out int width, out int mantissaBits, out int bias, out int greatest);
            int sign = BitConverter.DoubleToInt64Bits(value) < 0 ? 1 << (width - 1) : 0;
            if (double.IsNaN(value))
                return NotANumber(type, sign);
            double magnitude = Math.Abs(value);
            int exponent = Exponent(magnitude);
            int code = greatest + 1;
            if (exponent <= 128)
            {
                // The spacing of the format's numbers around the value is 2^quantum: scaling by it is exact, rounding happens once.
                int quantum = Math.Max(exponent, 1 - bias) - mantissaBits;
                int steps = (int)Math.Round(magnitude * PowerOfTwo(-quantum), MidpointRounding.ToEven);
                code = ((quantum + mantissaBits + bias - 1) << mantissaBits) + steps;
            }
            if (code > greatest)
                return Overflow(type, sign, greatest, saturate);
            return code == 0 && IsWithoutNegativeZero(type) ? 0 : code | sign;
        }
    }

    private static int Overflow(int type, int sign, int greatest, bool saturate)
    {
        if (type == NumericType.Float4E2M1 || (saturate && type != NumericType.BFloat16))
            return greatest | sign;
        return type == NumericType.BFloat16 || type == NumericType.Float8E5M2 ? (greatest + 1) | sign : NotANumber(type, sign);
    }

    private static int NotANumber(int type, int sign) => type switch
    {
        NumericType.BFloat16 => 0x7FC0 | sign,
        NumericType.Float8E4M3FN => 0x7F | sign,
        NumericType.Float8E5M2 => 0x7E | sign,
        NumericType.Float4E2M1 => 8,
        _ => 0x80,
    };

    // What the specification leaves open: negative numbers become NaN, and what is too great or too small for the format is judged
    // before rounding.
    private static int EncodePowerOfTwo(double value, bool saturate, int rounding)
    {
        unchecked
        {
            if (double.IsNaN(value) || value < 0)
                return 255;
            if (value > PowerOfTwo(127))
                return saturate ? 254 : 255;
            if (value < PowerOfTwo(-127))
                return saturate ? 0 : 255;
            long mantissa = BitConverter.DoubleToInt64Bits(value) & DoubleMantissa;
            bool up = rounding == RoundUp ? mantissa != 0 : rounding == RoundNearest && mantissa >= 1L << 51;
            return Exponent(value) + 127 + (up ? 1 : 0);
        }
    }

    // Total width, bits of the mantissa, bias of the exponent and the code of the greatest number without its sign.
    private static void Layout(int type, out int width, out int mantissaBits, out int bias, out int greatest)
    {
        switch (type)
        {
            case NumericType.BFloat16:
                (width, mantissaBits, bias, greatest) = (16, 7, 127, 0x7F7F);
                break;
            case NumericType.Float8E4M3FN:
                (width, mantissaBits, bias, greatest) = (8, 3, 7, 0x7E);
                break;
            case NumericType.Float8E4M3FNUZ:
                (width, mantissaBits, bias, greatest) = (8, 3, 8, 0x7F);
                break;
            case NumericType.Float8E5M2:
                (width, mantissaBits, bias, greatest) = (8, 2, 15, 0x7B);
                break;
            case NumericType.Float8E5M2FNUZ:
                (width, mantissaBits, bias, greatest) = (8, 2, 16, 0x7F);
                break;
            default:
                (width, mantissaBits, bias, greatest) = (4, 1, 1, 7);
                break;
        }
    }

    private static bool IsWithoutNegativeZero(int type) => type == NumericType.Float8E4M3FNUZ || type == NumericType.Float8E5M2FNUZ;

    // 2^exponent for −1022…1023.
    private static double PowerOfTwo(int exponent) => unchecked(BitConverter.Int64BitsToDouble((long)(exponent + 1023) << 52));

    // The exponent of a positive number; below the normal numbers of double −1023, which all formats here round to zero.
    private static int Exponent(double magnitude) => unchecked((int)(BitConverter.DoubleToInt64Bits(magnitude) >> 52) - 1023);

    private static double Signed(long bits, bool negative) =>
        unchecked(BitConverter.Int64BitsToDouble(bits | (negative ? long.MinValue : 0)));
}
