namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Numerics;
using global::System.Runtime.CompilerServices;

/// <summary>
/// Sections of which few elements are not zero: how many zeros stand before each of those, in a Rice code (S. Golomb, "Run-length
/// encodings", 1966, with a power of two as the parameter), and their values, as they are or as numbers in a list of different ones.
/// </summary>
internal static class SparseCode
{
    /// <summary>Bytes before the runs: parameter, different values, values, bytes of the runs.</summary>
    public const int HeaderBytes = 12;

    /// <summary>The greatest parameter: a run of 65,536 zeros for each bit of the unary part.</summary>
    public const int GreatestParameter = 16;

    /// <summary>
    /// Decodes sections. A section's code is the Rice parameter (a byte), the bits of a number in the list of values (a byte, 0 where
    /// there is no list), the list's length (two bytes), the number of values, the bytes of the runs (four bytes each), the runs, the
    /// list, and the values. A run is as many zero bits as its quotient, a one, and the remainder, lowest bits first.
    /// </summary>
    /// <param name="w">The resource as weights and the weights' memory as arena.</param>
    /// <param name="sections">The sections, as <see cref="CodedWeights"/> says.</param>
    /// <exception cref="System.IO.InvalidDataException">The code is damaged.</exception>
    public static void Decode(Workspace w, ReadOnlySpan<int> sections)
    {
        for (int s = 0; s < sections.Length; s += CodedWeights.Fields)
        {
            int count = sections[s + 3], width = sections[s + 4];
            ReadOnlySpan<byte> source = w.WeightSpan<byte>(sections[s], sections[s + 1]);
            Section(source, w.ArenaSpan<byte>(sections[s + 2], count * width), count, width);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Section(ReadOnlySpan<byte> source, Span<byte> target, int count, int width)
    {
        if (source.Length < HeaderBytes)
            throw CodedWeights.Damaged();
        int parameter = source[0], bitsOfValue = source[1], different = source[2] | (source[3] << 8);
        int values = Number(source, 4), runBytes = Number(source, 8);
        if (parameter > GreatestParameter || bitsOfValue > 8 || different > 256 || different > 1 << bitsOfValue || values < 0
            || values > count || runBytes < 0 || runBytes > source.Length - HeaderBytes)
            throw CodedWeights.Damaged();
        ReadOnlySpan<byte> runs = source.Slice(HeaderBytes, runBytes), rest = source.Slice(HeaderBytes + runBytes);
        long bytesOfValues = different > 0 ? (((long)values * bitsOfValue) + 7) / 8 : (long)values * width;
        if (rest.Length != (different * width) + bytesOfValues)
            throw CodedWeights.Damaged();
        ReadOnlySpan<byte> list = rest.Slice(0, different * width);
        rest = rest.Slice(list.Length);
        var ofRuns = default(BitSource);
        var ofValues = default(BitSource);
        int place = -1;
        for (int i = 0; i < values; i++)
        {
            long next = place + 1L + Run(ref ofRuns, runs, parameter);
            if (next >= count)
                throw CodedWeights.Damaged();
            place = (int)next;
            int number = i;
            ReadOnlySpan<byte> from = rest;
            if (different > 0)
            {
                ofValues.Fill(rest);
                number = (int)(ofValues.Bits & ((1UL << bitsOfValue) - 1));
                ofValues.Bits >>= bitsOfValue;
                ofValues.Count -= bitsOfValue;
                if (number >= different)
                    throw CodedWeights.Damaged();
                from = list;
            }
            if (width == 1)
                target[place] = from[number];
            else
                from.Slice(number * width, width).CopyTo(target.Slice(place * width));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long Run(ref BitSource bits, ReadOnlySpan<byte> runs, int parameter)
    {
        long quotient = 0;
        bits.Fill(runs);
        while (bits.Bits == 0)
        {
            if (bits.Count == 0)
                throw CodedWeights.Damaged();
            quotient += bits.Count;
            bits.Count = 0;
            bits.Fill(runs);
        }
        int zeros = BitOperations.TrailingZeroCount(bits.Bits);
        bits.Bits = bits.Bits >> zeros >> 1;
        bits.Count -= zeros + 1;
        if (bits.Count < parameter)
            bits.Fill(runs);
        if (bits.Count < parameter)
            throw CodedWeights.Damaged();
        long remainder = (long)(bits.Bits & ((1UL << parameter) - 1));
        bits.Bits >>= parameter;
        bits.Count -= parameter;
        return ((quotient + zeros) << parameter) + remainder;
    }

    private static int Number(ReadOnlySpan<byte> source, int position) =>
        source[position] | (source[position + 1] << 8) | (source[position + 2] << 16) | (source[position + 3] << 24);
}
