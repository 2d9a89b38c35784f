using OptimizerBuild.Kernels;

namespace OptimizerBuild.Lowering.Coding;

/// <summary>
/// A canonical Huffman code of the elements' numbers in the list of different ones, with at most 12 bits each: lengths by package-merge
/// (L. Larmore, D. Hirschberg, "A fast algorithm for optimal length-limited Huffman codes", 1990).
/// </summary>
internal sealed class HuffmanWeightCode : WeightCode
{
    private const int Longest = HuffmanCode.LongestCode;

    // Shorter runs are decoded faster as rANS, which is as short but for a hundredth.
    private const int WorthTables = 1 << 14;
    private const double WeightOfShort = 1.01;

    /// <inheritdoc/>
    public override string Name => "huffman";

    /// <inheritdoc/>
    public override string Kernel => nameof(HuffmanCode);

    /// <inheritdoc/>
    public override int Rank => 3;

    /// <inheritdoc/>
    public override bool IsEntropyCode => true;

    /// <inheritdoc/>
    public override double Weight(int count) => count < WorthTables ? WeightOfShort : 1;

    /// <inheritdoc/>
    public override byte[]? Encode(WeightRun run)
    {
        if (run.Symbols is not ({ } values, { } symbols))
            return null;
        // What is one value throughout has no code behind the list, whatever the decoder.
        if (values.Length == 1)
            return WeightRun.Header(values, run.Width);
        int[] lengths = Lengths(Count(symbols, values.Length));
        uint[] codes = Codes(lengths);
        var header = new byte[(lengths.Length + 1) / 2];
        for (int s = 0; s < lengths.Length; s++)
            header[s / 2] |= (byte)(lengths[s] << (4 * (s % 2)));
        var bits = new BitSink();
        foreach (byte symbol in symbols)
            bits.Add(codes[symbol], lengths[symbol]);
        return [.. WeightRun.Header(values, run.Width), .. header, .. bits.ToArray()];
    }

    /// <summary>The lengths of the shortest code of at most 12 bits a symbol.</summary>
    /// <param name="counts">How often each symbol occurs, at least once; two symbols or more, 256 at most.</param>
    public static int[] Lengths(int[] counts)
    {
        // Each round pairs what the last one left and puts the symbols back among it; a symbol is as long as often as it is in what
        // remains.
        (long Weight, int[] Symbols)[] single = [.. counts.Select((c, s) => ((long)c, new[] { s })).OrderBy(c => c.Item1)];
        (long Weight, int[] Symbols)[] packages = single;
        for (int round = 1; round < Longest; round++)
        {
            IEnumerable<(long, int[])> pairs = packages.Chunk(2).Where(p => p.Length == 2)
                .Select(p => (p[0].Weight + p[1].Weight, (int[])[.. p[0].Symbols, .. p[1].Symbols]));
            packages = [.. single.Concat(pairs).OrderBy(p => p.Item1)];
        }
        var lengths = new int[counts.Length];
        foreach ((_, int[] symbols) in packages.Take((2 * counts.Length) - 2))
            foreach (int symbol in symbols)
                lengths[symbol]++;
        return lengths;
    }

    // Ascending within a length and from shorter to longer ones, the first bit lowest.
    private static uint[] Codes(int[] lengths)
    {
        var codes = new uint[lengths.Length];
        uint next = 0;
        for (int length = 1; length <= Longest; length++, next <<= 1)
            for (int s = 0; s < lengths.Length; s++)
            {
                if (lengths[s] != length)
                    continue;
                for (int b = 0; b < length; b++)
                    codes[s] |= ((next >> b) & 1) << (length - 1 - b);
                next++;
            }
        return codes;
    }
}
