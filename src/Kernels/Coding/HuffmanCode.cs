namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.InteropServices;

/// <summary>
/// Sections in a canonical Huffman code (D. Huffman, "A Method for the Construction of Minimum-Redundancy Codes", 1952; canonical: E.
/// Schwartz and B. Kallick 1964) of at most <see cref="LongestCode"/> bits a symbol, of which a look-up decodes one, or two where both are
/// as short as that together.
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

        // An entry: the symbols that begin with these bits, the bits of the first, how many symbols these are, and the bits of all, which
        // the next look-up waits for.
        private const int BitsOfFirst = 16, Number = 20, BitsOfAll = 28;

        // Shorter codes are read before entries for pairs of symbols would be made.
        private const int WorthPairs = 1 << 13;

        private BitSource _bits;

        public void Begin(ReadOnlySpan<byte> source, int position, ReadOnlySpan<byte> values, Span<byte> tables)
        {
            int lengthBytes = (values.Length + 1) / 2;
            if (source.Length < position + lengthBytes)
                throw CodedWeights.Damaged();
            ReadOnlySpan<byte> lengths = source.Slice(position, lengthBytes);
            _bits.Position = position + lengthBytes;

            // Codes of a length follow one another in the order of the symbols, shorter ones first; they fill the table exactly.
            Span<uint> table = MemoryMarshal.Cast<byte, uint>(tables).Slice(0, Entries);
            // Where the codes of each length begin.
            Span<int> next = stackalloc int[16];
            next.Clear();
            for (int s = 0; s < values.Length; s++)
                next[LengthOf(lengths, s)]++;
            int code = 0;
            for (int length = 1; length <= LongestCode; length++)
            {
                int first = code;
                code += next[length] << (LongestCode - length);
                next[length] = first;
            }
            if (code != Entries)
                throw CodedWeights.Damaged();
            for (int s = 0; s < values.Length; s++)
            {
                int length = LengthOf(lengths, s);
                if (length is 0 or > LongestCode)
                    continue;
                uint entry = values[s] | ((uint)length << BitsOfAll) | ((uint)length << BitsOfFirst) | (1u << Number);
                for (int i = Reversed(next[length]); i < Entries; i += 1 << length)
                    table[i] = entry;
                next[length] += 1 << (LongestCode - length);
            }
            if (source.Length >= WorthPairs)
                AddPairs(table);
        }

        // The bits behind a symbol are the lowest of an entry further down, which is still a single one.
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void AddPairs(Span<uint> table)
        {
            for (int i = table.Length - 1; i >= 0; i--)
            {
                uint entry = table[i];
                int length = (int)(entry >> BitsOfFirst) & 15;
                uint next = table[i >> length];
                uint both = (uint)length + ((next >> BitsOfFirst) & 15);
                if (both <= LongestCode)
                    table[i] = (entry & 255) | ((next & 255) << 8) | (both << BitsOfAll) | ((uint)length << BitsOfFirst) | (2u << Number);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Next(ReadOnlySpan<byte> source, ReadOnlySpan<byte> tables, Span<byte> target)
        {
            BitSource bits = _bits;
            int i = 0;
            ref uint table = ref MemoryMarshal.GetReference(MemoryMarshal.Cast<byte, uint>(tables).Slice(0, Entries));
            ref byte to = ref MemoryMarshal.GetReference(target);
            // Two bytes are written at a time: where it was one symbol, the next look-up writes over the second.
            for (; i + 8 <= target.Length && bits.HasWord(source);)
            {
                bits.FillFast(source);
                for (int k = 0; k < 4; k++)
                {
                    uint entry = Unsafe.Add(ref table, (nint)(bits.Bits & (Entries - 1)));
                    Unsafe.Add(ref to, i) = (byte)entry;
                    Unsafe.Add(ref to, i + 1) = (byte)(entry >> 8);
                    int taken = (int)(entry >> BitsOfAll);
                    bits.Bits >>= taken;
                    bits.Count -= taken;
                    i += (int)(entry >> Number) & 3;
                }
            }
            for (; i < target.Length; i++)
            {
                bits.Fill(source);
                uint entry = Unsafe.Add(ref table, (nint)(bits.Bits & (Entries - 1)));
                int length = (int)(entry >> BitsOfFirst) & 15;
                if (bits.Count < length)
                    throw CodedWeights.Damaged();
                target[i] = (byte)entry;
                bits.Bits >>= length;
                bits.Count -= length;
            }
            _bits = bits;
        }

        public readonly void End(ReadOnlySpan<byte> source)
        {
            if (!_bits.IsAtEnd(source))
                throw CodedWeights.Damaged();
        }

        private static int LengthOf(ReadOnlySpan<byte> lengths, int symbol) => (lengths[symbol / 2] >> (4 * (symbol % 2))) & 15;

        // The first bit of a code is the lowest one that is read. Neighbouring bits change places, then pairs, fours and bytes.
        private static int Reversed(int code)
        {
            code = ((code & 0x5555) << 1) | ((code >> 1) & 0x5555);
            code = ((code & 0x3333) << 2) | ((code >> 2) & 0x3333);
            code = ((code & 0x0F0F) << 4) | ((code >> 4) & 0x0F0F);
            return (((code & 0xFF) << 8) | (code >> 8)) >> (16 - LongestCode);
        }
    }
}
