namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Buffers.Binary;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.InteropServices;

/// <summary>
/// Sections of bytes of two different values, a bit each, between which stand runs of zeros: what fills up the layout of binary weights.
/// </summary>
internal static class SignCode
{
    /// <summary>Bytes before the runs: the two values, and how many runs there are (two bytes).</summary>
    public const int HeaderBytes = 4;

    /// <summary>Bytes of a run: how many values, how many zeros behind them, how often that repeats (four bytes each).</summary>
    public const int RunBytes = 12;

    /// <summary>
    /// Decodes sections. A section's code is its two values, the number of runs, the runs and the bits, the lowest one of a byte first; a
    /// bit is the number of its value. Bits that the last byte has too many are zero.
    /// </summary>
    /// <param name="w">The resource as weights and the weights' memory as arena.</param>
    /// <param name="sections">The sections, as <see cref="CodedWeights"/> says; elements are bytes side by side.</param>
    /// <exception cref="System.IO.InvalidDataException">The code is damaged.</exception>
    public static void Decode(Workspace w, ReadOnlySpan<int> sections)
    {
        for (int s = 0; s < sections.Length; s += CodedWeights.Fields)
            Section(w.WeightSpan<byte>(sections[s], sections[s + 1]), w.ArenaSpan<byte>(sections[s + 2], sections[s + 3]));
    }

    private static void Section(ReadOnlySpan<byte> source, Span<byte> target)
    {
        if (source.Length < HeaderBytes)
            throw CodedWeights.Damaged();
        byte first = source[0];
        byte second = source[1];
        int runs = BinaryPrimitives.ReadUInt16LittleEndian(source.Slice(2));
        if (source.Length < HeaderBytes + (runs * RunBytes))
            throw CodedWeights.Damaged();
        ReadOnlySpan<byte> bits = source.Slice(HeaderBytes + (runs * RunBytes));
        int place = 0;
        int bit = 0;
        for (int run = 0; run < runs; run++)
        {
            ReadOnlySpan<byte> fields = source.Slice(HeaderBytes + (run * RunBytes), RunBytes);
            int signs = BinaryPrimitives.ReadInt32LittleEndian(fields);
            int zeros = BinaryPrimitives.ReadInt32LittleEndian(fields.Slice(4));
            int repetitions = BinaryPrimitives.ReadInt32LittleEndian(fields.Slice(8));
            long length = (long)signs + zeros;
            if (signs < 0 || zeros < 0 || length == 0 || repetitions < 1 || repetitions > (target.Length - place) / length
                || (long)signs * repetitions > (bits.Length * 8L) - bit)
                throw CodedWeights.Damaged();

            // What lies between is zero already.
            for (int i = 0; i < repetitions; i++)
            {
                Spread(bits, bit, target.Slice(place, signs), first, second);
                bit += signs;
                place += signs + zeros;
            }
        }

        if (place != target.Length || bits.Length != (int)((bit + 7L) / 8) || (bit % 8 != 0 && bits[bits.Length - 1] >> (bit % 8) != 0))
            throw CodedWeights.Damaged();
    }

    // Loading runs once: there is no time for a loop to be compiled again.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Spread(ReadOnlySpan<byte> bits, int bit, Span<byte> target, byte first, byte second)
    {
        int difference = first ^ second;
        int i = 0;

        // Eight bits become eight bytes: each byte has one of them, then all its bits are that one.
        ulong firsts = first * 0x0101010101010101UL;
        ref byte to = ref MemoryMarshal.GetReference(target);
        for (; i + 8 <= target.Length && (bit >> 3) + 1 < bits.Length; i += 8, bit += 8)
        {
            uint eight = (uint)(bits[bit >> 3] | (bits[(bit >> 3) + 1] << 8)) >> (bit & 7) & 255;
            ulong spread = (eight * 0x0101010101010101UL) & 0x8040201008040201UL;
            ulong ones = ((spread + 0x7F7F7F7F7F7F7F7FUL) >> 7) & 0x0101010101010101UL;
            ulong signs = firsts ^ (ones * (uint)difference);
            if (!BitConverter.IsLittleEndian)
                signs = BinaryPrimitives.ReverseEndianness(signs);
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, i), signs);
        }

        for (; i < target.Length; i++, bit++)
            target[i] = (byte)(first ^ (difference & -((bits[bit >> 3] >> (bit & 7)) & 1)));
    }
}
