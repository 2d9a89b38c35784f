namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.InteropServices;

/// <summary>Bits of a code, the lowest bit of a byte first, up to 64 of them at hand.</summary>
internal struct BitSource
{
    /// <summary>The bits at hand, the next one lowest. Bits above <see cref="Count"/> are those that follow, or zero.</summary>
    public ulong Bits;

    /// <summary>How many bits are at hand.</summary>
    public int Count;

    /// <summary>The byte from which on nothing is at hand yet.</summary>
    public int Position;

    /// <summary>Whether eight bytes are left, so that <see cref="FillFast"/> may be called.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly bool HasWord(ReadOnlySpan<byte> source) => Position + 8 <= source.Length;

    /// <summary>Brings at least 56 bits to hand. Eight bytes must be left.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void FillFast(ReadOnlySpan<byte> source)
    {
        ulong word = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref MemoryMarshal.GetReference(source), (nint)(uint)Position));
        if (!BitConverter.IsLittleEndian)
            word = global::System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(word);
        Bits |= word << Count;
        Position += (63 - Count) >> 3;
        Count |= 56;
    }

    /// <summary>Brings to hand what there is, up to 64 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Fill(ReadOnlySpan<byte> source)
    {
        while (Count <= 56 && Position < source.Length)
        {
            Bits |= (ulong)source[Position++] << Count;
            Count += 8;
        }
    }

    /// <summary>Whether all bytes are used up but for less than a byte of bits.</summary>
    public readonly bool IsAtEnd(ReadOnlySpan<byte> source) => (((long)Position * 8) - Count + 7) / 8 == source.Length;
}
