using System.Numerics;

namespace OptimizerBuild.Kernels.Tests.Oracles;

/// <summary>Resizing as docs/arithmetic.md states it, place by place, in numbers of any length.</summary>
internal static class ImageOracle
{
    /// <summary>The weights with which the places of a line make up one place of its resized form.</summary>
    public static long[] Weights(int length, int resized, int place, int filter)
    {
        var shares = new BigInteger[length];
        for (int j = 0; j < length; j++)
        {
            // Both places as intervals in units of 1 / (2 · resized) of a place of the line.
            BigInteger from = (BigInteger)2 * place * length;
            BigInteger to = from + (2 * length);
            BigInteger center = from + length;
            BigInteger distance = BigInteger.Abs((((2 * (BigInteger)j) + 1) * resized) - center);
            BigInteger share = filter switch
            {
                ResamplingWeights.Bilinear => (2 * (BigInteger)Math.Max(length, resized)) - distance,
                ResamplingWeights.BilinearNoAntialias => (2 * (BigInteger)resized) - distance,
                _ => BigInteger.Min(to, 2 * ((BigInteger)j + 1) * resized) - BigInteger.Max(from, 2 * (BigInteger)j * resized),
            };
            shares[j] = BigInteger.Max(0, share);
        }
        BigInteger total = shares.Aggregate(BigInteger.Add);
        var weights = new long[length];
        BigInteger sum = 0;
        BigInteger before = 0;
        for (int j = 0; j < length; j++)
        {
            sum += shares[j];
            BigInteger upTo = ((sum * 65536) + total) / (2 * total);
            weights[j] = (long)(upTo - before);
            before = upTo;
        }
        return weights;
    }

    /// <summary>The weighted mean of rows with 8 bits behind the point.</summary>
    public static long Blend(IEnumerable<(long Weight, long Level)> places) => (places.Sum(p => p.Weight * p.Level) + 64) / 128;

    /// <summary>The weighted mean of such means as a level.</summary>
    public static long Gather(IEnumerable<(long Weight, long Value)> places) => (places.Sum(p => p.Weight * p.Value) + (1 << 22)) >> 23;

    /// <summary>An image of planes, resized; one plane for each channel.</summary>
    /// <param name="level">The level at a row and a column.</param>
    /// <param name="size">Rows and columns.</param>
    /// <param name="resized">Rows and columns of the resized image.</param>
    /// <param name="taken">Rows and columns that are taken from its middle.</param>
    /// <param name="filter">The filter.</param>
    public static byte[,] Resize(
        Func<int, int, int> level, (int Rows, int Columns) size, (int Rows, int Columns) resized, (int Rows, int Columns) taken, int filter)
    {
        var result = new byte[taken.Rows, taken.Columns];
        int top = (int)Math.Round((resized.Rows - taken.Rows) / 2.0, MidpointRounding.ToEven);
        int left = (int)Math.Round((resized.Columns - taken.Columns) / 2.0, MidpointRounding.ToEven);
        long[][] columns = [.. Enumerable.Range(left, taken.Columns).Select(x => Weights(size.Columns, resized.Columns, x, filter))];
        for (int y = 0; y < taken.Rows; y++)
        {
            long[] rows = Weights(size.Rows, resized.Rows, top + y, filter);
            long[] blended = [.. Enumerable.Range(0, size.Columns).Select(x => Blend(rows.Select((w, r) => (w, (long)level(r, x)))))];
            for (int x = 0; x < taken.Columns; x++)
                result[y, x] = (byte)Gather(columns[x].Zip(blended));
        }
        return result;
    }
}
