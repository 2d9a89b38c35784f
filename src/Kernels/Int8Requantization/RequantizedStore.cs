namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// Turns the accumulators of a tile into outputs (docs/arithmetic.md, Requantisation) and stores them: exactly as many as there are,
/// because the bytes behind a row of channels belong to the next pixel or to the border.
/// </summary>
/// <remarks>
/// AVX2 has no arithmetic shift of 64-bit lanes. Products are below 2^62 in magnitude, so that adding 2^62, which is a multiple of
/// 2^shift, makes them positive; a logical shift then does, and 2^(62 − shift) is subtracted afterwards. From a shift of 32 on the
/// result fits 32 bits; below, it is clamped in 64 bits first.
/// </remarks>
internal static class RequantizedStore
{
    /// <summary>Requantises and stores the rows of a tile.</summary>
    /// <param name="arena">Byte 0 of the arena.</param>
    /// <param name="sums">The accumulators, a multiple of 8 to a row.</param>
    /// <param name="pitch">Accumulators from one row to the next.</param>
    /// <param name="outputs">For each row the arena offset of its first output.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="channels">Outputs of a row.</param>
    /// <param name="multipliers">The multipliers (s32), a multiple of 8.</param>
    /// <param name="requantization">Shift, zero point and bounds.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows(
        ref byte arena, ref int sums, int pitch, ref int outputs, int rows, int channels, ref byte multipliers,
        in Requantization requantization)
    {
        if (Avx2.IsSupported && channels > 8 && requantization.FitsUpperHalves)
            RowsOfBytes(ref arena, ref sums, pitch, ref outputs, rows, channels, ref multipliers, in requantization);
        else if (RequantizedRow.IsSupported && requantization.FitsUpperHalves)
            RowsOfEights(ref arena, ref sums, pitch, ref outputs, rows, channels, ref multipliers, in requantization);
        else if (Avx2.IsSupported && requantization.IsWideOfUpperHalves)
            RowsOfSums(ref arena, ref sums, pitch, ref outputs, rows, channels, ref multipliers, in requantization);
        else if (Avx2.IsSupported)
            Rows256(ref arena, ref sums, pitch, ref outputs, rows, channels, ref multipliers, in requantization);
        else if (ProductLanes.Has128)
            Rows128(ref arena, ref sums, pitch, ref outputs, rows, channels, ref multipliers, in requantization);
        else
            RowsScalar(ref arena, ref sums, pitch, ref outputs, rows, channels, ref multipliers, in requantization);
    }

    /// <summary>The same without vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void RowsScalar(
        ref byte arena, ref int sums, int pitch, ref int outputs, int rows, int channels, ref byte multipliers,
        in Requantization requantization)
    {
        unchecked
        {
            for (int row = 0; row < rows; row++)
            {
                ref byte output = ref Unsafe.Add(ref arena, (nint)Unsafe.Add(ref outputs, row));
                for (int channel = 0; channel < channels; channel++)
                {
                    long sum = Unsafe.Add(ref sums, (row * pitch) + channel);
                    int value = requantization.Apply(sum * Unsafe.ReadUnaligned<int>(ref Unsafe.Add(ref multipliers, channel * 4)));
                    if (requantization.IsWide)
                        Unsafe.WriteUnaligned(ref Unsafe.Add(ref output, channel * 4), value);
                    else
                        Unsafe.Add(ref output, channel) = (byte)value;
                }
            }
        }
    }

    /// <summary>
    /// Sixteen channels at a time with AVX2, u8 outputs and the upper halves of products: nearly every call of nearly every model.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RowsOfBytes(
        ref byte arena, ref int sums, int pitch, ref int outputs, int rows, int channels, ref byte multipliers,
        in Requantization requantization)
    {
        unchecked
        {
            for (int row = 0; row < rows; row++)
            {
                ref int source = ref Unsafe.Add(ref sums, row * pitch);
                ref byte output = ref Unsafe.Add(ref arena, (nint)Unsafe.Add(ref outputs, row));
                for (int channel = 0; channel < channels; channel += 16)
                {
                    // Multipliers and sums come in eights: of a last eight, the sixteen would reach behind them.
                    int next = channels - channel > 8 ? channel + 8 : channel;
                    Vector256<int> first = Vector256.LoadUnsafe(ref Unsafe.Add(ref source, channel));
                    Vector256<int> second = Vector256.LoadUnsafe(ref Unsafe.Add(ref source, next));
                    if (requantization.LeftShift > 0)
                    {
                        first = RequantizedRow.Raise(first, in requantization);
                        second = RequantizedRow.Raise(second, in requantization);
                    }

                    Vector128<byte> bytes = RequantizedRow.Bytes(
                        first, second, Vector256.LoadUnsafe(ref Unsafe.Add(ref multipliers, channel * 4)).AsInt32(),
                        Vector256.LoadUnsafe(ref Unsafe.Add(ref multipliers, next * 4)).AsInt32(), in requantization).GetLower().AsByte();
                    PartialStore.Bytes(bytes, ref Unsafe.Add(ref output, channel), channels - channel);
                }
            }
        }
    }

    /// <summary>Eight channels at a time with any vectors, u8 outputs and the upper halves of products.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RowsOfEights(
        ref byte arena, ref int sums, int pitch, ref int outputs, int rows, int channels, ref byte multipliers,
        in Requantization requantization)
    {
        unchecked
        {
            for (int channel = 0; channel < channels; channel += 8)
            {
                Vector128<int> multipliers0 = Vector128.LoadUnsafe(ref Unsafe.Add(ref multipliers, channel * 4)).AsInt32();
                Vector128<int> multipliers1 = Vector128.LoadUnsafe(ref Unsafe.Add(ref multipliers, (channel * 4) + 16)).AsInt32();
                for (int row = 0; row < rows; row++)
                {
                    ref int source = ref Unsafe.Add(ref sums, (row * pitch) + channel);
                    Vector128<int> first = Vector128.LoadUnsafe(ref source);
                    Vector128<int> second = Vector128.LoadUnsafe(ref source, 4);
                    if (requantization.LeftShift > 0)
                    {
                        first = RequantizedRow.Raise(first, in requantization);
                        second = RequantizedRow.Raise(second, in requantization);
                    }

                    Vector128<int> bytes = RequantizedRow.Bytes(first, second, multipliers0, multipliers1, in requantization);
                    PartialStore.Bytes(
                        bytes.AsUInt64().ToScalar(), ref Unsafe.Add(ref arena, (nint)Unsafe.Add(ref outputs, row) + channel),
                        channels - channel);
                }
            }
        }
    }

    /// <summary>Eight channels at a time with AVX2, s32 outputs and the upper halves of products.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RowsOfSums(
        ref byte arena, ref int sums, int pitch, ref int outputs, int rows, int channels, ref byte multipliers,
        in Requantization requantization)
    {
        unchecked
        {
            for (int row = 0; row < rows; row++)
            {
                ref int source = ref Unsafe.Add(ref sums, row * pitch);
                ref byte output = ref Unsafe.Add(ref arena, (nint)Unsafe.Add(ref outputs, row));
                for (int channel = 0; channel < channels; channel += 8)
                {
                    Vector256<int> values = RequantizedRow.Values(
                        Vector256.LoadUnsafe(ref Unsafe.Add(ref source, channel)),
                        Vector256.LoadUnsafe(ref Unsafe.Add(ref multipliers, channel * 4)).AsInt32(), in requantization);
                    ref byte to = ref Unsafe.Add(ref output, channel * 4);
                    if (channels - channel >= 8)
                        values.AsByte().StoreUnsafe(ref to);
                    else
                        StorePart(values, ref to, channels - channel);
                }
            }
        }
    }

    /// <summary>Eight channels at a time with AVX2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows256(
        ref byte arena, ref int sums, int pitch, ref int outputs, int rows, int channels, ref byte multipliers,
        in Requantization requantization)
    {
        unchecked
        {
            int shift = requantization.Shift;
            bool wide = requantization.IsWide;
            Vector128<int> count = Vector128.CreateScalar(shift);
            Vector256<long> rounding = Vector256.Create((1L << 62) + (1L << (shift - 1)));
            long bias = 1L << (62 - shift);
            Vector256<long> least = Vector256.Create(bias + (wide ? int.MinValue : -(1L << 30)));
            Vector256<long> greatest = Vector256.Create(bias + (wide ? int.MaxValue : 1L << 30));
            Vector256<int> correction = Vector256.Create(requantization.ZeroPoint - (int)bias);
            Vector256<int> minimum = Vector256.Create(requantization.Minimum);
            Vector256<int> maximum = Vector256.Create(requantization.Maximum);
            for (int channel = 0; channel < channels; channel += 8)
            {
                Vector256<int> multiplier = Vector256.LoadUnsafe(ref Unsafe.Add(ref multipliers, channel * 4)).AsInt32();
                Vector256<int> oddMultiplier = Avx2.ShiftRightLogical(multiplier.AsInt64(), 32).AsInt32();
                int left = channels - channel;
                for (int row = 0; row < rows; row++)
                {
                    Vector256<int> sum = Vector256.LoadUnsafe(ref Unsafe.Add(ref sums, (row * pitch) + channel));
                    Vector256<long> even = Avx2.Multiply(sum, multiplier) + rounding;
                    Vector256<long> odd = Avx2.Multiply(Avx2.ShiftRightLogical(sum.AsInt64(), 32).AsInt32(), oddMultiplier) + rounding;
                    even = Avx2.ShiftRightLogical(even, count.AsInt64());
                    odd = Avx2.ShiftRightLogical(odd, count.AsInt64());
                    if (shift < 32)
                    {
                        even = Clamp(even, least, greatest);
                        odd = Clamp(odd, least, greatest);
                    }

                    Vector256<int> value = Avx2.Blend(even.AsInt32(), Avx2.ShiftLeftLogical(odd, 32).AsInt32(), 0b10101010) + correction;
                    ref byte output = ref Unsafe.Add(ref arena, (nint)Unsafe.Add(ref outputs, row));
                    if (wide)
                    {
                        ref byte to = ref Unsafe.Add(ref output, channel * 4);
                        if (left >= 8)
                            value.AsByte().StoreUnsafe(ref to);
                        else
                            StorePart(value, ref to, left);
                        continue;
                    }

                    value = Avx2.Min(Avx2.Max(value, minimum), maximum);
                    Vector128<short> words = Sse2.PackSignedSaturate(value.GetLower(), value.GetUpper());
                    PartialStore.Bytes(
                        Sse2.PackUnsignedSaturate(words, words).AsUInt64().ToScalar(), ref Unsafe.Add(ref output, channel), left);
                }
            }
        }
    }

    /// <summary>Four channels at a time with SSE4.1 or AdvSimd.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows128(
        ref byte arena, ref int sums, int pitch, ref int outputs, int rows, int channels, ref byte multipliers,
        in Requantization requantization)
    {
        unchecked
        {
            int shift = requantization.Shift;
            bool wide = requantization.IsWide;
            Vector128<long> rounding = Vector128.Create((1L << 62) + (1L << (shift - 1)));
            long bias = 1L << (62 - shift);
            Vector128<long> least = Vector128.Create(bias + (wide ? int.MinValue : -(1L << 30)));
            Vector128<long> greatest = Vector128.Create(bias + (wide ? int.MaxValue : 1L << 30));
            Vector128<int> correction = Vector128.Create(requantization.ZeroPoint - (int)bias);
            Vector128<int> minimum = Vector128.Create(requantization.Minimum);
            Vector128<int> maximum = Vector128.Create(requantization.Maximum);
            for (int channel = 0; channel < channels; channel += 4)
            {
                Vector128<int> multiplier = Vector128.LoadUnsafe(ref Unsafe.Add(ref multipliers, channel * 4)).AsInt32();
                int left = channels - channel;
                for (int row = 0; row < rows; row++)
                {
                    Vector128<int> sum = Vector128.LoadUnsafe(ref Unsafe.Add(ref sums, (row * pitch) + channel));
                    ProductLanes.Multiply(sum, multiplier, out Vector128<long> even, out Vector128<long> odd);
                    even = LaneShifts.RightLogical(even + rounding, shift);
                    odd = LaneShifts.RightLogical(odd + rounding, shift);
                    if (shift < 32)
                    {
                        even = Vector128.Min(Vector128.Max(even, least), greatest);
                        odd = Vector128.Min(Vector128.Max(odd, least), greatest);
                    }

                    Vector128<int> value = ((even & Vector128.Create(0xFFFFFFFFL)) | LaneShifts.Left(odd, 32)).AsInt32() + correction;
                    ref byte output = ref Unsafe.Add(ref arena, (nint)Unsafe.Add(ref outputs, row));
                    if (wide)
                    {
                        ref byte to = ref Unsafe.Add(ref output, channel * 4);
                        if (left >= 4)
                        {
                            value.AsByte().StoreUnsafe(ref to);
                        }
                        else
                        {
                            for (int i = 0; i < left; i++)
                                Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, i * 4), value.GetElement(i));
                        }

                        continue;
                    }

                    value = Vector128.Min(Vector128.Max(value, minimum), maximum);
                    Vector128<ushort> words = Vector128.Narrow(value.AsUInt32(), value.AsUInt32());
                    ulong bytes = Vector128.Narrow(words, words).AsUInt64().ToScalar();
                    PartialStore.Bytes(bytes, ref Unsafe.Add(ref output, channel), left < 4 ? left : 4);
                }
            }
        }
    }

    /// <summary>Clamps 64-bit lanes, for which AVX2 has a comparison only.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<long> Clamp(Vector256<long> value, Vector256<long> least, Vector256<long> greatest)
    {
        value = Avx2.BlendVariable(value, greatest, Avx2.CompareGreaterThan(value, greatest));
        return Avx2.BlendVariable(value, least, Avx2.CompareGreaterThan(least, value));
    }

    /// <summary>Stores the first of eight s32.</summary>
    private static void StorePart(Vector256<int> values, ref byte output, int count)
    {
        unchecked
        {
            for (int i = 0; i < count; i++)
                Unsafe.WriteUnaligned(ref Unsafe.Add(ref output, i * 4), values.GetElement(i));
        }
    }
}
