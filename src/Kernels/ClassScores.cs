namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Numerics;

/// <summary>
/// From a classifier's scores to its prediction: the class of the greatest score and how confident the model is of it. Plain double
/// arithmetic without the platform's exponential function, so that the same scores give the same confidence everywhere.
/// </summary>
internal static class ClassScores
{
    /// <summary>The index of the greatest score, of equal ones the first; scores that are not numbers lose.</summary>
    public static int IndexOfMaximum<T>(ReadOnlySpan<T> scores)
        where T : unmanaged, INumber<T>
    {
        int best = 0;
        for (int i = 1; i < scores.Length; i++)
            if (scores[i] > scores[best] || (T.IsNaN(scores[best]) && !T.IsNaN(scores[i])))
                best = i;
        return best;
    }

    /// <summary>A score as it is: the confidence of a model whose scores are probabilities.</summary>
    public static float Probability<T>(ReadOnlySpan<T> scores, int index)
        where T : unmanaged, INumber<T> => float.CreateSaturating(scores[index]);

    /// <summary>The softmax of the greatest score: 1 / Σ exp(score − greatest score).</summary>
    /// <param name="scores">The scores.</param>
    /// <param name="index">The index of the greatest one.</param>
    public static float SoftmaxOfMaximum<T>(ReadOnlySpan<T> scores, int index)
        where T : unmanaged, INumber<T>
    {
        double maximum = double.CreateSaturating(scores[index]);
        double sum = 0;
        for (int i = 0; i < scores.Length; i++)
        {
            double value = double.CreateSaturating(scores[i]);
            sum += value == maximum ? 1 : Exponential(value - maximum);
        }
        return (float)(1 / sum);
    }

    /// <summary>
    /// e^x for x ≤ 0 with a relative error below 2^−44: x = k·ln 2 + r with |r| ≤ ln 2 / 2, the Taylor polynomial of degree 11 for e^r, and
    /// 2^k through the exponent's bits. ln 2 is split in two, so that k·ln 2 loses nothing (Cody and Waite).
    /// </summary>
    internal static double Exponential(double x)
    {
        const double Log2Upper = 6.93147180369123816490e-01;
        const double Log2Lower = 1.90821492927058770002e-10;
        if (!(x > -700))
            return double.IsNaN(x) ? x : 0;
        unchecked
        {
            double k = Math.Floor((x * 1.4426950408889634) + 0.5);
            double r = x - (k * Log2Upper) - (k * Log2Lower);
            double sum = 1;
            for (int n = 11; n > 0; n--)
                sum = 1 + (sum * r / n);
            return sum * BitConverter.Int64BitsToDouble((1023 + (long)k) << 52);
        }
    }
}
