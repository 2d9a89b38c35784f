namespace OptimizerBuild.Kernels;

using global::System;

/// <summary>What a classifier's scores say: the index of the greatest one and how sure it is.</summary>
internal static class Classification
{
    /// <summary>The index of the greatest score, the first of equal ones; NaN is less than every number. 0 for no scores.</summary>
    public static int ArgMax(ReadOnlySpan<float> scores)
    {
        int best = 0;
        for (int i = 1; i < scores.Length; i++)
        {
            if (scores[i] > scores[best] || (float.IsNaN(scores[best]) && !float.IsNaN(scores[i])))
                best = i;
        }
        return best;
    }

    /// <summary>The softmax of the scores at one index.</summary>
    /// <param name="scores">The scores.</param>
    /// <param name="index">The index, usually that of the greatest score.</param>
    public static float Confidence(ReadOnlySpan<float> scores, int index)
    {
        float greatest = scores[ArgMax(scores)];
        float sum = 0;
        for (int i = 0; i < scores.Length; i++)
            sum += Float32Math.Exp(scores[i] - greatest);
        return Float32Math.Exp(scores[index] - greatest) / sum;
    }
}
