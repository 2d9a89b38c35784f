namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.InteropServices;

/// <summary>
/// Sections in a canonical Huffman code (D. Huffman, "A Method for the Construction of Minimum-Redundancy Codes", 1952; canonical: E.
/// Schwartz and B. Kallick 1964) of at most <see cref="LongestCode"/> bits a symbol, of which a table decodes one look-up each.
/// </summary>
internal static class HuffmanCode
{
    /// <summary>The most bits of a symbol.</summary>
    public const int LongestCode = 12;

    /// <summary>Decodes sections. Behind the elements stand the code lengths, four bits each, then the bits.</summary>
    /// <param name="w">The resource as weights and the weights' memory as arena.</param>
    /// <param name="sections">The sections, as <see cref="CodedWeights"/> says.</param>
    /// <exception cref="System.IO.InvalidDataException">The code is damaged.</exception>
    public static void Decode(Workspace w, ReadOnlySpan<int> sections) => CodedWeights.Decode<Symbols>(w, sections);

    private struct Symbols : ISymbolDecoder
    {
        private const int Entries = 1 << LongestCode;

        private BitSource _bits;

        public void Begin(ReadOnlySpan<byte> source, int position, ReadOnlySpan<byte> values, Span<byte> tables)
        {
            int lengthBytes = (values.Length + 1) / 2;
            if (source.Length < position + lengthBytes)
                throw CodedWeights.Damaged();
            ReadOnlySpan<byte> lengths = source.Slice(position, lengthBytes);
            _bits.Position = position + lengthBytes;

            // Codes of a length follow one another in the order of the symbols, shorter ones first; they fill the table exactly.
            Span<ushort> table = MemoryMarshal.Cast<byte, ushort>(tables).Slice(0, Entries);
            int code = 0;
            for (int length = 1; length <= LongestCode; length++)
            {
                int size = 1 << (LongestCode - length);
                for (int s = 0; s < values.Length; s++)
                {
                    if (((lengths[s / 2] >> (4 * (s % 2))) & 15) != length)
                        continue;
                    if (code + size > Entries)
                        throw CodedWeights.Damaged();
                    int first = Reversed(code);
                    for (int i = first; i < Entries; i += 1 << length)
                        table[i] = (ushort)(values[s] | (length << 8));
                    code += size;
                }
            }
            if (code != Entries)
                throw CodedWeights.Damaged();
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Next(ReadOnlySpan<byte> source, ReadOnlySpan<byte> tables, Span<byte> target)
        {
            BitSource bits = _bits;
            int i = 0;
            ref ushort table = ref MemoryMarshal.GetReference(MemoryMarshal.Cast<byte, ushort>(tables).Slice(0, Entries));
            ref byte to = ref MemoryMarshal.GetReference(target);
            for (; i + 4 <= target.Length && bits.HasWord(source); i += 4)
            {
                bits.FillFast(source);
                for (int k = 0; k < 4; k++)
                {
                    int entry = Unsafe.Add(ref table, (nint)(bits.Bits & (Entries - 1)));
                    Unsafe.Add(ref to, i + k) = (byte)entry;
                    bits.Bits >>= entry >> 8;
                    bits.Count -= entry >> 8;
                }
            }
            for (; i < target.Length; i++)
            {
                bits.Fill(source);
                int entry = Unsafe.Add(ref table, (nint)(bits.Bits & (Entries - 1)));
                if (bits.Count < entry >> 8)
                    throw CodedWeights.Damaged();
                target[i] = (byte)entry;
                bits.Bits >>= entry >> 8;
                bits.Count -= entry >> 8;
            }
            _bits = bits;
        }

        public readonly void End(ReadOnlySpan<byte> source)
        {
            if (!_bits.IsAtEnd(source))
                throw CodedWeights.Damaged();
        }

        // The first bit of a code is the lowest one that is read.
        private static int Reversed(int code)
        {
            int reversed = 0;
            for (int b = 0; b < LongestCode; b++)
                reversed |= ((code >> b) & 1) << (LongestCode - 1 - b);
            return reversed;
        }
    }
}
