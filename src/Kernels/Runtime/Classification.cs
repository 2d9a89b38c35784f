namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Numerics;

/// <summary>What a classifier's scores say: the index of the greatest one and how sure it is.</summary>
internal static class Classification
{
    /// <summary>The index of the greatest score, the first of equal ones; NaN is less than every number. 0 for no scores.</summary>
    /// <remarks>Nearly all scores are float32: code of its own is compiled sooner than an instance of the generic one.</remarks>
    public static int ArgMax(ReadOnlySpan<float> scores)
    {
        int best = 0;
        for (int i = 1; i < scores.Length; i++)
        {
            float score = scores[i];
            float greatest = scores[best];
            if (score > greatest || (float.IsNaN(greatest) && !float.IsNaN(score)))
                best = i;
        }
        return best;
    }

    /// <summary>The softmax of the scores at one index; NaN where a score is.</summary>
    /// <param name="scores">The scores.</param>
    /// <param name="index">The index, usually that of the greatest score.</param>
    public static float Confidence(ReadOnlySpan<float> scores, int index)
    {
        float greatest = scores[ArgMax(scores)];
        float sum = 0;
        float chosen = 0;
        for (int i = 0; i < scores.Length; i++)
        {
            float exponential = Exponential(scores[i], greatest);
            sum += exponential;
            if (i == index)
                chosen = exponential;
        }
        return chosen / sum;
    }

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

    private static float Exponential<T>(T score, float greatest)
        where T : unmanaged, INumber<T> => Exponential(float.CreateSaturating(score), greatest);

    /// <summary>
    /// The place that follows another one in the order from the greatest score to the least, equal ones in the order of their places; NaN
    /// is less than every number.
    /// </summary>
    /// <param name="scores">The scores, more than the places that have been asked for.</param>
    /// <param name="previous">The place before; −1 for the first.</param>
    public static int Next<T>(ReadOnlySpan<T> scores, int previous)
        where T : unmanaged, INumber<T>
    {
        int next = -1;
        for (int i = 0; i < scores.Length; i++)
        {
            if (i != previous && (previous < 0 || Precedes(scores, previous, i)) && (next < 0 || Precedes(scores, i, next)))
                next = i;
        }
        return next;
    }

    private static bool Precedes<T>(ReadOnlySpan<T> scores, int a, int b)
        where T : unmanaged, INumber<T> =>
        scores[a] > scores[b] || (T.IsNaN(scores[b]) && !T.IsNaN(scores[a]))
            || (a < b && (scores[a] == scores[b] || (T.IsNaN(scores[a]) && T.IsNaN(scores[b]))));

    // The greatest score counts 1 even where it is infinite.
    private static float Exponential(float score, float greatest) => score == greatest ? 1 : Float32Exponential.Of(score - greatest);
}
