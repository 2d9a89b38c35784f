namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Numerics;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.InteropServices;

/// <summary>
/// Sections in a range variant of asymmetric numeral systems (J. Duda, "Asymmetric numeral systems: entropy coding combining speed of
/// Huffman coding with compression rate of arithmetic coding", arXiv 1311.2540, section 2.3) with frequencies of its own for each section:
/// four states take turns, so that their look-ups overlap; each is renormalised by 16 bits at a time.
/// </summary>
internal static class RansCode
{
    /// <summary>The fewest and the most bits of the scale of frequencies.</summary>
    public const int LeastScale = 8, GreatestScale = 14;

    /// <summary>The bits of a frequency from which the first one's distance counts.</summary>
    public const int FirstLength = 6;

    /// <summary>The least state; between symbols states lie from here to 65,536 times as much.</summary>
    public const uint Least = 1 << 16;

    /// <summary>
    /// Decodes sections. Behind the elements stand the bits of the scale (a byte), the frequency of each symbol but the last, up to the end
    /// of a byte, the four states of 32 bits, and the words of 16 bits. A frequency is how far its length in bits lies from that of the one
    /// before (<see cref="FirstLength"/> before the first), and its bits below the highest, lowest first: neighbouring weights are about
    /// as frequent. The distance d is a number in unary, zeros and then a one: 2d where it is not negative, else −2d − 1.
    /// </summary>
    /// <param name="w">The resource as weights and the weights' memory as arena.</param>
    /// <param name="sections">The sections, as <see cref="CodedWeights"/> says.</param>
    /// <exception cref="System.IO.InvalidDataException">The code is damaged.</exception>
    public static void Decode(Workspace w, ReadOnlySpan<int> sections) => CodedWeights.Decode<Symbols>(w, sections);

    private struct Symbols : ISymbolDecoder
    {
        private uint _a;
        private uint _b;
        private uint _c;
        private uint _d;
        private int _scale;
        private int _position;

        // Up to this scale a slot's value and interval are one number of 32 bits: value, frequency, and how far the slot lies in it.
        private const int SmallScale = 12;

        // Loading runs once: loops that are compiled twice cost more than they take.
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Begin(ReadOnlySpan<byte> source, int position, ReadOnlySpan<byte> values, Span<byte> tables)
        {
            if (position >= source.Length)
                throw CodedWeights.Damaged();
            _scale = source[position++];
            if (_scale is < LeastScale or > GreatestScale)
                throw CodedWeights.Damaged();
            Span<byte> slots = tables.Slice(0, 1 << _scale);
            Span<uint> small = MemoryMarshal.Cast<byte, uint>(tables).Slice(0, 1 << SmallScale);
            Span<uint> intervals = Intervals(tables);
            Span<byte> bytes = tables.Slice(TablesOfValues, 256);
            values.CopyTo(bytes);
            int start = 0;
            int length = FirstLength;
            var bits = default(BitSource);
            bits.Position = position;
            for (int s = 0; s < values.Length; s++)
            {
                int frequency = slots.Length - start;
                if (s < values.Length - 1)
                    frequency = Frequency(ref bits, source, ref length);
                if (frequency < 1 || frequency > slots.Length - start)
                    throw CodedWeights.Damaged();
                intervals[s] = ((uint)frequency << 16) | (uint)start;
                if (_scale > SmallScale)
                    slots.Slice(start, frequency).Fill((byte)s);
                else
                    for (int i = 0; i < frequency; i++)
                        small[start + i] = values[s] | ((uint)frequency << 8) | ((uint)i << (8 + SmallScale));
                start += frequency;
            }
            position = bits.Position - (bits.Count / 8);
            if (start != slots.Length || position + 16 > source.Length)
                throw CodedWeights.Damaged();
            _a = State(source, position);
            _b = State(source, position + 4);
            _c = State(source, position + 8);
            _d = State(source, position + 12);
            _position = position + 16;
        }

        private static int Frequency(ref BitSource bits, ReadOnlySpan<byte> source, ref int length)
        {
            bits.Fill(source);
            int zeros = BitOperations.TrailingZeroCount(bits.Bits);
            if (zeros >= bits.Count || zeros > 2 * GreatestScale)
                throw CodedWeights.Damaged();
            bits.Bits >>= zeros + 1;
            bits.Count -= zeros + 1;
            length += zeros % 2 == 0 ? zeros / 2 : -(zeros + 1) / 2;
            bits.Fill(source);
            int below = length - 1;
            if (below < 0 || below > GreatestScale || bits.Count < below)
                throw CodedWeights.Damaged();
            int frequency = (1 << below) | (int)(bits.Bits & ((1u << below) - 1));
            bits.Bits >>= below;
            bits.Count -= below;
            return frequency;
        }

        public void Next(ReadOnlySpan<byte> source, ReadOnlySpan<byte> tables, Span<byte> target)
        {
            if (_scale > SmallScale)
                NextLarge(source, tables, target);
            else
                NextSmall(source, tables, target);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void NextSmall(ReadOnlySpan<byte> source, ReadOnlySpan<byte> tables, Span<byte> target)
        {
            uint a = _a, b = _b, c = _c, d = _d;
            int scale = _scale, i = 0;
            uint mask = (1u << scale) - 1;
            nint position = _position;
            ref byte from = ref MemoryMarshal.GetReference(source);
            ref byte to = ref MemoryMarshal.GetReference(target);
            ref uint slots = ref MemoryMarshal.GetReference(MemoryMarshal.Cast<byte, uint>(tables).Slice(0, 1 << SmallScale));
            // A symbol takes one word at most.
            for (; i + 4 <= target.Length && position + 8 <= source.Length; i += 4)
            {
                uint slotA = Unsafe.Add(ref slots, (nint)(a & mask)), slotB = Unsafe.Add(ref slots, (nint)(b & mask));
                uint slotC = Unsafe.Add(ref slots, (nint)(c & mask)), slotD = Unsafe.Add(ref slots, (nint)(d & mask));
                Unsafe.Add(ref to, i) = (byte)slotA;
                Unsafe.Add(ref to, i + 1) = (byte)slotB;
                Unsafe.Add(ref to, i + 2) = (byte)slotC;
                Unsafe.Add(ref to, i + 3) = (byte)slotD;
                a = Renormalized(BeforeSmall(a, slotA, scale), ref from, ref position);
                b = Renormalized(BeforeSmall(b, slotB, scale), ref from, ref position);
                c = Renormalized(BeforeSmall(c, slotC, scale), ref from, ref position);
                d = Renormalized(BeforeSmall(d, slotD, scale), ref from, ref position);
            }
            for (; i < target.Length; i++)
            {
                uint slot = Unsafe.Add(ref slots, (nint)(a & mask));
                target[i] = (byte)slot;
                // The states take turns.
                (a, b, c, d) = (b, c, d, AtTheEnd(BeforeSmall(a, slot, scale), source.Length, ref from, ref position));
            }
            (_a, _b, _c, _d, _position) = (a, b, c, d, (int)position);
        }

        // Where there may be no word to read.
        private static uint AtTheEnd(uint state, int length, ref byte from, ref nint position)
        {
            if (state >= Least)
                return state;
            return position + 2 <= length ? Renormalized(state, ref from, ref position) : throw CodedWeights.Damaged();
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static uint BeforeSmall(uint state, uint slot, int scale) =>
            unchecked((((slot >> 8) & ((1u << SmallScale) - 1)) * (state >> scale)) + (slot >> (8 + SmallScale)));

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void NextLarge(ReadOnlySpan<byte> source, ReadOnlySpan<byte> tables, Span<byte> target)
        {
            uint a = _a, b = _b, c = _c, d = _d;
            int scale = _scale, i = 0;
            uint mask = (1u << scale) - 1;
            nint position = _position;
            ref byte from = ref MemoryMarshal.GetReference(source);
            ref byte to = ref MemoryMarshal.GetReference(target);
            ref byte slots = ref MemoryMarshal.GetReference(tables.Slice(0, CodedWeights.TableBytes));
            ref uint intervals = ref Unsafe.As<byte, uint>(ref Unsafe.Add(ref slots, TablesOfIntervals));
            ref byte values = ref Unsafe.Add(ref slots, TablesOfValues);
            // A symbol takes one word at most.
            for (; i + 4 <= target.Length && position + 8 <= source.Length; i += 4)
            {
                uint slotA = a & mask, slotB = b & mask, slotC = c & mask, slotD = d & mask;
                nint symbolA = Unsafe.Add(ref slots, (nint)slotA), symbolB = Unsafe.Add(ref slots, (nint)slotB);
                nint symbolC = Unsafe.Add(ref slots, (nint)slotC), symbolD = Unsafe.Add(ref slots, (nint)slotD);
                Unsafe.Add(ref to, i) = Unsafe.Add(ref values, symbolA);
                Unsafe.Add(ref to, i + 1) = Unsafe.Add(ref values, symbolB);
                Unsafe.Add(ref to, i + 2) = Unsafe.Add(ref values, symbolC);
                Unsafe.Add(ref to, i + 3) = Unsafe.Add(ref values, symbolD);
                a = Before(a, slotA, Unsafe.Add(ref intervals, symbolA), scale);
                b = Before(b, slotB, Unsafe.Add(ref intervals, symbolB), scale);
                c = Before(c, slotC, Unsafe.Add(ref intervals, symbolC), scale);
                d = Before(d, slotD, Unsafe.Add(ref intervals, symbolD), scale);
                a = Renormalized(a, ref from, ref position);
                b = Renormalized(b, ref from, ref position);
                c = Renormalized(c, ref from, ref position);
                d = Renormalized(d, ref from, ref position);
            }
            for (; i < target.Length; i++)
            {
                uint slot = a & mask;
                nint symbol = Unsafe.Add(ref slots, (nint)slot);
                target[i] = Unsafe.Add(ref values, symbol);
                // The states take turns.
                uint next = Before(a, slot, Unsafe.Add(ref intervals, symbol), scale);
                (a, b, c, d) = (b, c, d, AtTheEnd(next, source.Length, ref from, ref position));
            }
            (_a, _b, _c, _d, _position) = (a, b, c, d, (int)position);
        }

        public readonly void End(ReadOnlySpan<byte> source)
        {
            if (_a != Least || _b != Least || _c != Least || _d != Least || _position != source.Length)
                throw CodedWeights.Damaged();
        }

        private const int TablesOfIntervals = 1 << GreatestScale;

        private const int TablesOfValues = TablesOfIntervals + 1024;

        private static Span<uint> Intervals(Span<byte> tables) => MemoryMarshal.Cast<byte, uint>(tables.Slice(TablesOfIntervals, 1024));

        private static uint State(ReadOnlySpan<byte> source, int position) => (uint)(source[position] | (source[position + 1] << 8)
            | (source[position + 2] << 16) | (source[position + 3] << 24));

        // The state that the symbol was added to.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static uint Before(uint state, uint slot, uint interval, int scale) =>
            unchecked(((interval >> 16) * (state >> scale)) + slot - (interval & 0xFFFF));

        // Without a branch, which would be guessed wrong for every few symbols.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static uint Renormalized(uint state, ref byte from, ref nint position)
        {
            unchecked
            {
                ref byte at = ref Unsafe.Add(ref from, position);
                uint word = BitConverter.IsLittleEndian ? Unsafe.ReadUnaligned<ushort>(ref at) : (uint)(at | (Unsafe.Add(ref at, 1) << 8));
                uint takes = (uint)(((long)state - Least) >> 63);
                position += (nint)(takes & 2);
                return (state << (int)(takes & 16)) | (word & takes);
            }
        }
    }
}
