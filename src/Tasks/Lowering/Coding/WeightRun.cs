using System.Buffers.Binary;
using OptimizerBuild.Kernels;

namespace OptimizerBuild.Lowering.Coding;

/// <summary>Elements of the packed weights that are coded together: those of a section, or one byte of each of them.</summary>
/// <param name="Memory">The packed weights.</param>
/// <param name="Offset">Where the first element lies.</param>
/// <param name="Count">The number of elements; at least 1.</param>
/// <param name="Width">Bytes of an element: 1 or 4; 0 where two share a byte, the first one in its lower half, plus 8.</param>
/// <param name="Step">Bytes from one element to the next: as many, or 4 for single bytes of larger elements; 0 where two share
/// one.</param>
internal sealed record WeightRun(byte[] Memory, int Offset, int Count, int Width, int Step)
{
    // More entries than a symbol of a byte can count make no list.
    private const int MostDifferent = 256;

    private readonly Lazy<(uint[] Values, byte[] Symbols)?> _list = new(() => List(Memory, Offset, Count, Width, Step));

    /// <summary>
    /// The different elements, ascending as unsigned numbers, and for each element its number among them; null where there are more than
    /// 256.
    /// </summary>
    public (uint[] Values, byte[] Symbols)? Symbols => _list.Value;

    /// <summary>An element as an unsigned number.</summary>
    public uint this[int index] => Element(Memory, Offset, index, Width, Step);

    /// <summary>Whether the elements lie side by side.</summary>
    public bool IsWhole => Step == Width;

    /// <summary>
    /// The different elements, ascending, as a code begins with them: their number less one, and they, or a map of them.
    /// </summary>
    public static byte[] Header(uint[] values, int width)
    {
        if (width == 1 && values.Length > CodedWeights.MostListed)
        {
            var map = new byte[1 + CodedWeights.MapBytes];
            map[0] = (byte)(values.Length - 1);
            foreach (uint value in values)
                map[1 + (value / 8)] |= (byte)(1 << (int)(value % 8));
            return map;
        }
        return [(byte)(values.Length - 1), .. Listed(values, width)];
    }

    /// <summary>Elements one after the other.</summary>
    public static byte[] Listed(uint[] values, int width)
    {
        width = Math.Max(width, 1);
        var list = new byte[values.Length * width];
        for (int i = 0; i < values.Length; i++)
            Write(list.AsSpan(i * width), values[i], width);
        return list;
    }

    /// <summary>Writes an element.</summary>
    public static void Write(Span<byte> to, uint value, int width)
    {
        if (width == 1)
            to[0] = (byte)value;
        else
            BinaryPrimitives.WriteUInt32LittleEndian(to, value);
    }

    private static uint Element(byte[] memory, int offset, int index, int width, int step) => width switch
    {
        0 => ((uint)memory[offset + (index >> 1)] >> (4 * (index & 1)) & 15) ^ 8,
        1 => memory[offset + (index * step)],
        _ => BinaryPrimitives.ReadUInt32LittleEndian(memory.AsSpan(offset + (index * step))),
    };

    private static (uint[] Values, byte[] Symbols)? List(byte[] memory, int offset, int count, int width, int step)
    {
        var different = new HashSet<uint>();
        for (int i = 0; i < count; i++)
            if (different.Add(Element(memory, offset, i, width, step)) && different.Count > MostDifferent)
                return null;
        uint[] values = [.. different.Order()];
        var numbers = new Dictionary<uint, byte>();
        for (int i = 0; i < values.Length; i++)
            numbers[values[i]] = (byte)i;
        var symbols = new byte[count];
        for (int i = 0; i < count; i++)
            symbols[i] = numbers[Element(memory, offset, i, width, step)];
        return (values, symbols);
    }
}
