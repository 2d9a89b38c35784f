namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// 64-bit products of s32 lanes with AVX2, requantised to 32 bits: even and odd lanes apart, as VPMULDQ has them.
/// </summary>
/// <remarks>
/// AVX2 has no arithmetic shift of 64-bit lanes: 2^62, a multiple of 2^shift, is added before a logical shift and 2^(62 − shift)
/// subtracted after it, modulo 2^32. The result is right wherever it fits s32.
/// </remarks>
internal static class ProductLanes
{
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
}
