namespace OptimizerBuild.Compression.Quantization.Arithmetic;

/// <summary>The levels to which a recurrent layer rounds its state (docs/arithmetic.md, Recurrent layers).</summary>
internal static class StateLevels
{
    /// <summary>What s16 holds.</summary>
    private const int Most = short.MaxValue;

    // Smaller states count as 0: the inverse of their step would not be finite.
    private const float Least = 1e-30f;

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

    /// <summary>A state's levels and the size of one. NaN counts as 0, infinities as the greatest number.</summary>
    /// <param name="state">The state.</param>
    /// <param name="levels">The greatest level.</param>
    public static (int[] Levels, float Unit) Round(ReadOnlySpan<float> state, int levels)
    {
        float greatest = 0;
        foreach (float x in state)
            if (Math.Abs(x) > greatest)
                greatest = Math.Abs(x);
        greatest = Math.Min(greatest, float.MaxValue);
        var rounded = new int[state.Length];
        if (greatest < Least)
            return (rounded, 0);
        float inverse = levels / greatest;
        for (int k = 0; k < rounded.Length; k++)
            rounded[k] = float.IsNaN(state[k]) ? 0 : (int)MathF.Round(Math.Clamp(state[k], -greatest, greatest) * inverse);
        return (rounded, greatest / levels);
    }
}
