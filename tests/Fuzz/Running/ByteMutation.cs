using System.Buffers.Binary;

namespace OptimizerBuild.Fuzz.Running;

/// <summary>Damage to bytes, whatever they mean: what a bad transfer, a careless edit or a hostile hand leaves behind.</summary>
internal static class ByteMutation
{
    private static readonly long[] Odd =
        [0, 1, -1, 2, 7, 8, 16, 64, 127, 128, 255, 256, 32767, 65535, 65536, int.MaxValue, int.MinValue, uint.MaxValue, long.MaxValue];

    /// <summary>A copy with one piece of damage.</summary>
    /// <param name="input">The bytes.</param>
    /// <param name="others">Inputs from which pieces are taken.</param>
    /// <param name="random">What decides.</param>
    public static byte[] Of(byte[] input, IReadOnlyList<byte[]> others, Random random)
    {
        if (input.Length == 0)
            return [(byte)random.Next(256)];
        int at = random.Next(input.Length);
        byte[] copy = [.. input];
        switch (random.Next(9))
        {
            case 0:
                copy[at] ^= (byte)(1 << random.Next(8));
                return copy;
            case 1:
                copy[at] = (byte)random.Next(256);
                return copy;
            case 2:
                return copy[..at];
            case 3:
                int length = Math.Min(random.Next(1, 17), copy.Length - at);
                return [.. copy[..at], .. copy[at..(at + length)], .. copy[at..]];
            case 4:
                length = Math.Min(random.Next(1, 9), copy.Length - at);
                return [.. copy[..at], .. copy[(at + length)..]];
            case 5:
                WriteNumber(copy.AsSpan(at), random);
                return copy;
            case 6:
                return Splice(copy, at, others, random);
            case 7:
                copy[at] = (byte)(copy[at] + random.Next(-3, 4));
                return copy;
            default:
                // One block takes another's place.
                length = Math.Min(random.Next(1, 33), copy.Length - at);
                copy.AsSpan(random.Next(copy.Length - length + 1), length).ToArray().CopyTo(copy, at);
                return copy;
        }
    }

    private static void WriteNumber(Span<byte> place, Random random)
    {
        long value = Odd[random.Next(Odd.Length)];
        Span<byte> bytes = stackalloc byte[8];
        if (random.Next(2) == 0)
            BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        else
            BinaryPrimitives.WriteInt64BigEndian(bytes, value << (32 * random.Next(2)));
        bytes = bytes[..Math.Min(place.Length, 1 << random.Next(4))];
        bytes.CopyTo(place);
    }

    // The head of one input and the tail of another, or a piece of another in the middle.
    private static byte[] Splice(byte[] input, int at, IReadOnlyList<byte[]> others, Random random)
    {
        byte[] other = others.Count == 0 ? input : others[random.Next(others.Count)];
        if (other.Length == 0)
            return input;
        int from = random.Next(other.Length);
        return random.Next(2) == 0
            ? [.. input[..at], .. other[from..]]
            : [.. input[..at], .. other[from..Math.Min(other.Length, from + random.Next(1, 64))], .. input[at..]];
    }
}
