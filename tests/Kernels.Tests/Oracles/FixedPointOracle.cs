namespace OptimizerBuild.Kernels.Tests.Oracles;

/// <summary>Softmax and Sigmoid in fixed point (docs/arithmetic.md), with a table of its own making.</summary>
internal static class FixedPointOracle
{
    private static readonly long[] Table =
        [.. Enumerable.Range(0, 257).Select(i => (long)Math.Floor((Math.Pow(2, 30) * Math.Pow(2, -i / 256.0)) + 0.5))];

    private static readonly long[] Logarithms =
        [.. Enumerable.Range(0, 257).Select(i => (long)Math.Floor((Math.Pow(2, 30) * Math.Log2(1 + (i / 256.0))) + 0.5))];

    /// <summary>2^(−d·L/2^l/65536) in Q30.</summary>
    public static long Exponential(long distance, long multiplier, int shift)
    {
        long t = (long)((((Int128)distance * multiplier) + (Int128.One << (shift - 1))) >> shift);
        t = Math.Min(t, 31 * 65536);
        long index = t % 65536 / 256;
        long within = t % 256;
        long value = Table[index] - ((((Table[index] - Table[index + 1]) * within) + 128) >> 8);
        int integer = (int)(t / 65536);
        return integer == 0 ? value : (value + (1L << (integer - 1))) >> integer;
    }

    /// <summary>Probabilities of one row in Q30.</summary>
    public static long[] Softmax(long[] row, long multiplier, int shift)
    {
        long greatest = row.Max();
        long[] powers = [.. row.Select(v => Exponential(greatest - v, multiplier, shift))];
        Int128 sum = 0;
        foreach (long power in powers)
            sum += power;
        return [.. powers.Select(p => (long)(((Int128)p << 30) / sum))];
    }

    /// <summary>Logarithms of the probabilities of one row, binary, in Q16.</summary>
    public static long[] LogSoftmax(long[] row, long multiplier, int shift)
    {
        long greatest = row.Max();
        Int128 sum = 0;
        foreach (long value in row)
            sum += Exponential(greatest - value, multiplier, shift);
        int integer = 0;
        while (sum >> (integer + 1) >= Int128.One << 30)
            integer++;
        long fraction = (long)(sum >> integer) - (1L << 30);
        long index = fraction / (1 << 22);
        long logarithm = Logarithms[index] + ((((Logarithms[index + 1] - Logarithms[index]) * (fraction % (1 << 22))) + (1 << 21)) >> 22);
        long ofSum = (integer * 65536L) + ((logarithm + (1 << 13)) >> 14);
        return [.. row.Select(v =>
        {
            Int128 t = (((Int128)(greatest - v) * multiplier) + (Int128.One << (shift - 1))) >> shift;
            return -((long)Int128.Min(t, 1 << 30) + ofSum);
        })];
    }

    /// <summary>A probability as u8 of scale 1/256.</summary>
    public static byte ToUInt8(long probability) => (byte)Math.Min(255, (probability + (1L << 21)) >> 22);

    /// <summary>The logistic function in Q30.</summary>
    public static long Sigmoid(long value, long multiplier, int shift)
    {
        Int128 e = Exponential(Math.Abs(value), multiplier, shift);
        return (long)(((value < 0 ? e : Int128.One << 30) << 30) / ((Int128.One << 30) + e));
    }
}
