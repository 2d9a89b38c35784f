using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Data;

/// <summary>
/// Changes the sampling rate of a recording by band-limited interpolation: a windowed sinc at the places of the new samples (Smith and
/// Gossett, "A flexible sampling-rate conversion method", ICASSP 1984), 16 zero crossings to a side in a Hann window, with the edge of the
/// band at 94.5 % of the lower rate's half. Computed in double precision with functions of our own, so that every machine gives the same.
/// </summary>
internal static class Resampler
{
    private const int Crossings = 16;
    private const double Edge = 0.945;

    /// <summary>The number of samples at the new rate: as many as lie within the recording.</summary>
    public static long LengthOf(long length, int from, int to) => ((length * to) + from - 1) / from;

    /// <summary>The recording at the new rate.</summary>
    /// <param name="samples">The samples at the old rate.</param>
    /// <param name="from">The old rate.</param>
    /// <param name="to">The new rate.</param>
    public static float[] Run(float[] samples, int from, int to)
    {
        if (from == to)
            return samples;
        int divisor = Divisor(from, to);
        (int up, int down) = (to / divisor, from / divisor);
        // Of the lower of the two rates, in samples of the old one.
        double band = Edge * Math.Min(1, (double)to / from);
        int reach = (int)Math.Ceiling(Crossings / band);
        var phases = new Dictionary<int, float[]>();
        var result = new float[LengthOf(samples.Length, from, to)];
        for (int i = 0; i < result.Length; i++)
        {
            long place = (long)i * down;
            (int center, int phase) = ((int)(place / up), (int)(place % up));
            if (!phases.TryGetValue(phase, out float[]? taps))
                phases.Add(phase, taps = Taps((double)phase / up, band, reach));
            double sum = 0;
            int first = center - reach;
            for (int k = Math.Max(0, -first); k < taps.Length && first + k < samples.Length; k++)
                sum += (double)taps[k] * samples[first + k];
            result[i] = (float)sum;
        }
        return result;
    }

    // The weights of the old samples around a place that lies a fraction behind one of them; together they weigh 1.
    private static float[] Taps(double fraction, double band, int reach)
    {
        var taps = new double[(2 * reach) + 2];
        for (int k = 0; k < taps.Length; k++)
        {
            double distance = (k - reach - fraction) * band;
            if (Math.Abs(distance) >= Crossings)
                continue;
            double angle = Math.PI * distance;
            double sinc = distance == 0 ? 1 : ElementaryFunctions.Sin(angle) / angle;
            taps[k] = sinc * 0.5 * (1 + ElementaryFunctions.Cos(angle / Crossings));
        }
        double whole = taps.Sum();
        return [.. taps.Select(t => (float)(t / whole))];
    }

    private static int Divisor(int a, int b) => b == 0 ? a : Divisor(b, a % b);
}
