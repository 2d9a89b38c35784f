namespace OptimizerBuild.Compression.Quantization.Arithmetic;

/// <summary>The levels to which a recurrent layer rounds its state (docs/arithmetic.md, Recurrent layers).</summary>
internal static class StateLevels
{
    /// <summary>What s16 holds.</summary>
    private const int Most = short.MaxValue;

    /// <summary>The greatest level with which no sum of products leaves 32 bits, whatever the state.</summary>
    /// <param name="weights">Rows of weights.</param>
    /// <param name="size">The elements of a state, which are the weights of a row.</param>
    public static int Greatest(ReadOnlySpan<sbyte> weights, int size)
    {
        long greatest = 1;
        for (int at = 0; at < weights.Length; at += size)
        {
            long sum = 0;
            foreach (sbyte w in weights.Slice(at, size))
                sum += Math.Abs((int)w);
            greatest = Math.Max(greatest, sum);
        }
        return (int)Math.Min(Most, int.MaxValue / greatest);
    }
}
