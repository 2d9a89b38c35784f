namespace OptimizerBuild.Compression.Quantization.Arithmetic;

/// <summary>
/// Real factors as integers over a common power of two (docs/arithmetic.md, Requantisation): <c>factor ≈ Multipliers[c] / 2^Shift</c>.
/// </summary>
/// <param name="Multipliers">One multiplier for each factor, 0…2^31 − 1.</param>
/// <param name="Shift">The shift, 1…62.</param>
internal sealed record FixedPointMultipliers(int[] Multipliers, int Shift)
{
    /// <summary>The shift at which the largest multiplier lies in 2^30…2^31 − 1, as far as shifts of 1…62 reach.</summary>
    public static FixedPointMultipliers Of(params ReadOnlySpan<double> factors)
    {
        double greatest = 0;
        foreach (double factor in factors)
            greatest = Math.Max(greatest, factor);
        int shift = greatest > 0 ? Math.Clamp(30 - Math.ILogB(greatest), 1, 62) : 31;
        if (shift > 1 && Math.Round(Math.ScaleB(greatest, shift)) > int.MaxValue)
            shift--;
        var multipliers = new int[factors.Length];
        for (int i = 0; i < multipliers.Length; i++)
            multipliers[i] = (int)Math.Min(Math.Round(Math.ScaleB(factors[i], shift)), int.MaxValue);
        return new(multipliers, shift);
    }

    /// <summary>
    /// The same factors with as many bits fewer as it takes that <c>|sum · multiplier| &lt; 2^62</c> for sums of the given magnitudes, one
    /// for each multiplier. Sums below 2^31 never need it.
    /// </summary>
    public FixedPointMultipliers For(IReadOnlyList<long> magnitudes)
    {
        FixedPointMultipliers result = this;
        while (result.Shift > 1 && !result.Suit(magnitudes))
            result = new(Array.ConvertAll(result.Multipliers, m => (int)((m + 1L) >> 1)), result.Shift - 1);
        return result;
    }

    /// <summary>Whether <c>|sum · multiplier| &lt; 2^62</c> for sums of the given magnitudes, one for each multiplier.</summary>
    public bool Suit(IReadOnlyList<long> magnitudes)
    {
        for (int i = 0; i < Multipliers.Length; i++)
            if ((Int128)magnitudes[i] * Multipliers[i] >= (Int128)1 << 62)
                return false;
        return true;
    }

    /// <summary><c>(value · multiplier + 2^(s−1)) >> s</c>.</summary>
    public long Apply(long value, int index = 0) => Round(value * Multipliers[index]);

    /// <summary><c>(product + 2^(s−1)) >> s</c>, for sums of products.</summary>
    public long Round(long product) => (product + (1L << (Shift - 1))) >> Shift;
}
