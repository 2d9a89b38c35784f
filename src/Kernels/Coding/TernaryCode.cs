namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Buffers.Binary;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.InteropServices;

/// <summary>Sections of bytes of three different values, five of them to a byte: 3⁵ is 243.</summary>
internal static class TernaryCode
{
    /// <summary>The different values, with which a code begins.</summary>
    public const int Values = 3;

    /// <summary>Elements that share a byte.</summary>
    public const int InAByte = 5;

    /// <summary>The numbers that a byte may be.</summary>
    public const int Numbers = Values * Values * Values * Values * Values;

    /// <summary>
    /// Decodes sections. A section's code is the list of its three values and a byte for each five elements: the first one's number in the
    /// list, three times the second's, nine times the third's, and so on. What the last byte has too many is zero.
    /// </summary>
    /// <param name="w">The resource as weights and the weights' memory as arena.</param>
    /// <param name="sections">The sections, as <see cref="CodedWeights"/> says; elements are bytes side by side.</param>
    /// <exception cref="System.IO.InvalidDataException">The code is damaged.</exception>
    public static void Decode(Workspace w, ReadOnlySpan<int> sections)
    {
        for (int s = 0; s < sections.Length; s += CodedWeights.Fields)
            Section(w.WeightSpan<byte>(sections[s], sections[s + 1]), w.ArenaSpan<byte>(sections[s + 2], sections[s + 3]));
    }

    // Below so many elements a table of all bytes takes longer to make than it saves.
    private const int WorthTable = 4096;

    // In an entry of the table for a number that no five elements have.
    private const ulong None = 1UL << 63;

    // Loading runs once: there is no time for a loop to be compiled again.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Section(ReadOnlySpan<byte> source, Span<byte> target)
    {
        int whole = target.Length / InAByte;
        int rest = target.Length - (whole * InAByte);
        if (source.Length != Values + whole + (rest > 0 ? 1 : 0))
            throw CodedWeights.Damaged();
        ReadOnlySpan<byte> list = source.Slice(0, Values);
        ReadOnlySpan<byte> bytes = source.Slice(Values);
        int first = target.Length < WorthTable ? 0 : ByTable(list, bytes, target);
        for (int i = first; i < whole; i++)
        {
            uint number = bytes[i];
            if (number >= Numbers)
                throw CodedWeights.Damaged();
            Span<byte> five = target.Slice(i * InAByte, InAByte);
            for (int k = 0; k < five.Length; k++)
            {
                uint quotient = number / Values;
                five[k] = list[(int)(number - (quotient * Values))];
                number = quotient;
            }
        }

        if (rest == 0)
            return;
        uint last = bytes[whole];
        for (int i = target.Length - rest; i < target.Length; i++)
        {
            target[i] = list[(int)(last % Values)];
            last /= Values;
        }

        if (last != 0)
            throw CodedWeights.Damaged();
    }

    // Eight bytes at once, of which the next five elements overwrite three; returns how many bytes of the code that was.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int ByTable(ReadOnlySpan<byte> list, ReadOnlySpan<byte> bytes, Span<byte> target)
    {
        Span<ulong> table = stackalloc ulong[256];
        for (int number = 0; number < table.Length; number++)
        {
            ulong five = number < Numbers ? 0 : None;
            for (int k = 0, left = number; k < InAByte; k++, left /= Values)
                five |= (ulong)list[left % Values] << (8 * k);
            table[number] = five;
        }

        int count = (target.Length - sizeof(ulong)) / InAByte;
        ulong all = 0;
        ref ulong entries = ref MemoryMarshal.GetReference(table);
        ref byte from = ref MemoryMarshal.GetReference(bytes.Slice(0, count));
        ref byte to = ref MemoryMarshal.GetReference(target);
        for (int i = 0; i < count; i++)
        {
            ulong five = Unsafe.Add(ref entries, (nint)Unsafe.Add(ref from, i));
            all |= five;
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, i * InAByte),
                BitConverter.IsLittleEndian ? five : BinaryPrimitives.ReverseEndianness(five));
        }

        return all < None ? count : throw CodedWeights.Damaged();
    }
}
