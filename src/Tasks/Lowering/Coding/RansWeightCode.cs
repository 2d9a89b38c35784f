using System.Numerics;
using OptimizerBuild.Kernels;

namespace OptimizerBuild.Lowering.Coding;

/// <summary>
/// Asymmetric numeral systems, range variant (J. Duda, arXiv 1311.2540, section 2.3), over the elements' numbers in the list of different
/// ones: nearly as short as their entropy. Frequencies are counted in the section.
/// </summary>
internal sealed class RansWeightCode : WeightCode
{
    // A table of 12 bits decodes fastest; frequent zeros beside rare values need more.
    private static readonly int[] Scales = [12, RansCode.GreatestScale];

    // What a larger table must save.
    private const double WorthIt = 0.997;

    /// <inheritdoc/>
    public override string Name => "rans";

    /// <inheritdoc/>
    public override string Kernel => nameof(RansCode);

    /// <inheritdoc/>
    public override int Rank => 4;

    /// <inheritdoc/>
    public override bool IsEntropyCode => true;

    /// <inheritdoc/>
    public override byte[]? Encode(WeightRun run)
    {
        if (run.Symbols is not ({ } values, { } symbols))
            return null;
        // What is one value throughout has no code behind the list, whatever the decoder.
        if (values.Length == 1)
            return WeightRun.Header(values, run.Width);
        int[] counts = Count(symbols, values.Length);
        byte[]? best = null;
        foreach (int scale in Scales)
        {
            byte[] code = Encode(values, symbols, Frequencies(counts, scale), scale, run.Width);
            if (best is null || code.Length < best.Length * WorthIt)
                best = code;
        }
        return best;
    }

    /// <summary>
    /// Counts in proportion to a sum of a power of two, each at least 1, by the largest remainders; what the least ones are raised by, the
    /// greatest give.
    /// </summary>
    public static int[] Frequencies(int[] counts, int scale)
    {
        int sum = 1 << scale;
        long total = counts.Sum(c => (long)c);
        int[] frequencies = [.. counts.Select(c => (int)Math.Max(c * (long)sum / total, 1))];
        int[] byRemainder = [.. Enumerable.Range(0, counts.Length).OrderByDescending(s => counts[s] * (long)sum % total)];
        int missing = sum - frequencies.Sum();
        for (int i = 0; missing > 0; i = (i + 1) % byRemainder.Length)
        {
            frequencies[byRemainder[i]]++;
            missing--;
        }
        while (missing < 0)
        {
            int greatest = Array.IndexOf(frequencies, frequencies.Max());
            frequencies[greatest]--;
            missing++;
        }
        return frequencies;
    }

    // Each frequency's length in bits by its distance from the one before, in unary, and the bits below its highest.
    private static byte[] Stored(ReadOnlySpan<int> frequencies)
    {
        var bits = new BitSink();
        int before = RansCode.FirstLength;
        foreach (int frequency in frequencies)
        {
            int length = BitOperations.Log2((uint)frequency) + 1, distance = length - before;
            for (int zeros = distance >= 0 ? 2 * distance : (-2 * distance) - 1; zeros > 0; zeros--)
                bits.Add(0, 1);
            bits.Add(1, 1);
            if (length > 1)
                bits.Add((uint)frequency & ((1u << (length - 1)) - 1), length - 1);
            before = length;
        }
        return bits.ToArray();
    }

    private static byte[] Encode(uint[] values, byte[] symbols, int[] frequencies, int scale, int width)
    {
        var starts = new int[frequencies.Length];
        for (int s = 1; s < starts.Length; s++)
            starts[s] = starts[s - 1] + frequencies[s - 1];

        // From the last symbol to the first, so that the decoder finds them in order; words come out in reverse, too.
        uint[] states = [RansCode.Least, RansCode.Least, RansCode.Least, RansCode.Least];
        var words = new List<ushort>();
        for (int i = symbols.Length - 1; i >= 0; i--)
        {
            uint frequency = (uint)frequencies[symbols[i]];
            ref uint state = ref states[i % 4];
            if (state >= (ulong)frequency << (32 - scale))
            {
                words.Add((ushort)state);
                state >>= 16;
            }
            state = ((state / frequency) << scale) + (state % frequency) + (uint)starts[symbols[i]];
        }
        var code = new List<byte>(WeightRun.Header(values, width)) { (byte)scale };
        code.AddRange(Stored(frequencies.AsSpan(0, frequencies.Length - 1)));
        foreach (uint state in states)
            code.AddRange([(byte)state, (byte)(state >> 8), (byte)(state >> 16), (byte)(state >> 24)]);
        for (int i = words.Count - 1; i >= 0; i--)
            code.AddRange([(byte)words[i], (byte)(words[i] >> 8)]);
        return [.. code];
    }
}
