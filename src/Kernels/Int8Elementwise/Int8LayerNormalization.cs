namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.Wasm;

/// <summary>
/// Layer normalisation of rows of u8, and normalisation by their root mean square (docs/arithmetic.md, Layer normalisation): the sums of a
/// row are exact integers, what is made of them and of each byte are single operations of float32 and float64, which every processor
/// rounds alike. No fused multiply-add.
/// </summary>
internal static class Int8LayerNormalization
{
    /// <summary>Normalises rows of adjacent bytes.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Arena offset of the input (u8): rows × length bytes.</param>
    /// <param name="scale">Operand offset of the factors (float32), one for each place of a row, in steps of the output.</param>
    /// <param name="bias">Operand offset of the addends (float32), likewise; they contain the output's zero point.</param>
    /// <param name="output">Arena offset of the output (u8); it may be the input's place.</param>
    /// <param name="rows">The number of rows.</param>
    /// <param name="length">Bytes of a row, 1…32,768.</param>
    /// <param name="epsilon">What is added to length² times the variance, in steps of the input.</param>
    /// <param name="centre">The input's zero point, for the mean square instead of the variance; −1 for the variance.</param>
    /// <param name="minimum">The least output.</param>
    /// <param name="maximum">The greatest output.</param>
    public static void Run(
        Workspace w, int input, int scale, int bias, int output, int rows, int length, float epsilon, int centre, int minimum,
        int maximum)
    {
        unchecked
        {
            ref float factors = ref Unsafe.As<byte, float>(ref w.Operand(scale));
            ref float addends = ref Unsafe.As<byte, float>(ref w.Operand(bias));
            bool inVectors = !w.IsStarting && Vector128.IsHardwareAccelerated && length >= 16;
            double share = 1.0 / length;
            for (int row = 0; row < rows; row++)
            {
                ref byte from = ref w.Arena(input + (row * length));
                ref byte to = ref w.Arena(output + (row * length));
                (uint sum, uint squares) = inVectors ? Sums(ref from, length) : SumsOneByOne(ref from, length);
                long taken = centre < 0 ? (long)sum * sum : (long)length * ((2L * centre * sum) - ((long)length * centre * centre));
                double root = Math.Sqrt((((long)length * squares) - taken) + (double)epsilon);
                float mean = centre < 0 ? (float)(sum * share) : centre;
                float inverse = root > 0 ? (float)(length / root) : 0f;
                if (inVectors)
                    Apply(ref from, ref factors, ref addends, ref to, length, mean, inverse, minimum, maximum);
                else
                    ApplyOneByOne(ref from, ref factors, ref addends, ref to, length, mean, inverse, minimum, maximum);
            }
        }
    }

    private static (uint Sum, uint Squares) SumsOneByOne(ref byte from, int length)
    {
        unchecked
        {
            uint sum = 0;
            uint squares = 0;
            for (int i = 0; i < length; i++)
            {
                uint value = Unsafe.Add(ref from, i);
                sum += value;
                squares += value * value;
            }

            return (sum, squares);
        }
    }

    private static void ApplyOneByOne(
        ref byte from, ref float factors, ref float addends, ref byte to, int length, float mean, float inverse, int minimum, int maximum)
    {
        for (int i = 0; i < length; i++)
        {
            float value = (((Unsafe.Add(ref from, i) - mean) * inverse) * Unsafe.Add(ref factors, i)) + Unsafe.Add(ref addends, i);
            Unsafe.Add(ref to, i) = (byte)(int)(Math.Clamp(value, minimum, maximum) + 0.5f);
        }
    }

    /// <summary>Sum and sum of squares of a row of at least 16 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static (uint Sum, uint Squares) Sums(ref byte from, int length)
    {
        unchecked
        {
            Vector128<uint> sums = default;
            Vector128<uint> squares = default;
            for (int i = 0; length - i >= 16; i += 16)
                Add(Vector128.LoadUnsafe(ref Unsafe.Add(ref from, i)), ref sums, ref squares);
            int rest = length & 15;
            if (rest > 0)
            {
                // The last 16 bytes without those that have been counted.
                Vector128<byte> counted = Vector128.LessThan(
                    Vector128.Create((byte)0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), Vector128.Create((byte)(16 - rest)));
                Add(Vector128.AndNot(Vector128.LoadUnsafe(ref Unsafe.Add(ref from, length - 16)), counted), ref sums, ref squares);
            }

            return (Vector128.Sum(sums), Vector128.Sum(squares));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(Vector128<byte> bytes, ref Vector128<uint> sums, ref Vector128<uint> squares)
    {
        unchecked
        {
            Vector128<ushort> low = Vector128.WidenLower(bytes);
            Vector128<ushort> high = Vector128.WidenUpper(bytes);
            Vector128<ushort> both = low + high;
            sums += Vector128.WidenLower(both) + Vector128.WidenUpper(both);
            low *= low;
            high *= high;
            squares += Vector128.WidenLower(low) + Vector128.WidenUpper(low) + (Vector128.WidenLower(high) + Vector128.WidenUpper(high));
        }
    }

    /// <summary>Normalises a row of at least 16 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Apply(
        ref byte from, ref float factors, ref float addends, ref byte to, int length, float mean, float inverse, int minimum, int maximum)
    {
        unchecked
        {
            // The last vector overlaps the one before it; it is computed first, in case the output lies over the input.
            int end = length - 16;
            Vector128<byte> last = Sixteen(
                ref Unsafe.Add(ref from, end), ref Unsafe.Add(ref factors, end), ref Unsafe.Add(ref addends, end), mean, inverse, minimum,
                maximum);
            int i = 0;
            if (Vector256.IsHardwareAccelerated)
            {
                for (; end - i >= 32; i += 32)
                {
                    (Vector256<ushort> low, Vector256<ushort> high) = Vector256.Widen(Vector256.LoadUnsafe(ref Unsafe.Add(ref from, i)));
                    (Vector256<uint> a, Vector256<uint> b) = Vector256.Widen(low);
                    (Vector256<uint> c, Vector256<uint> d) = Vector256.Widen(high);
                    ref float factor = ref Unsafe.Add(ref factors, i);
                    ref float addend = ref Unsafe.Add(ref addends, i);
                    a = Eight(a, ref factor, ref addend, mean, inverse, minimum, maximum);
                    b = Eight(b, ref Unsafe.Add(ref factor, 8), ref Unsafe.Add(ref addend, 8), mean, inverse, minimum, maximum);
                    c = Eight(c, ref Unsafe.Add(ref factor, 16), ref Unsafe.Add(ref addend, 16), mean, inverse, minimum, maximum);
                    d = Eight(d, ref Unsafe.Add(ref factor, 24), ref Unsafe.Add(ref addend, 24), mean, inverse, minimum, maximum);
                    Vector256.Narrow(Vector256.Narrow(a, b), Vector256.Narrow(c, d)).StoreUnsafe(ref Unsafe.Add(ref to, i));
                }
            }

            for (; i < end; i += 16)
            {
                Sixteen(
                    ref Unsafe.Add(ref from, i), ref Unsafe.Add(ref factors, i), ref Unsafe.Add(ref addends, i), mean, inverse, minimum,
                    maximum).StoreUnsafe(ref Unsafe.Add(ref to, i));
            }

            last.StoreUnsafe(ref Unsafe.Add(ref to, end));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Sixteen(
        ref byte from, ref float factors, ref float addends, float mean, float inverse, int minimum, int maximum)
    {
        (Vector128<ushort> low, Vector128<ushort> high) = Vector128.Widen(Vector128.LoadUnsafe(ref from));
        (Vector128<uint> a, Vector128<uint> b) = Vector128.Widen(low);
        (Vector128<uint> c, Vector128<uint> d) = Vector128.Widen(high);
        a = Four(a, ref factors, ref addends, mean, inverse, minimum, maximum);
        b = Four(b, ref Unsafe.Add(ref factors, 4), ref Unsafe.Add(ref addends, 4), mean, inverse, minimum, maximum);
        c = Four(c, ref Unsafe.Add(ref factors, 8), ref Unsafe.Add(ref addends, 8), mean, inverse, minimum, maximum);
        d = Four(d, ref Unsafe.Add(ref factors, 12), ref Unsafe.Add(ref addends, 12), mean, inverse, minimum, maximum);
        return Vector128.Narrow(Vector128.Narrow(a, b), Vector128.Narrow(c, d));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Eight(
        Vector256<uint> bytes, ref float factors, ref float addends, float mean, float inverse, int minimum, int maximum)
    {
        Vector256<float> value = (Vector256.ConvertToSingle(bytes.AsInt32()) - Vector256.Create(mean)) * Vector256.Create(inverse);
        value = (value * Vector256.LoadUnsafe(ref factors)) + Vector256.LoadUnsafe(ref addends);
        value = Vector256.Min(Vector256.Max(value, Vector256.Create((float)minimum)), Vector256.Create((float)maximum));
        return Vector256.ConvertToInt32(value + Vector256.Create(0.5f)).AsUInt32();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> Four(
        Vector128<uint> bytes, ref float factors, ref float addends, float mean, float inverse, int minimum, int maximum)
    {
        Vector128<float> value = (Vector128.ConvertToSingle(bytes.AsInt32()) - Vector128.Create(mean)) * Vector128.Create(inverse);
        value = (value * Vector128.LoadUnsafe(ref factors)) + Vector128.LoadUnsafe(ref addends);
        value = Vector128.Min(Vector128.Max(value, Vector128.Create((float)minimum)), Vector128.Create((float)maximum));
        value += Vector128.Create(0.5f);
        return (PackedSimd.IsSupported ? PackedSimd.ConvertToInt32Saturate(value) : Vector128.ConvertToInt32(value)).AsUInt32();
    }
}
