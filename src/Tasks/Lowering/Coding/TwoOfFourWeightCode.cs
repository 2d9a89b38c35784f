using OptimizerBuild.Kernels;

namespace OptimizerBuild.Lowering.Coding;

/// <summary>Bytes of which at most two of each four are not zero: the two values and the pair of their places.</summary>
internal sealed class TwoOfFourWeightCode : WeightCode
{
    private static readonly (int First, int Second)[] Pairs = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)];

    /// <inheritdoc/>
    public override string Name => "2:4";

    /// <inheritdoc/>
    public override string Kernel => nameof(TwoOfFourCode);

    /// <inheritdoc/>
    public override int Rank => 5;

    /// <inheritdoc/>
    public override byte[]? Encode(WeightRun run)
    {
        if (run.Width != 1 || !run.IsWhole || run.Count % 4 != 0)
            return null;
        int quads = run.Count / 4;
        var pairs = new byte[(quads + TwoOfFourCode.QuadsInAByte - 1) / TwoOfFourCode.QuadsInAByte];
        var values = new byte[quads * 2];
        for (int q = 0; q < quads; q++)
        {
            int pair = Array.FindIndex(Pairs, p => Enumerable.Range(0, 4).All(i => i == p.First || i == p.Second || run[(q * 4) + i] == 0));
            if (pair < 0)
                return null;
            int place = q % TwoOfFourCode.QuadsInAByte;
            pairs[q / TwoOfFourCode.QuadsInAByte] += (byte)(pair * (place == 0 ? 1 : place == 1 ? TwoOfFourCode.Pairs
                : TwoOfFourCode.Pairs * TwoOfFourCode.Pairs));
            values[q * 2] = (byte)run[(q * 4) + Pairs[pair].First];
            values[(q * 2) + 1] = (byte)run[(q * 4) + Pairs[pair].Second];
        }

        // A list pays where its numbers take so many bits less that they make up for it.
        byte[] list = [.. values.Distinct().Order()];
        int bits = 1;
        while (1 << bits < list.Length)
            bits++;
        if (list.Length + (((values.Length * bits) + 7) / 8) >= values.Length)
            return [8, 0, .. pairs, .. values];
        var numbers = new BitSink();
        foreach (byte value in values)
            numbers.Add((uint)Array.BinarySearch(list, value), bits);
        return [(byte)bits, (byte)(list.Length - 1), .. pairs, .. list, .. numbers.ToArray()];
    }
}
