namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.Arm;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// 64-bit products of s32 lanes, requantised to 32 bits: even and odd lanes apart, as VPMULDQ has them. With AVX2 on 256 bits, with
/// SSE4.1 or AdvSimd on 128.
/// </summary>
/// <remarks>
/// AVX2 and SSE have no arithmetic shift of 64-bit lanes: 2^62, a multiple of 2^shift, is added before a logical shift and 2^(62 − shift)
/// subtracted after it, modulo 2^32. The result is right wherever it fits s32.
/// </remarks>
internal static class ProductLanes
{
    /// <summary>Whether the members on 256 bits can be called.</summary>
    public static bool Has256
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Avx2.IsSupported;
    }

    /// <summary>Whether the members on 128 bits can be called.</summary>
    public static bool Has128
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Sse41.IsSupported || AdvSimd.Arm64.IsSupported;
    }

    /// <summary>The products of the even lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<long> Even(Vector256<int> values, int multiplier) => Avx2.Multiply(values, Vector256.Create(multiplier));

    /// <summary>The products of the odd lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<long> Odd(Vector256<int> values, int multiplier) =>
        Avx2.Multiply(Avx2.ShiftRightLogical(values.AsInt64(), 32).AsInt32(), Vector256.Create(multiplier));

    /// <summary>Rounds, shifts right, puts even and odd lanes together and adds the zero point.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Requantize(Vector256<long> even, Vector256<long> odd, in Requantization requantization)
    {
        unchecked
        {
            int shift = requantization.Shift;
            Vector256<long> rounding = Vector256.Create((1L << 62) + (1L << (shift - 1)));
            Vector128<long> count = Vector128.CreateScalar((long)shift);
            Vector256<int> correction = Vector256.Create(requantization.ZeroPoint - (int)(1L << (62 - shift)));
            even = Avx2.ShiftRightLogical(even + rounding, count);
            odd = Avx2.ShiftRightLogical(odd + rounding, count);
            return Avx2.Blend(even.AsInt32(), Avx2.ShiftLeftLogical(odd, 32).AsInt32(), 0b10101010) + correction;
        }
    }

    /// <summary>Eight values clamped to u8 bounds, as eight bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong ToBytes(Vector256<int> values, in Requantization requantization)
    {
        values = Avx2.Min(Avx2.Max(values, Vector256.Create(requantization.Minimum)), Vector256.Create(requantization.Maximum));
        Vector128<short> words = Sse2.PackSignedSaturate(values.GetLower(), values.GetUpper());
        return Sse2.PackUnsignedSaturate(words, words).AsUInt64().ToScalar();
    }

    /// <summary>Eight adjacent bytes as s32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> LoadBytes(ref byte source) =>
        Avx2.ConvertToVector256Int32(Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<ulong>(ref source)).AsByte());

    /// <summary>The products of the even lanes and of the odd lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply(Vector128<int> left, Vector128<int> right, out Vector128<long> even, out Vector128<long> odd)
    {
        if (Sse41.IsSupported)
        {
            even = Sse41.Multiply(left, right);
            odd = Sse41.Multiply(
                Sse2.ShiftRightLogical(left.AsInt64(), 32).AsInt32(), Sse2.ShiftRightLogical(right.AsInt64(), 32).AsInt32());
        }
        else
        {
            Vector128<long> lower = AdvSimd.MultiplyWideningLower(left.GetLower(), right.GetLower());
            Vector128<long> upper = AdvSimd.MultiplyWideningUpper(left, right);
            even = AdvSimd.Arm64.UnzipEven(lower, upper);
            odd = AdvSimd.Arm64.UnzipOdd(lower, upper);
        }
    }

    /// <summary>Rounds, shifts right, puts even and odd lanes together and adds the zero point.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Requantize(Vector128<long> even, Vector128<long> odd, in Requantization requantization)
    {
        unchecked
        {
            int shift = requantization.Shift;
            Vector128<long> rounding = Vector128.Create((1L << 62) + (1L << (shift - 1)));
            Vector128<int> correction = Vector128.Create(requantization.ZeroPoint - (int)(1L << (62 - shift)));
            even = Vector128.ShiftRightLogical(even + rounding, shift);
            odd = Vector128.ShiftRightLogical(odd + rounding, shift);
            return ((even & Vector128.Create(0xFFFFFFFFL)) | Vector128.ShiftLeft(odd, 32)).AsInt32() + correction;
        }
    }

    /// <summary>Four values clamped to u8 bounds, as the lower four bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong ToBytes(Vector128<int> values, in Requantization requantization)
    {
        values = Vector128.Min(Vector128.Max(values, Vector128.Create(requantization.Minimum)), Vector128.Create(requantization.Maximum));
        Vector128<ushort> words = Vector128.Narrow(values.AsUInt32(), values.AsUInt32());
        return Vector128.Narrow(words, words).AsUInt64().ToScalar();
    }

    /// <summary>Four adjacent bytes as s32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> LoadFourBytes(ref byte source) =>
        Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalar(Unsafe.ReadUnaligned<uint>(ref source)).AsByte())).AsInt32();
}
