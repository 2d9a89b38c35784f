namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.Arm;
using global::System.Runtime.Intrinsics.Wasm;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// Turns accumulators that are in registers into u8 outputs (docs/arithmetic.md, Requantisation), for the shifts of nearly every layer
/// (<see cref="Requantization.FitsUpperHalves"/>).
/// </summary>
/// <remarks>
/// From a shift of 33 on, rounding and shifting the product of 64 bits is the same as doing it to the product's upper half:
/// <c>(p + 2^(s−1)) &gt;&gt; s = ((p &gt;&gt; 32) + 2^(s−33)) &gt;&gt; (s−32)</c>, because the rounding constant has no bits below the
/// half. So the products are cut to 32 bits at once, and zero point and rounding constant are one addition. Packing saturates, which
/// together with the bounds on bytes is the clamp. Below 33 the sums are shifted left first.
/// </remarks>
internal static class RequantizedRow
{
    /// <summary>Whether there are vectors for this; otherwise sums take the way through <see cref="RequantizedStore"/>.</summary>
    public static bool IsSupported
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ProductLanes.Has128;
    }

    /// <summary>The outputs of 16 lanes, in the first bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Bytes(
        Vector256<int> first, Vector256<int> second, Vector256<int> firstMultipliers, Vector256<int> secondMultipliers,
        in Requantization requantization)
    {
        if (Has512)
        {
            Vector512<int> values = Values(Join(first, second), Join(firstMultipliers, secondMultipliers), in requantization);
            Vector128<byte> narrow = Avx512F.ConvertToVector128ByteWithSaturation(Avx512F.Max(values, Vector512<int>.Zero).AsUInt32());
            return Bound(narrow, in requantization).AsInt32().ToVector256Unsafe();
        }

        if (Avx2.IsSupported)
        {
            // Packing works within 128-bit halves: 0-3, 8-11, 4-7, 12-15, put in order afterwards.
            Vector256<short> words = Avx2.PackSignedSaturate(
                Values(first, firstMultipliers, in requantization), Values(second, secondMultipliers, in requantization));
            Vector128<byte> bytes = Sse2.PackUnsignedSaturate(words.GetLower(), words.GetUpper());
            return Bound(Sse2.Shuffle(bytes.AsInt32(), 0b11011000).AsByte(), in requantization).AsInt32().ToVector256Unsafe();
        }

        return PackBytes(
            Values(first.GetLower(), firstMultipliers.GetLower(), in requantization),
            Values(first.GetUpper(), firstMultipliers.GetUpper(), in requantization),
            Values(second.GetLower(), secondMultipliers.GetLower(), in requantization),
            Values(second.GetUpper(), secondMultipliers.GetUpper(), in requantization),
            in requantization).AsInt32().ToVector256Unsafe();
    }

    /// <summary>The outputs of 8 lanes, in the first bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Bytes(
        Vector128<int> first, Vector128<int> second, Vector128<int> firstMultipliers, Vector128<int> secondMultipliers,
        in Requantization requantization) =>
        Bound(
            Pack(Values(first, firstMultipliers, in requantization), Values(second, secondMultipliers, in requantization)),
            in requantization).AsInt32();

    /// <summary>Whether vectors of 512 bits are used.</summary>
    internal static bool Has512
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector512.IsHardwareAccelerated && Avx512BW.IsSupported;
    }

    /// <summary>Two halves beside each other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<int> Join(Vector256<int> lower, Vector256<int> upper) => lower.ToVector512Unsafe().WithUpper(upper);

    /// <summary>Sums shifted left for shifts below 33; those that would overflow are clamped, since their outputs saturate.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Raise(Vector512<int> sums, in Requantization requantization)
    {
        Vector512<int> greatest = Vector512.Create(requantization.GreatestSum);
        return Vector512.ShiftLeft(Vector512.Max(Vector512.Min(sums, greatest), -greatest), requantization.LeftShift);
    }

    /// <summary>Sums shifted left for shifts below 33; those that would overflow are clamped, since their outputs saturate.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Raise(Vector256<int> sums, in Requantization requantization)
    {
        Vector256<int> greatest = Vector256.Create(requantization.GreatestSum);
        return Vector256.ShiftLeft(Vector256.Max(Vector256.Min(sums, greatest), -greatest), requantization.LeftShift);
    }

    /// <summary>Sums shifted left for shifts below 33; those that would overflow are clamped, since their outputs saturate.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Raise(Vector128<int> sums, in Requantization requantization)
    {
        Vector128<int> greatest = Vector128.Create(requantization.GreatestSum);
        return LaneShifts.Left(Vector128.Max(Vector128.Min(sums, greatest), -greatest), requantization.LeftShift);
    }

    /// <summary>Requantised values before the clamp, zero point included: below 2^31 in magnitude.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<int> Values(Vector512<int> sums, Vector512<int> multipliers, in Requantization requantization)
    {
        Vector512<long> even = Avx512F.Multiply(sums, multipliers);
        Vector512<long> odd = Avx512F.Multiply(
            Avx512F.ShiftRightLogical(sums.AsInt64(), 32).AsInt32(), Avx512F.ShiftRightLogical(multipliers.AsInt64(), 32).AsInt32());
        Vector512<int> upper = Avx512F.PermuteVar16x32x2(
            even.AsInt32(), Vector512.Create(1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31), odd.AsInt32());
        return Avx512F.ShiftRightArithmeticVariable(
            unchecked(upper + Vector512.Create(requantization.Addend)), Vector512.Create(unchecked((uint)requantization.UpperShift)));
    }

    /// <summary>Requantised values before the clamp, zero point included: below 2^31 in magnitude.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<int> Values(Vector256<int> sums, Vector256<int> multipliers, in Requantization requantization)
    {
        Vector256<long> even = Avx2.Multiply(sums, multipliers);
        Vector256<long> odd = Avx2.Multiply(
            Avx2.ShiftRightLogical(sums.AsInt64(), 32).AsInt32(), Avx2.ShiftRightLogical(multipliers.AsInt64(), 32).AsInt32());
        Vector256<int> upper = Avx2.Blend(Avx2.ShiftRightLogical(even, 32).AsInt32(), odd.AsInt32(), 0b10101010);
        return Avx2.ShiftRightArithmeticVariable(
            unchecked(upper + Vector256.Create(requantization.Addend)), Vector256.Create(unchecked((uint)requantization.UpperShift)));
    }

    /// <summary>Requantised values before the clamp, zero point included: below 2^31 in magnitude.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<int> Values(Vector128<int> sums, Vector128<int> multipliers, in Requantization requantization)
    {
        return LaneShifts.RightArithmetic(
            unchecked(ProductLanes.MultiplyHigh(sums, multipliers) + Vector128.Create(requantization.Addend)), requantization.UpperShift);
    }

    /// <summary>Sixteen values, clamped, as bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> PackBytes(
        Vector128<int> values0, Vector128<int> values1, Vector128<int> values2, Vector128<int> values3,
        in Requantization requantization)
    {
        if (Sse2.IsSupported)
        {
            return Bound(
                Sse2.PackUnsignedSaturate(Sse2.PackSignedSaturate(values0, values1), Sse2.PackSignedSaturate(values2, values3)),
                in requantization);
        }

        if (PackedSimd.IsSupported)
        {
            return Bound(
                PackedSimd.ConvertNarrowingSaturateUnsigned(
                    PackedSimd.ConvertNarrowingSaturateSigned(values0, values1),
                    PackedSimd.ConvertNarrowingSaturateSigned(values2, values3)),
                in requantization);
        }

        Vector128<ulong> low = Pack(values0, values1).AsUInt64();
        return Bound(low.WithElement(1, Pack(values2, values3).AsUInt64().ToScalar()).AsByte(), in requantization);
    }

    /// <summary>Eight values, clamped to 0…255, in the lower eight bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Pack(Vector128<int> first, Vector128<int> second)
    {
        if (Sse2.IsSupported)
        {
            Vector128<short> words = Sse2.PackSignedSaturate(first, second);
            return Sse2.PackUnsignedSaturate(words, words);
        }

        if (AdvSimd.IsSupported)
        {
            Vector128<short> words = AdvSimd.ExtractNarrowingSaturateUpper(AdvSimd.ExtractNarrowingSaturateLower(first), second);
            return AdvSimd.ExtractNarrowingSaturateUnsignedLower(words).ToVector128Unsafe();
        }

        if (PackedSimd.IsSupported)
        {
            Vector128<short> words = PackedSimd.ConvertNarrowingSaturateSigned(first, second);
            return PackedSimd.ConvertNarrowingSaturateUnsigned(words, words);
        }

        Vector128<int> zero = Vector128<int>.Zero;
        Vector128<int> most = Vector128.Create(255);
        Vector128<ushort> clamped = Vector128.Narrow(
            Vector128.Min(Vector128.Max(first, zero), most).AsUInt32(), Vector128.Min(Vector128.Max(second, zero), most).AsUInt32());
        return Vector128.Narrow(clamped, clamped);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Bound(Vector128<byte> values, in Requantization requantization) =>
        ByteLanes128.Clamp(
            values, Vector128.Create(unchecked((byte)requantization.Minimum)), Vector128.Create(unchecked((byte)requantization.Maximum)));
}
