namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.InteropServices;

/// <summary>
/// Sections whose elements are numbers in a list of few different ones, each in as few bits as hold them all: nibbles where there are up to
/// 16.
/// </summary>
internal static class PackedCode
{
    /// <summary>Decodes sections.</summary>
    /// <param name="w">The resource as weights and the weights' memory as arena.</param>
    /// <param name="sections">The sections, as <see cref="CodedWeights"/> says.</param>
    /// <exception cref="System.IO.InvalidDataException">The code is damaged.</exception>
    public static void Decode(Workspace w, ReadOnlySpan<int> sections) => CodedWeights.Decode<Symbols>(w, sections);

    private struct Symbols : ISymbolDecoder
    {
        private BitSource _bits;
        private int _width;

        public void Begin(ReadOnlySpan<byte> source, int position, ReadOnlySpan<byte> values, Span<byte> tables)
        {
            _bits.Position = position;
            _width = 1;
            while (1 << _width < values.Length)
                _width++;
            // A number beyond the list, which only a damaged code has, is its first.
            for (int i = 0; i < 256; i++)
                tables[i] = values[i < values.Length ? i : 0];
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Next(ReadOnlySpan<byte> source, ReadOnlySpan<byte> tables, Span<byte> target)
        {
            BitSource bits = _bits;
            int width = _width, i = 0;
            ulong mask = (1UL << width) - 1;
            ref byte values = ref MemoryMarshal.GetReference(tables.Slice(0, 256));
            ref byte to = ref MemoryMarshal.GetReference(target);
            for (; i + 4 <= target.Length && bits.HasWord(source); i += 4)
            {
                bits.FillFast(source);
                Unsafe.Add(ref to, i) = Unsafe.Add(ref values, (nint)(bits.Bits & mask));
                Unsafe.Add(ref to, i + 1) = Unsafe.Add(ref values, (nint)((bits.Bits >> width) & mask));
                Unsafe.Add(ref to, i + 2) = Unsafe.Add(ref values, (nint)((bits.Bits >> (2 * width)) & mask));
                Unsafe.Add(ref to, i + 3) = Unsafe.Add(ref values, (nint)((bits.Bits >> (3 * width)) & mask));
                bits.Bits >>= 4 * width;
                bits.Count -= 4 * width;
            }
            for (; i < target.Length; i++)
            {
                bits.Fill(source);
                if (bits.Count < width)
                    throw CodedWeights.Damaged();
                target[i] = Unsafe.Add(ref values, (nint)(bits.Bits & mask));
                bits.Bits >>= width;
                bits.Count -= width;
            }
            _bits = bits;
        }

        public readonly void End(ReadOnlySpan<byte> source)
        {
            if (!_bits.IsAtEnd(source))
                throw CodedWeights.Damaged();
        }
    }
}
