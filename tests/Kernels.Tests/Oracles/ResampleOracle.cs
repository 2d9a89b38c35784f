namespace OptimizerBuild.Kernels.Tests.Oracles;

/// <summary>Resampling as docs/arithmetic.md has it, one output after the other, in numbers that cannot overflow.</summary>
internal static class ResampleOracle
{
    /// <summary>One output of a run.</summary>
    public static int One(ReadOnlySpan<int> run, int inner, int at, ReadOnlySpan<int> places, ReadOnlySpan<int> weights, int addend,
        int shift, int minimum, int maximum)
    {
        Int128 sum = addend;
        for (int t = 0; t < places.Length; t++)
            sum += (Int128)run[(places[t] * inner) + at] * weights[t];
        if (sum < int.MinValue || sum > int.MaxValue)
            throw new InvalidOperationException($"a case has a sum of {sum}, which 32 bits do not hold");
        return (int)Int128.Clamp(sum >> shift, minimum, maximum);
    }
}
