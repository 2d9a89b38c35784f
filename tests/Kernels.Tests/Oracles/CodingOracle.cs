namespace OptimizerBuild.Kernels.Tests.Oracles;

/// <summary>Codes of weights as docs/kernels.md describes them, written plainly and without regard to their length.</summary>
internal static class CodingOracle
{
    /// <summary>Numbers in a list in as few bits as hold them all.</summary>
    public static byte[] Packed(byte[] header, int[] symbols, int different)
    {
        int width = 0;
        while (1 << width < different)
            width++;
        return [.. header, .. Bits(symbols.SelectMany(s => Enumerable.Range(0, width).Select(b => (s >> b) & 1)))];
    }

    /// <summary>A canonical Huffman code with given lengths.</summary>
    public static byte[] Huffman(byte[] header, int[] symbols, int[] lengths)
    {
        var codes = new string[lengths.Length];
        int next = 0, at = 0;
        foreach (int s in Enumerable.Range(0, lengths.Length).OrderBy(s => lengths[s]).ThenBy(s => s))
        {
            next <<= lengths[s] - at;
            at = lengths[s];
            codes[s] = Convert.ToString(next++, 2).PadLeft(at, '0');
        }
        byte[] nibbles = [.. lengths.Chunk(2).Select(p => (byte)(p[0] | (p.Length > 1 ? p[1] << 4 : 0)))];
        return [.. header, .. nibbles, .. Bits(symbols.SelectMany(s => codes[s].Select(c => c - '0')))];
    }

    /// <summary>Asymmetric numeral systems with given frequencies, whose sum is 2^scale; four states.</summary>
    public static byte[] Rans(byte[] header, int[] symbols, int[] frequencies, int scale)
    {
        long[] states = [1 << 16, 1 << 16, 1 << 16, 1 << 16];
        var words = new Stack<int>();
        for (int i = symbols.Length - 1; i >= 0; i--)
        {
            long x = states[i % 4], f = frequencies[symbols[i]];
            if (x >= f << (32 - scale))
            {
                words.Push((int)(x & 0xFFFF));
                x >>= 16;
            }
            states[i % 4] = (x / f << scale) + (x % f) + frequencies.Take(symbols[i]).Sum();
        }
        var stored = new List<int>();
        int before = 6;
        foreach (int f in frequencies[..^1])
        {
            int length = Convert.ToString(f, 2).Length;
            stored.AddRange(Enumerable.Repeat(0, length >= before ? 2 * (length - before) : (2 * (before - length)) - 1).Append(1)
                .Concat(Enumerable.Range(0, length - 1).Select(b => (f >> b) & 1)));
            before = length;
        }
        return
        [
            .. header, (byte)scale, .. Bits(stored), .. states.SelectMany(x => Enumerable.Range(0, 4).Select(b => (byte)(x >> (8 * b)))),
            .. words.SelectMany(w => new[] { (byte)w, (byte)(w >> 8) }),
        ];
    }

    /// <summary>Runs of zeros and values; the values as they are or, with a list, as numbers in it.</summary>
    public static byte[] Sparse(int[] elements, int width, int parameter, bool isListed)
    {
        var runs = new List<int>();
        var values = new List<int>();
        int zeros = 0;
        foreach (int element in elements)
            if (element == 0)
            {
                zeros++;
            }
            else
            {
                runs.Add(zeros);
                values.Add(element);
                zeros = 0;
            }
        int[] list = isListed ? [.. values.Distinct()] : [];
        int bits = 0;
        while (1 << bits < list.Length)
            bits++;
        byte[] runBytes = Bits(runs.SelectMany(r => Enumerable.Repeat(0, r >> parameter).Append(1)
            .Concat(Enumerable.Range(0, parameter).Select(b => (r >> b) & 1))));
        return
        [
            (byte)parameter, (byte)bits, .. Bytes(list.Length, 2), .. Bytes(values.Count, 4), .. Bytes(runBytes.Length, 4), .. runBytes,
            .. list.SelectMany(v => Bytes(v, width)),
            .. isListed
                ? Bits(values.SelectMany(v => Enumerable.Range(0, bits).Select(b => (Array.IndexOf(list, v) >> b) & 1)))
                : values.SelectMany(v => Bytes(v, width)),
        ];
    }

    /// <summary>Two values of each four and which places they have, three quads to a byte; and which places are written.</summary>
    public static (byte[] Code, bool[] Written) TwoOfFour(int[] elements, bool isListed)
    {
        var places = (from a in Enumerable.Range(0, 4) from b in Enumerable.Range(a + 1, 3 - a) select (a, b)).ToArray();
        var written = new bool[elements.Length];
        var pairs = new List<int>();
        var values = new List<int>();
        foreach ((int[] quad, int q) in elements.Chunk(4).Select((quad, q) => (quad, q)))
        {
            int pair = Array.FindIndex(places, p => Enumerable.Range(0, 4).All(i => i == p.a || i == p.b || quad[i] == 0));
            pairs.Add(pair);
            values.AddRange([quad[places[pair].a], quad[places[pair].b]]);
            written[(q * 4) + places[pair].a] = written[(q * 4) + places[pair].b] = true;
        }
        int[] list = isListed ? [.. values.Distinct()] : [];
        int bits = 1;
        while (1 << bits < list.Length)
            bits++;
        byte[] bytes = [.. pairs.Chunk(3).Select(c => (byte)c.Select((pair, i) => pair * (i == 0 ? 1 : i == 1 ? 6 : 36)).Sum())];
        return (
        [
            (byte)(isListed ? bits : 8), (byte)(isListed ? list.Length - 1 : 0), .. bytes, .. list.Select(v => (byte)v),
            .. isListed ? Bits(values.SelectMany(v => Enumerable.Range(0, bits).Select(b => (Array.IndexOf(list, v) >> b) & 1)))
                : values.Select(v => (byte)v),
        ], written);
    }

    /// <summary>A bit for each byte that there may be.</summary>
    public static byte[] Map(int[] values) => Bits(Enumerable.Range(0, 256).Select(v => values.Contains(v) ? 1 : 0));

    /// <summary>The lowest bytes of a number, the lowest first.</summary>
    public static IEnumerable<byte> Bytes(int value, int count) => Enumerable.Range(0, count).Select(b => (byte)(value >> (8 * b)));

    private static byte[] Bits(IEnumerable<int> bits) =>
        [.. bits.Chunk(8).Select(c => (byte)c.Select((bit, i) => bit << i).Sum())];

    /// <summary>The code of elements that have three values.</summary>
    public static byte[] Ternary(int[] values, int[] elements) =>
    [
        .. values.Select(v => (byte)v),
        .. elements.Chunk(5).Select(five => (byte)five.Select((e, i) => Array.IndexOf(values, e) * Math.Pow(3, i)).Sum()),
    ];

    /// <summary>The code of elements that have two values, or stand in a run of zeros.</summary>
    public static byte[] Signs(int[] values, (int Signs, int Zeros, int Repetitions)[] runs, int?[] elements) =>
    [
        .. values.Select(v => (byte)v), (byte)runs.Length, 0,
        .. runs.SelectMany(r => (int[])[r.Signs, r.Zeros, r.Repetitions]).SelectMany(BitConverter.GetBytes),
        .. Bits(elements.OfType<int>().Select(e => Array.IndexOf(values, e))),
    ];
}
