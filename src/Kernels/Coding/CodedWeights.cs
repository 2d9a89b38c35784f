namespace OptimizerBuild.Kernels;

using global::System;
using global::System.IO;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.InteropServices;

/// <summary>
/// Brings coded sections of the weights into memory, once, when the weights are loaded. The workspace's weights are what the resource
/// holds, its arena is the weights' memory, which is zero before.
/// </summary>
/// <remarks>
/// A section of a plan's list takes <see cref="Fields"/> integers: where its code begins in the resource, the code's bytes, where its first
/// element goes, the number of elements, the bytes of an element (1 or 4), and the bytes from one element to the next. Both are
/// 0 where two elements share a byte, the first one in its lower half: there memory holds them plus 8. Its code begins with
/// the number of different elements less one (a byte) and these elements; more than <see cref="MostListed"/> different bytes are a map
/// instead, a bit for each of the 256 that there may be, and their order is ascending. What follows belongs to the decoder.
/// </remarks>
internal static class CodedWeights
{
    /// <summary>Integers that describe a section.</summary>
    public const int Fields = 6;

    /// <summary>Bytes of tables that a decoder may use.</summary>
    public const int TableBytes = (1 << 14) + 1024 + 256;

    /// <summary>The most different bytes that a code lists.</summary>
    public const int MostListed = MapBytes;

    /// <summary>The bytes of a map of different bytes.</summary>
    public const int MapBytes = MaximumValues / 8;

    private const int MaximumValues = 256;

    // Symbols that are decoded before they are put into their places, where elements do not lie side by side.
    private const int Block = 4096;

    /// <summary>Decodes sections.</summary>
    /// <typeparam name="TDecoder">What reads their symbols.</typeparam>
    /// <param name="w">The workspace.</param>
    /// <param name="sections">The sections.</param>
    /// <exception cref="InvalidDataException">The code is damaged.</exception>
    public static void Decode<TDecoder>(Workspace w, ReadOnlySpan<int> sections)
        where TDecoder : struct, ISymbolDecoder
    {
        Span<byte> scratch = MemoryMarshal.CreateSpan(ref w.Scratch(TableBytes + MaximumValues + Block),
            TableBytes + MaximumValues + Block);
        for (int s = 0; s < sections.Length; s += Fields)
        {
            ReadOnlySpan<byte> source = w.WeightSpan<byte>(sections[s], sections[s + 1]);
            int count = sections[s + 3], width = sections[s + 4], step = sections[s + 5];
            Span<byte> target = w.ArenaSpan<byte>(sections[s + 2], Bytes(count, width, step));
            Section<TDecoder>(source, target, count, width, step, scratch);
        }
    }

    /// <summary>Bytes of memory from the first element to the end of the last one.</summary>
    public static int Bytes(int count, int width, int step) => width == 0 ? (count + 1) >> 1 : ((count - 1) * step) + width;

    /// <summary>What stands where a code cannot be right.</summary>
    public static InvalidDataException Damaged() => new("The weights of the model are damaged: their code does not end where it should.");

    private static void Section<TDecoder>(ReadOnlySpan<byte> source, Span<byte> target, int count, int width, int step, Span<byte> scratch)
        where TDecoder : struct, ISymbolDecoder
    {
        if (source.Length < 1)
            throw Damaged();
        int different = source[0] + 1;
        bool isMap = width == 1 && different > MostListed;
        int position = 1 + (isMap ? MapBytes : different * (width == 0 ? 1 : width));
        if (source.Length < position)
            throw Damaged();
        ReadOnlySpan<byte> elements = source.Slice(1, position - 1);
        Span<byte> tables = scratch.Slice(0, TableBytes);
        Span<byte> numbers = scratch.Slice(TableBytes, MaximumValues);
        Span<byte> block = scratch.Slice(TableBytes + MaximumValues);
        if (different == 1)
            block.Clear();
        int found = 0;
        for (int i = 0; i < numbers.Length; i++)
            if (!isMap || ((elements[i >> 3] >> (i & 7)) & 1) != 0)
                numbers[found++] = (byte)i;
        if (isMap && found != different)
            throw Damaged();

        TDecoder decoder = default;
        ReadOnlySpan<byte> values = width <= 1 && !isMap ? elements : numbers.Slice(0, different);
        if (different > 1)
            decoder.Begin(source, position, values, tables);
        else if (source.Length != position)
            throw Damaged();
        if (width == 1 && step == 1)
        {
            if (different > 1)
                decoder.Next(source, tables, target);
            else
                target.Fill(elements[0]);
        }
        else
        {
            for (int done = 0; done < count; done += Block)
            {
                Span<byte> symbols = block.Slice(0, Math.Min(Block, count - done));
                if (different > 1)
                    decoder.Next(source, tables, symbols);
                if (width == 0)
                    Join(symbols, different > 1 ? default : elements, target.Slice(done / 2));
                else if (width == 1)
                    Spread(symbols, different > 1 ? default : elements, target.Slice(done * step), step);
                else
                    Expand(symbols, MemoryMarshal.Cast<byte, int>(elements), target.Slice(done * step));
            }
        }
        if (different > 1)
            decoder.End(source);
    }

    // Bytes to every step-th place.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Spread(ReadOnlySpan<byte> symbols, ReadOnlySpan<byte> only, Span<byte> target, int step)
    {
        for (int i = 0; i < symbols.Length; i++)
            target[i * step] = only.Length > 0 ? only[0] : symbols[i];
    }

    // Two to a byte; the bits above an element of four, which only a damaged code has, are nothing.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Join(ReadOnlySpan<byte> symbols, ReadOnlySpan<byte> only, Span<byte> target)
    {
        for (int i = 0; i < symbols.Length; i += 2)
        {
            int low = only.Length > 0 ? only[0] : symbols[i];
            int high = only.Length > 0 ? only[0] : i + 1 < symbols.Length ? symbols[i + 1] : 0;
            target[i >> 1] = (byte)(((low & 15) | (high << 4)) ^ 0x88);
        }
    }

    // Numbers of elements to elements of four bytes side by side. A number beyond the list, which only a damaged code has, is its first.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Expand(ReadOnlySpan<byte> symbols, ReadOnlySpan<int> elements, Span<byte> target)
    {
        Span<int> expanded = MemoryMarshal.Cast<byte, int>(target);
        for (int i = 0; i < symbols.Length; i++)
        {
            int number = symbols[i];
            expanded[i] = elements[number < elements.Length ? number : 0];
        }
    }
}
