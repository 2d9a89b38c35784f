namespace OptimizerBuild.Bench;

/// <summary>How well two answers agree.</summary>
internal static class Agreement
{
    /// <summary>1 where the greatest elements are the same, else 0.</summary>
    public static double OfClasses(ReadOnlySpan<float> a, ReadOnlySpan<float> b) => ArgMax(a) == ArgMax(b) ? 1 : 0;

    /// <summary>The cosine of the angle between them.</summary>
    public static double Cosine(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double ab = 0, aa = 0, bb = 0;
        for (int i = 0; i < a.Length; i++)
        {
            ab += (double)a[i] * b[i];
            aa += (double)a[i] * a[i];
            bb += (double)b[i] * b[i];
        }
        return aa == 0 || bb == 0 ? (aa == bb ? 1 : 0) : ab / Math.Sqrt(aa * bb);
    }

    private static int ArgMax(ReadOnlySpan<float> values)
    {
        int best = 0;
        for (int i = 1; i < values.Length; i++)
            if (values[i] > values[best])
                best = i;
        return best;
    }
}
