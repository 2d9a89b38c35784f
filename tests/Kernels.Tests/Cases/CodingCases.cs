using OptimizerBuild.Kernels.Tests.Oracles;

namespace OptimizerBuild.Kernels.Tests.Cases;

/// <summary>Coded sections of weights: every code, bytes and elements of four bytes, side by side and spread out.</summary>
internal static class CodingCases
{
    /// <summary>All cases.</summary>
    public static IEnumerable<KernelCase> All()
    {
        int seed = 9100;
        // So many that tables of several elements are made.
        foreach (int[] lengths in (int[][])[[1, 2, 3, 3], [.. Enumerable.Range(1, 12), 12], [.. Enumerable.Repeat(8, 256)]])
            yield return Symbols("HuffmanCode.Decode", 1, 1, 80_003, lengths.Length, 9000 + lengths.Length, HuffmanCode.Decode,
                (header, symbols) => CodingOracle.Huffman(header, symbols, lengths));
        foreach ((int width, int step) in ((int, int)[])[(1, 1), (1, 4), (4, 4)])
            foreach (int count in (int[])[1, 3, 4, 63, 4097, 9000])
            {
                foreach (int different in (int[])[2, 3, 13, 16, 200, 256])
                    yield return Symbols("PackedCode.Decode", width, step, count, different, seed++, PackedCode.Decode,
                        (header, symbols) => CodingOracle.Packed(header, symbols, different));
                foreach (int[] lengths in (int[][])[[1, 1], [1, 2, 3, 3], [.. Enumerable.Range(1, 12), 12], [.. Enumerable.Repeat(8, 256)]])
                    yield return Symbols("HuffmanCode.Decode", width, step, count, lengths.Length, seed++, HuffmanCode.Decode,
                        (header, symbols) => CodingOracle.Huffman(header, symbols, lengths));
                foreach ((int scale, int[] frequencies) in ((int, int[])[])
                    [(8, [128, 128]), (8, [.. Enumerable.Repeat(1, 256)]), (12, [4000, 1, 50, 45]), (14, [16383, 1]),
                        (14, [1, 8000, 8383])])
                    yield return Symbols("RansCode.Decode", width, step, count, frequencies.Length, seed++, RansCode.Decode,
                        (header, symbols) => CodingOracle.Rans(header, symbols, frequencies, scale));
                yield return Symbols("RansCode.Decode", width, step, count, 1, seed++, RansCode.Decode, (header, _) => header);
                yield return Plain(width, step, count, seed++);
                if (width == step)
                    foreach (int parameter in (int[])[0, 3, 16])
                        yield return Sparse(width, count, parameter, isListed: parameter != 3, seed++);
            }
    }

    /// <summary>Two of each four bytes, with a list of different values and without.</summary>
    public static IEnumerable<KernelCase> TwoOfFour()
    {
        int seed = 330000;
        foreach (int quads in (int[])[1, 2, 3, 4, 64, 1000])
            foreach (int different in (int[])[2, 15, 100, 256])
            {
                var data = new CaseData(seed++);
                int[] values = Values(data.Random, different, 1);
                int[] elements = [.. Enumerable.Range(0, quads).SelectMany(_ =>
                {
                    int[] quad = [0, 0, 0, 0];
                    for (int i = data.Random.Next(3); i > 0; i--)
                        quad[data.Random.Next(4)] = values[data.Random.Next(different)];
                    return quad;
                })];
                (byte[] code, bool[] written) = CodingOracle.TwoOfFour(elements, isListed: different < 256);
                yield return Case("TwoOfFourCode.Decode", $"{quads} quads of {different}", data, code, 1, 1, elements.Length,
                    TwoOfFourCode.Decode, [.. elements.Select((e, i) => written[i] ? e : (int?)null)]);
            }
    }

    /// <summary>Three values, five to a byte, and two values with runs of zeros between them.</summary>
    public static IEnumerable<KernelCase> Signs()
    {
        int seed = 340000;
        foreach (int count in (int[])[1, 4, 5, 6, 64, 1003, 4096, 4101, 9003])
        {
            var data = new CaseData(seed++);
            int[] values = Values(data.Random, 3, 1), elements = [.. Enumerable.Range(0, count).Select(_ => values[data.Random.Next(3)])];
            yield return Case("TernaryCode.Decode", $"{count}", data, CodingOracle.Ternary(values, elements), 1, 1, count,
                TernaryCode.Decode, [.. elements.Select(e => (int?)e)]);
        }
        foreach ((int signs, int zeros, int repetitions)[] runs in ((int, int, int)[][])
            [[(1, 0, 1)], [(9, 0, 1)], [(193, 3, 1), (1, 3, 7)], [(0, 5, 1), (3, 1, 1000), (2, 0, 1)]])
        {
            var data = new CaseData(seed++);
            int[] values = Values(data.Random, 2, 1);
            // Memory is zero before; here it is not, and zeros are left as they are.
            int?[] elements =
            [
                .. runs.SelectMany(r => Enumerable.Range(0, r.repetitions).SelectMany(_ => Enumerable.Range(0, r.signs)
                    .Select(_ => (int?)values[data.Random.Next(2)]).Concat(Enumerable.Repeat((int?)null, r.zeros)))),
            ];
            yield return Case("SignCode.Decode", $"{string.Join(' ', runs)}", data, CodingOracle.Signs(values, runs, elements), 1, 1,
                elements.Length, SignCode.Decode, elements);
        }
    }

    /// <summary>Elements of four bits, two to a byte.</summary>
    public static IEnumerable<KernelCase> Nibbles()
    {
        int seed = 350000;
        foreach (int count in (int[])[2, 4, 64, 4096, 4098, 9000])
        {
            foreach (int different in (int[])[1, 2, 13, 16])
            {
                if (different > 1)
                    yield return Nibbles("PackedCode.Decode", count, different, seed++, PackedCode.Decode,
                        (header, symbols) => CodingOracle.Packed(header, symbols, different));
                int[] frequencies = [.. Enumerable.Repeat(1, different - 1), 256 - (different - 1)];
                yield return Nibbles("RansCode.Decode", count, different, seed++, RansCode.Decode,
                    (header, symbols) => different == 1 ? header : CodingOracle.Rans(header, symbols, frequencies, 8));
            }

            yield return Nibbles("HuffmanCode.Decode", count, 4, seed++, HuffmanCode.Decode,
                (header, symbols) => CodingOracle.Huffman(header, symbols, [1, 2, 3, 3]));
            var data = new CaseData(seed++);
            byte[] bytes = [.. Enumerable.Range(0, count / 2).Select(_ => (byte)data.Random.Next(256))];
            yield return NibbleCase("PlainCode.Decode", $"{count}", data, bytes, count, PlainCode.Decode, bytes);
        }
    }

    private static KernelCase Nibbles(
        string kernel, int count, int different, int seed, KernelCall run, Func<byte[], int[], byte[]> encode)
    {
        var data = new CaseData(seed);
        int[] values = [.. Enumerable.Range(0, 16).OrderBy(_ => data.Random.Next()).Take(different)];
        int[] symbols = [.. Enumerable.Range(0, count).Select(_ => data.Random.Next(different))];
        byte[] header = [(byte)(different - 1), .. values.Select(v => (byte)v)];

        // In memory an element has 8 more, as four bits without a sign.
        byte[] memory = [.. symbols.Chunk(2).Select(p => (byte)(((values[p[0]] + 8) & 15) | (((values[p[1]] + 8) & 15) << 4)))];
        return NibbleCase(kernel, $"{count} of {different}", data, encode(header, symbols), count, run, memory);
    }

    private static KernelCase NibbleCase(
        string kernel, string name, CaseData data, byte[] code, int count, KernelCall run, byte[] memory)
    {
        int source = data.AddWeights(code);
        int target = data.ReserveWide(memory.Length);
        int[] sections = [source, code.Length, target, count, 0, 0];
        return new KernelCase
        {
            Kernel = kernel,
            Name = name + ", four bits",
            Arena = data.Arena,
            Weights = data.Weights,
            Run = w => run(w, sections),
            Oracle = arena => memory.CopyTo(arena, target),
        };
    }

    private static KernelCase Symbols(
        string kernel, int width, int step, int count, int different, int seed, KernelCall run, Func<byte[], int[], byte[]> encode)
    {
        var data = new CaseData(seed);
        int[] values = Values(data.Random, different, width);
        // The first symbols are frequent, as codes are made for.
        int[] symbols = [.. Enumerable.Range(0, count).Select(_ => data.Random.Next(3) > 0 ? data.Random.Next(Math.Min(different, 2))
            : data.Random.Next(different))];
        bool isMap = width == 1 && different > 32;
        if (isMap)
            Array.Sort(values);
        byte[] header =
        [
            (byte)(different - 1),
            .. isMap ? CodingOracle.Map(values) : values.SelectMany(v => CodingOracle.Bytes(v, width)),
        ];
        return Case(kernel, $"{count} of {different}, {width} bytes every {step}", data, encode(header, symbols), width, step, count, run,
            [.. symbols.Select(s => (int?)values[s])]);
    }

    private static KernelCase Plain(int width, int step, int count, int seed)
    {
        var data = new CaseData(seed);
        int[] elements = [.. Enumerable.Range(0, count).Select(_ => data.Random.Next())];
        return Case("PlainCode.Decode", $"{count}, {width} bytes every {step}", data,
            [.. elements.SelectMany(e => CodingOracle.Bytes(e, width))], width, step, count, PlainCode.Decode,
            [.. elements.Select(e => (int?)e)]);
    }

    private static KernelCase Sparse(int width, int count, int parameter, bool isListed, int seed)
    {
        var data = new CaseData(seed);
        int[] values = [.. Values(data.Random, 100, width).Where(v => v != 0)];
        int density = parameter == 0 ? 2 : 40;
        int[] elements = [.. Enumerable.Range(0, count).Select(_ => data.Random.Next(density) > 0 ? 0
            : values[data.Random.Next(values.Length)])];
        // Memory is zero before; here it is not, and zeros are left as they are.
        return Case("SparseCode.Decode", $"{count}, {width} bytes, parameter {parameter}", data,
            CodingOracle.Sparse(elements, width, parameter, isListed), width, width, count, SparseCode.Decode,
            [.. elements.Select(e => e == 0 ? (int?)null : e)]);
    }

    private static KernelCase Case(
        string kernel, string name, CaseData data, byte[] code, int width, int step, int count, KernelCall run, int?[] expected)
    {
        int source = data.AddWeights(code);
        int target = data.ReserveWide(((count - 1) * step) + width);
        int[] sections = [source, code.Length, target, count, width, step];
        return new KernelCase
        {
            Kernel = kernel,
            Name = name,
            Arena = data.Arena,
            Weights = data.Weights,
            Run = w => run(w, sections),
            Oracle = arena =>
            {
                for (int i = 0; i < count; i++)
                    if (expected[i] is { } element)
                        CodingOracle.Bytes(element, width).ToArray().CopyTo(arena, target + (i * step));
            },
        };
    }

    // Different numbers of a width.
    private static int[] Values(Random random, int count, int width)
    {
        if (width == 1)
            return [.. Enumerable.Range(0, 256).OrderBy(_ => random.Next()).Take(count)];
        var values = new HashSet<int>();
        while (values.Count < count)
            values.Add(random.Next());
        return [.. values];
    }

    private delegate void KernelCall(Workspace w, ReadOnlySpan<int> sections);
}
