namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Numerics;

/// <summary>What a classifier's scores say: the index of the greatest one and how sure it is.</summary>
internal static class Classification
{
    /// <summary>The index of the greatest score, the first of equal ones; NaN is less than every number. 0 for no scores.</summary>
    public static int ArgMax<T>(ReadOnlySpan<T> scores)
        where T : unmanaged, INumber<T>
    {
        int best = 0;
        for (int i = 1; i < scores.Length; i++)
        {
            if (scores[i] > scores[best] || (T.IsNaN(scores[best]) && !T.IsNaN(scores[i])))
                best = i;
        }
        return best;
    }

    /// <summary>The softmax of the scores at one index; NaN where a score is.</summary>
    /// <param name="scores">The scores.</param>
    /// <param name="index">The index, usually that of the greatest score.</param>
    public static float Confidence<T>(ReadOnlySpan<T> scores, int index)
        where T : unmanaged, INumber<T>
    {
        float greatest = float.CreateSaturating(scores[ArgMax(scores)]);
        float sum = 0;
        for (int i = 0; i < scores.Length; i++)
            sum += Exponential(scores[i], greatest);
        return Exponential(scores[index], greatest) / sum;
    }

    // The greatest score counts 1 even where it is infinite.
    private static float Exponential<T>(T score, float greatest)
        where T : unmanaged, INumber<T>
    {
        float value = float.CreateSaturating(score);
        return value == greatest ? 1 : Float32Math.Exp(value - greatest);
    }
}
