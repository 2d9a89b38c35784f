namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.Arm;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// Turns accumulators that are still in registers into u8 outputs (docs/arithmetic.md, Requantisation) and stores them, for the shifts of
/// nearly every layer (<see cref="Requantization.FitsUpperHalves"/>).
/// </summary>
/// <remarks>
/// From a shift of 33 on, rounding and shifting the product of 64 bits is the same as doing it to the product's upper half:
/// <c>(p + 2^(s−1)) &gt;&gt; s = ((p &gt;&gt; 32) + 2^(s−33)) &gt;&gt; (s−32)</c>, because the rounding constant has no bits below the half. So the
/// products are cut to 32 bits at once, and zero point and rounding constant are one addition. Packing saturates, which together with
/// the bounds on bytes is the clamp. Below 33 the sums are shifted left first.
/// </remarks>
internal static class RequantizedRow
{
    /// <summary>Whether there are vectors for this; otherwise sums take the way through <see cref="RequantizedStore"/>.</summary>
    public static bool IsSupported
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ProductLanes.Has128;
    }

    /// <summary>Stores the outputs of 8 lanes.</summary>
    /// <param name="sums">The accumulators.</param>
    /// <param name="multipliers">Their multipliers (s32).</param>
    /// <param name="requantization">Shift, zero point and bounds.</param>
    /// <param name="output">Where the first output goes.</param>
    /// <param name="count">How many are stored; all 8 from 8 on.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(
        Vector256<int> sums, ref byte multipliers, in Requantization requantization, ref byte output, int count)
    {
        if (Avx2.IsSupported)
        {
            Vector256<int> values = Values(sums, ref multipliers, in requantization);
            Vector128<short> words = Sse2.PackSignedSaturate(values.GetLower(), values.GetUpper());
            Vector128<byte> bytes = Bound(Sse2.PackUnsignedSaturate(words, words), in requantization);
            PartialStore.Bytes(bytes.AsUInt64().ToScalar(), ref output, count);
        }
        else
        {
            Store(sums.GetLower(), sums.GetUpper(), ref multipliers, in requantization, ref output, count);
        }
    }

    /// <summary>Stores the outputs of 16 lanes.</summary>
    /// <param name="first">The first 8 accumulators.</param>
    /// <param name="second">The other 8.</param>
    /// <param name="multipliers">Their multipliers (s32).</param>
    /// <param name="requantization">Shift, zero point and bounds.</param>
    /// <param name="output">Where the first output goes.</param>
    /// <param name="count">How many are stored; all 16 from 16 on.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(
        Vector256<int> first, Vector256<int> second, ref byte multipliers, in Requantization requantization, ref byte output, int count)
    {
        if (Has512)
        {
            Store(Vector512.Create(first, second), ref multipliers, in requantization, ref output, count);
        }
        else if (Avx2.IsSupported)
        {
            // Packing works within 128-bit halves: 0-3, 8-11, 4-7, 12-15, put in order afterwards.
            Vector256<short> words = Avx2.PackSignedSaturate(
                Values(first, ref multipliers, in requantization), Values(second, ref Unsafe.Add(ref multipliers, 32), in requantization));
            Vector128<byte> bytes = Sse2.PackUnsignedSaturate(words.GetLower(), words.GetUpper());
            bytes = Bound(Sse2.Shuffle(bytes.AsInt32(), 0b11011000).AsByte(), in requantization);
            PartialStore.Bytes(bytes, ref output, count);
        }
        else
        {
            Store(first, ref multipliers, in requantization, ref output, count);
            if (count > 8)
            {
                Store(
                    second, ref Unsafe.Add(ref multipliers, 32), in requantization, ref Unsafe.Add(ref output, 8), unchecked(count - 8));
            }
        }
    }

    /// <summary>Stores the outputs of 16 lanes.</summary>
    /// <param name="sums">The accumulators.</param>
    /// <param name="multipliers">Their multipliers (s32).</param>
    /// <param name="requantization">Shift, zero point and bounds.</param>
    /// <param name="output">Where the first output goes.</param>
    /// <param name="count">How many are stored; all 16 from 16 on.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(
        Vector512<int> sums, ref byte multipliers, in Requantization requantization, ref byte output, int count)
    {
        if (Has512)
        {
            if (requantization.LeftShift > 0)
            {
                Vector512<int> greatest = Vector512.Create(requantization.GreatestSum);
                sums = Avx512F.Max(Avx512F.Min(sums, greatest), -greatest);
                sums = Avx512F.ShiftLeftLogical(sums, Vector128.CreateScalar(requantization.LeftShift));
            }

            Vector512<int> factors = Vector512.LoadUnsafe(ref multipliers).AsInt32();
            Vector512<long> even = Avx512F.Multiply(sums, factors);
            Vector512<long> odd = Avx512F.Multiply(
                Avx512F.ShiftRightLogical(sums.AsInt64(), 32).AsInt32(), Avx512F.ShiftRightLogical(factors.AsInt64(), 32).AsInt32());
            Vector512<int> upper = Vector512.ConditionalSelect(
                Vector512.Create(0xFFFFFFFFL).AsInt32(), Avx512F.ShiftRightLogical(even, 32).AsInt32(), odd.AsInt32());
            Vector512<int> values = Avx512F.ShiftRightArithmetic(
                upper + Vector512.Create(requantization.Addend), Vector128.CreateScalar(requantization.UpperShift));
            values = Avx512F.Max(values, Vector512<int>.Zero);
            Vector128<byte> bytes = Bound(Avx512F.ConvertToVector128ByteWithSaturation(values.AsUInt32()), in requantization);
            PartialStore.Bytes(bytes, ref output, count);
        }
        else
        {
            Store(sums.GetLower(), sums.GetUpper(), ref multipliers, in requantization, ref output, count);
        }
    }

    /// <summary>Stores the outputs of 32 lanes.</summary>
    /// <param name="first">The first 16 accumulators.</param>
    /// <param name="second">The other 16.</param>
    /// <param name="multipliers">Their multipliers (s32).</param>
    /// <param name="requantization">Shift, zero point and bounds.</param>
    /// <param name="output">Where the first output goes.</param>
    /// <param name="count">How many are stored; all 32 from 32 on.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(
        Vector512<int> first, Vector512<int> second, ref byte multipliers, in Requantization requantization, ref byte output, int count)
    {
        Store(first, ref multipliers, in requantization, ref output, count);
        if (count > 16)
            Store(second, ref Unsafe.Add(ref multipliers, 64), in requantization, ref Unsafe.Add(ref output, 16), unchecked(count - 16));
    }

    /// <summary>Stores the outputs of 4 lanes.</summary>
    /// <param name="sums">The accumulators.</param>
    /// <param name="multipliers">Their multipliers (s32).</param>
    /// <param name="requantization">Shift, zero point and bounds.</param>
    /// <param name="output">Where the first output goes.</param>
    /// <param name="count">How many are stored; all 4 from 4 on.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(
        Vector128<int> sums, ref byte multipliers, in Requantization requantization, ref byte output, int count)
    {
        Vector128<byte> bytes = Pack(Values(sums, ref multipliers, in requantization), default);
        PartialStore.Bytes(Bound(bytes, in requantization).AsUInt64().ToScalar(), ref output, count < 4 ? count : 4);
    }

    /// <summary>Stores the outputs of 8 lanes.</summary>
    /// <param name="first">The first 4 accumulators.</param>
    /// <param name="second">The other 4.</param>
    /// <param name="multipliers">Their multipliers (s32).</param>
    /// <param name="requantization">Shift, zero point and bounds.</param>
    /// <param name="output">Where the first output goes.</param>
    /// <param name="count">How many are stored; all 8 from 8 on.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(
        Vector128<int> first, Vector128<int> second, ref byte multipliers, in Requantization requantization, ref byte output, int count)
    {
        Vector128<byte> bytes = Pack(
            Values(first, ref multipliers, in requantization),
            Values(second, ref Unsafe.Add(ref multipliers, 16), in requantization));
        PartialStore.Bytes(Bound(bytes, in requantization).AsUInt64().ToScalar(), ref output, count);
    }

    private static bool Has512
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector512.IsHardwareAccelerated && Avx512BW.IsSupported;
    }

    /// <summary>Requantised values before the clamp, zero point included: below 2^31 in magnitude.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<int> Values(Vector256<int> sums, ref byte multipliers, in Requantization requantization)
    {
        if (requantization.LeftShift > 0)
        {
            Vector256<int> greatest = Vector256.Create(requantization.GreatestSum);
            sums = Avx2.Max(Avx2.Min(sums, greatest), -greatest);
            sums = Avx2.ShiftLeftLogical(sums, Vector128.CreateScalar(requantization.LeftShift));
        }

        Vector256<int> factors = Vector256.LoadUnsafe(ref multipliers).AsInt32();
        Vector256<long> even = Avx2.Multiply(sums, factors);
        Vector256<long> odd = Avx2.Multiply(
            Avx2.ShiftRightLogical(sums.AsInt64(), 32).AsInt32(), Avx2.ShiftRightLogical(factors.AsInt64(), 32).AsInt32());
        Vector256<int> upper = Avx2.Blend(Avx2.ShiftRightLogical(even, 32).AsInt32(), odd.AsInt32(), 0b10101010);
        return Avx2.ShiftRightArithmetic(
            unchecked(upper + Vector256.Create(requantization.Addend)), Vector128.CreateScalar(requantization.UpperShift));
    }

    /// <summary>Requantised values before the clamp, zero point included: below 2^31 in magnitude.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<int> Values(Vector128<int> sums, ref byte multipliers, in Requantization requantization)
    {
        if (requantization.LeftShift > 0)
        {
            Vector128<int> greatest = Vector128.Create(requantization.GreatestSum);
            sums = Vector128.Max(Vector128.Min(sums, greatest), -greatest);
            sums = Vector128.ShiftLeft(sums, requantization.LeftShift);
        }

        Vector128<int> factors = Vector128.LoadUnsafe(ref multipliers).AsInt32();
        Vector128<int> upper;
        if (AdvSimd.Arm64.IsSupported)
        {
            upper = AdvSimd.Arm64.UnzipOdd(
                AdvSimd.MultiplyWideningLower(sums.GetLower(), factors.GetLower()).AsInt32(),
                AdvSimd.MultiplyWideningUpper(sums, factors).AsInt32());
        }
        else
        {
            ProductLanes.Multiply(sums, factors, out Vector128<long> even, out Vector128<long> odd);
            upper = Vector128.ConditionalSelect(
                Vector128.Create(0xFFFFFFFFL).AsInt32(), Vector128.ShiftRightLogical(even, 32).AsInt32(), odd.AsInt32());
        }

        return Vector128.ShiftRightArithmetic(
            unchecked(upper + Vector128.Create(requantization.Addend)), requantization.UpperShift);
    }

    /// <summary>Sixteen values, clamped, as bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> Bytes(
        Vector128<int> values0, Vector128<int> values1, Vector128<int> values2, Vector128<int> values3,
        in Requantization requantization)
    {
        if (Sse2.IsSupported)
        {
            return Bound(
                Sse2.PackUnsignedSaturate(Sse2.PackSignedSaturate(values0, values1), Sse2.PackSignedSaturate(values2, values3)),
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

        Vector128<int> zero = Vector128<int>.Zero;
        Vector128<int> most = Vector128.Create(255);
        Vector128<ushort> clamped = Vector128.Narrow(
            Vector128.Min(Vector128.Max(first, zero), most).AsUInt32(), Vector128.Min(Vector128.Max(second, zero), most).AsUInt32());
        return Vector128.Narrow(clamped, clamped);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Bound(Vector128<byte> values, in Requantization requantization) =>
        Vector128.Min(
            Vector128.Max(values, Vector128.Create(unchecked((byte)requantization.Minimum))),
            Vector128.Create(unchecked((byte)requantization.Maximum)));
}
