namespace OptimizerBuild.Bench.Models;

/// <summary>How well two answers agree.</summary>
internal static class Agreement
{
    /// <summary>1 where the greatest elements are the same, else 0.</summary>
    public static double OfClasses(double[] a, double[] b) => Array.IndexOf(a, a.Max()) == Array.IndexOf(b, b.Max()) ? 1 : 0;

    /// <summary>The cosine of the angle between them.</summary>
    public static double Cosine(double[] a, double[] b)
    {
        double ab = 0, aa = 0, bb = 0;
        for (int i = 0; i < a.Length; i++)
        {
            ab += a[i] * b[i];
            aa += a[i] * a[i];
            bb += b[i] * b[i];
        }
        return aa == 0 || bb == 0 ? (aa == bb ? 1 : 0) : ab / Math.Sqrt(aa * bb);
    }

    /// <summary>The elements of an output as numbers.</summary>
    /// <param name="output">An array of any of the types that an output may have.</param>
    public static double[] Numbers(Array output) => output switch
    {
        float[] values => Array.ConvertAll(values, v => (double)v),
        Half[] halves => Array.ConvertAll(halves, h => (double)h),
        bool[] flags => Array.ConvertAll(flags, f => f ? 1.0 : 0.0),
        _ => [.. output.Cast<IConvertible>().Select(v => v.ToDouble(null))],
    };
}
