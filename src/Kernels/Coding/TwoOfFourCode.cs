namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;

/// <summary>
/// Sections of bytes of which at most two of each four are not zero (2:4 sparsity): these two, as they are or as numbers in a list of
/// different ones, and which of the six pairs of places they have, three quads to a byte.
/// </summary>
internal static class TwoOfFourCode
{
    /// <summary>
    /// Bytes before the pairs: the bits of a number in the list of values (8 where there is no list), and the list's length less one.
    /// </summary>
    public const int HeaderBytes = 2;

    /// <summary>The pairs of places: 6.</summary>
    public const int Pairs = 6;

    /// <summary>Quads whose pairs share a byte: 6³ is 216.</summary>
    public const int QuadsInAByte = 3;

    /// <summary>
    /// Decodes sections. A section's code is the bits of a number in the list (a byte), the list's length less one (a byte; 0 where there
    /// is no list), the pairs (the first quad's number, six times the second's, 36 times the third's: a byte), the list, and the values,
    /// lowest bits first. Pairs are 0 and 1, 0 and 2, 0 and 3, 1 and 2, 1 and 3, 2 and 3.
    /// </summary>
    /// <param name="w">The resource as weights and the weights' memory as arena.</param>
    /// <param name="sections">The sections, as <see cref="CodedWeights"/> says; elements are bytes side by side.</param>
    /// <exception cref="System.IO.InvalidDataException">The code is damaged.</exception>
    public static void Decode(Workspace w, ReadOnlySpan<int> sections)
    {
        for (int s = 0; s < sections.Length; s += CodedWeights.Fields)
            Section(w.WeightSpan<byte>(sections[s], sections[s + 1]), w.ArenaSpan<byte>(sections[s + 2], sections[s + 3]));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Section(ReadOnlySpan<byte> source, Span<byte> target)
    {
        int quads = target.Length / 4;
        int groups = (quads + QuadsInAByte - 1) / QuadsInAByte;
        if (source.Length < HeaderBytes)
            throw CodedWeights.Damaged();
        int bits = source[0];
        int listed = bits == 8 ? 0 : source[1] + 1;
        long bytes = HeaderBytes + groups + listed + ((((long)quads * 2 * bits) + 7) / 8);
        if (bits < 1 || bits > 8 || listed > 1 << bits || source.Length != bytes || target.Length % 4 != 0)
            throw CodedWeights.Damaged();
        ReadOnlySpan<byte> pairs = source.Slice(HeaderBytes, groups);
        ReadOnlySpan<byte> list = source.Slice(HeaderBytes + groups, listed);
        ReadOnlySpan<byte> values = source.Slice(HeaderBytes + groups + listed);
        ReadOnlySpan<byte> first = [0, 0, 0, 1, 1, 2];
        ReadOnlySpan<byte> second = [1, 2, 3, 2, 3, 3];
        var numbers = default(BitSource);
        int quad = 0;
        for (int group = 0; group < groups; group++)
        {
            int left = pairs[group];
            for (int i = 0; i < QuadsInAByte && quad < quads; i++, quad++)
            {
                int pair = left % Pairs;
                left /= Pairs;
                Span<byte> four = target.Slice(quad * 4, 4);
                byte a;
                byte b;
                if (listed == 0)
                {
                    a = values[quad * 2];
                    b = values[(quad * 2) + 1];
                }
                else
                {
                    a = Next(ref numbers, values, list, bits);
                    b = Next(ref numbers, values, list, bits);
                }

                four[first[pair]] = a;
                four[second[pair]] = b;
            }

            if (left != 0)
                throw CodedWeights.Damaged();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte Next(ref BitSource numbers, ReadOnlySpan<byte> values, ReadOnlySpan<byte> list, int bits)
    {
        numbers.Fill(values);
        int number = (int)(numbers.Bits & ((1UL << bits) - 1));
        numbers.Bits >>= bits;
        numbers.Count -= bits;
        if (number >= list.Length)
            throw CodedWeights.Damaged();
        return list[number];
    }
}
