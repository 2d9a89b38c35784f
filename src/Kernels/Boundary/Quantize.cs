namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.Arm;
using global::System.Runtime.Intrinsics.Wasm;
using global::System.Runtime.Intrinsics.X86;

/// <summary>Quantises float32 values in the arena (docs/arithmetic.md, Between float and integer).</summary>
internal static class Quantize
{
    /// <summary>float32 to u8.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Arena offset of the first input (float32).</param>
    /// <param name="inputImageStride">Bytes from one input image to the next.</param>
    /// <param name="inputRowStride">Bytes from one input row to the next.</param>
    /// <param name="output">Arena offset of the first output (u8).</param>
    /// <param name="outputImageStride">Bytes from one output image to the next.</param>
    /// <param name="outputRowStride">Bytes from one output row to the next.</param>
    /// <param name="inverseScale">1 / scale, rounded to float32.</param>
    /// <param name="zeroPoint">The zero point.</param>
    /// <param name="images">Number of images.</param>
    /// <param name="rows">Rows of an image.</param>
    /// <param name="rowLength">Adjacent elements of a row.</param>
    public static void Float32ToUInt8(
        Workspace w,
        int input,
        int inputImageStride,
        int inputRowStride,
        int output,
        int outputImageStride,
        int outputRowStride,
        float inverseScale,
        int zeroPoint,
        int images,
        int rows,
        int rowLength)
    {
        unchecked
        {
            for (int image = 0; image < images; image++)
            {
                for (int row = 0; row < rows; row++)
                {
                    ref float from = ref Unsafe.As<byte, float>(ref w.Arena(input + (image * inputImageStride) + (row * inputRowStride)));
                    ref byte to = ref w.Arena(output + (image * outputImageStride) + (row * outputRowStride));
                    if (!w.IsStarting)
                    {
                        Row(ref from, ref to, rowLength, inverseScale, zeroPoint);
                        continue;
                    }

                    // From the front, as the output may lie over the input.
                    for (int i = 0; i < rowLength; i++)
                        Unsafe.Add(ref to, i) = OnStart(Unsafe.Add(ref from, i), inverseScale, zeroPoint);
                }
            }
        }
    }

    /// <summary>Adjacent values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Row(ref float from, ref byte to, int length, float inverseScale, int zeroPoint)
    {
        unchecked
        {
            if (IsVectorized && length >= 16)
            {
                // The last vector overlaps the one before it; it is computed first, in case the output lies over the input.
                Vector128<byte> last = Sixteen(ref Unsafe.Add(ref from, length - 16), inverseScale, zeroPoint);
                for (int i = 0; length - i > 16; i += 16)
                    Sixteen(ref Unsafe.Add(ref from, i), inverseScale, zeroPoint).StoreUnsafe(ref Unsafe.Add(ref to, i));
                last.StoreUnsafe(ref Unsafe.Add(ref to, length - 16));
                return;
            }

            int done = 0;
            if (IsVectorized && length >= 8)
            {
                Unsafe.WriteUnaligned(ref to, Eight(ref from, inverseScale, zeroPoint));
                done = 8;
            }

            for (; done < length; done++)
                Unsafe.Add(ref to, done) = Single(Unsafe.Add(ref from, done), inverseScale, zeroPoint);
        }
    }

    /// <summary>Whether <see cref="Eight"/> and <see cref="Sixteen"/> can be called.</summary>
    public static bool IsVectorized
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector128.IsHardwareAccelerated;
    }

    /// <summary>Sixteen adjacent values, as sixteen bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Sixteen(ref float from, float inverseScale, int zeroPoint)
    {
        if (ByteLanes.Has512)
        {
            Vector512<float> zero = Vector512.Create((float)zeroPoint);
            Vector512<float> v = Avx512F.FusedMultiplyAdd(Vector512.LoadUnsafe(ref from), Vector512.Create(inverseScale), zero);
            v = Vector512.ConditionalSelect(Vector512.Equals(v, v), v, zero);
            v = Avx512F.Min(Avx512F.Max(v, Vector512<float>.Zero), Vector512.Create(255f)) + Vector512.Create(0.5f);
            return Avx512F.ConvertToVector128Byte(Avx512F.ConvertToVector512Int32WithTruncation(v).AsUInt32());
        }

        return Vector128.Create(
            Eight(ref from, inverseScale, zeroPoint), Eight(ref Unsafe.Add(ref from, 8), inverseScale, zeroPoint)).AsByte();
    }

    /// <summary>Eight adjacent values, as eight bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Eight(ref float from, float inverseScale, int zeroPoint)
    {
        if (Avx2.IsSupported && Fma.IsSupported)
        {
            Vector256<float> zero = Vector256.Create((float)zeroPoint);
            Vector256<float> v = Fma.MultiplyAdd(Vector256.LoadUnsafe(ref from), Vector256.Create(inverseScale), zero);
            v = Avx.BlendVariable(zero, v, Avx.CompareOrdered(v, v));
            v = Avx.Min(Avx.Max(v, Vector256<float>.Zero), Vector256.Create(255f)) + Vector256.Create(0.5f);
            Vector256<int> q = Avx.ConvertToVector256Int32WithTruncation(v);
            Vector128<short> words = Sse2.PackSignedSaturate(q.GetLower(), q.GetUpper());
            return Sse2.PackUnsignedSaturate(words, words).AsUInt64().ToScalar();
        }

        if (PackedSimd.IsSupported)
        {
            Vector128<short> packed = PackedSimd.ConvertNarrowingSaturateSigned(
                FourOrExact(ref from, inverseScale, zeroPoint), FourOrExact(ref Unsafe.Add(ref from, 4), inverseScale, zeroPoint));
            return PackedSimd.ConvertNarrowingSaturateUnsigned(packed, packed).AsUInt64().ToScalar();
        }

        Vector128<uint> lower = Four(Vector128.LoadUnsafe(ref from), inverseScale, zeroPoint);
        Vector128<uint> upper = Four(Vector128.LoadUnsafe(ref from, 4), inverseScale, zeroPoint);
        Vector128<ushort> halves = Vector128.Narrow(lower, upper);
        return Vector128.Narrow(halves, halves).AsUInt64().ToScalar();
    }

    /// <summary>Four values on any processor with 128-bit vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> Four(Vector128<float> values, float inverseScale, int zeroPoint)
    {
        Vector128<float> zero = Vector128.Create((float)zeroPoint);
        Vector128<float> v;
        if (AdvSimd.IsSupported)
        {
            v = AdvSimd.FusedMultiplyAdd(zero, values, Vector128.Create(inverseScale));
        }
        else
        {
            (Vector128<double> lower, Vector128<double> upper) = Vector128.Widen(values);
            v = Vector128.Narrow(FusedInFloat64(lower, inverseScale, zeroPoint), FusedInFloat64(upper, inverseScale, zeroPoint));
        }

        v = Vector128.ConditionalSelect(Vector128.Equals(v, v), v, zero);
        v = Vector128.Min(Vector128.Max(v, Vector128<float>.Zero), Vector128.Create(255f)) + Vector128.Create(0.5f);
        return Vector128.ConvertToInt32(v).AsUInt32();
    }

    /// <summary>Four values on WebAssembly, which has no fused multiply-add.</summary>
    /// <remarks>
    /// Product and sum rounded separately are within 2^-14 of the sum rounded once as long as the result lies in 0…255. So both give the
    /// same integer unless it falls within 2^-12 of the middle between two, where, as for NaN, the exact way decides.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> FourOrExact(ref float from, float inverseScale, int zeroPoint)
    {
        Vector128<float> v = (Vector128.LoadUnsafe(ref from) * Vector128.Create(inverseScale)) + Vector128.Create((float)zeroPoint);
        v = PackedSimd.Min(PackedSimd.Max(v, Vector128<float>.Zero), Vector128.Create(255f)) + Vector128.Create(0.5f);
        Vector128<float> integer = PackedSimd.Floor(v);
        Vector128<float> fraction = v - integer;
        Vector128<float> clear = PackedSimd.And(
            PackedSimd.CompareGreaterThan(fraction, Vector128.Create(1f / 4096)),
            PackedSimd.CompareLessThan(fraction, Vector128.Create(1f - (1f / 4096))));
        return PackedSimd.Bitmask(clear.AsInt32()) == 15
            ? PackedSimd.ConvertToInt32Saturate(integer)
            : FourExact(ref from, inverseScale, zeroPoint);
    }

    private static Vector128<int> FourExact(ref float from, float inverseScale, int zeroPoint) =>
        Vector128.Create(
            (int)Single(from, inverseScale, zeroPoint), Single(Unsafe.Add(ref from, 1), inverseScale, zeroPoint),
            Single(Unsafe.Add(ref from, 2), inverseScale, zeroPoint), Single(Unsafe.Add(ref from, 3), inverseScale, zeroPoint));

    /// <summary>One value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte Single(float value, float inverseScale, int zeroPoint) =>
        Clamp(Fused(value, inverseScale, zeroPoint), zeroPoint);

    /// <summary>
    /// One value on the start-up path, without a look at the processor: the framework's function may be slow, but is exact.
    /// </summary>
    public static byte OnStart(float value, float inverseScale, int zeroPoint) =>
        Clamp(MathF.FusedMultiplyAdd(value, inverseScale, zeroPoint), zeroPoint);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte Clamp(float v, int zeroPoint)
    {
        unchecked
        {
            // Clamped before converting, because runtimes differ in what an out-of-range conversion gives; NaN fails both comparisons.
            if (v >= 255f)
                return 255;
            if (v <= 0f)
                return 0;
            return float.IsNaN(v) ? (byte)zeroPoint : (byte)(int)(v + 0.5f);
        }
    }

    /// <summary>value · inverseScale + zeroPoint rounded once, also where the processor has no fused multiply-add.</summary>
    /// <remarks>
    /// The product of two float32 is exact in float64. Its sum with the zero point is rounded to odd there (Boldo and Melquiond,
    /// "Emulation of a FMA and correctly rounded sums", 2008), so that rounding to float32 is as if from the exact sum; the error
    /// of the addition, which tells whether it was exact, is Knuth's TwoSum.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float Fused(float value, float inverseScale, int zeroPoint) =>
        Fma.IsSupported || AdvSimd.IsSupported
            ? MathF.FusedMultiplyAdd(value, inverseScale, zeroPoint)
            : FusedInFloat64(value, inverseScale, zeroPoint);

    /// <summary>The form of <see cref="Fused"/> without the instruction.</summary>
    internal static float FusedInFloat64(float value, float inverseScale, int zeroPoint)
    {
        unchecked
        {
            double product = (double)value * inverseScale;
            double sum = product + zeroPoint;
            double added = sum - product;
            double error = (product - (sum - added)) + (zeroPoint - added);
            long bits = BitConverter.DoubleToInt64Bits(sum);
            if ((error > 0 || error < 0) && (bits & 1) == 0 && sum != 0)
                sum = BitConverter.Int64BitsToDouble(error > 0 == sum > 0 ? bits + 1 : bits - 1);
            return (float)sum;
        }
    }

    /// <summary>Two sums rounded to odd in float64, still to be rounded to float32: see <see cref="Fused"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<double> FusedInFloat64(Vector128<double> values, float inverseScale, int zeroPoint)
    {
        Vector128<double> zero = Vector128.Create((double)zeroPoint);
        Vector128<double> product = values * Vector128.Create((double)inverseScale);
        Vector128<double> sum = product + zero;
        Vector128<double> added = sum - product;
        Vector128<double> error = (product - (sum - added)) + (zero - added);
        Vector128<long> positive = Vector128.GreaterThan(error, Vector128<double>.Zero).AsInt64();
        Vector128<long> inexact = positive | Vector128.LessThan(error, Vector128<double>.Zero).AsInt64();
        Vector128<long> upward = Vector128.GreaterThan(sum, Vector128<double>.Zero).AsInt64();
        Vector128<long> nonzero = upward | Vector128.LessThan(sum, Vector128<double>.Zero).AsInt64();
        Vector128<long> even = Vector128.Equals(sum.AsInt64() & Vector128<long>.One, Vector128<long>.Zero);

        // +1 where error and sum have the same sign, −1 (all bits set) where not.
        Vector128<long> step = (positive ^ upward) | Vector128<long>.One;
        return (sum.AsInt64() + (step & inexact & nonzero & even)).AsDouble();
    }
}
