using System.Runtime.Intrinsics;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Training;

/// <summary>What differs between a student's and a teacher's values, with its gradient; one sample at a time.</summary>
internal static class DistillationLoss
{
    /// <summary>
    /// The Kullback–Leibler divergence of a student's classes from a teacher's at a temperature T, times T², so that its gradient does not
    /// depend on it (G. Hinton, O. Vinyals and J. Dean 2015, arXiv 1503.02531, section 2).
    /// </summary>
    /// <param name="student">The student's logits.</param>
    /// <param name="teacher">The teacher's.</param>
    /// <param name="temperature">The temperature, positive.</param>
    /// <param name="weight">A factor of the gradient.</param>
    /// <param name="gradient">Is added the gradient with respect to the student's logits; empty where it is not needed.</param>
    public static double Classes(
        ReadOnlySpan<float> student, ReadOnlySpan<float> teacher, double temperature, double weight, Span<float> gradient)
    {
        double ownSum = LogSum(student, temperature), otherSum = LogSum(teacher, temperature), loss = 0;
        for (int i = 0; i < student.Length; i++)
        {
            double own = (student[i] / temperature) - ownSum, other = (teacher[i] / temperature) - otherSum;
            double p = ElementaryFunctions.Exp(other);
            // A class that is ruled out in both adds nothing, where infinities would.
            loss += p == 0 ? 0 : p * (other - own);
            if (!gradient.IsEmpty)
                gradient[i] += (float)(weight * temperature * (ElementaryFunctions.Exp(own) - p));
        }
        return loss * temperature * temperature;
    }

    /// <summary>
    /// The cross entropy of a student's classes with a label of which a part is spread over all classes (label smoothing: C. Szegedy et
    /// al. 2016, arXiv 1512.00567, section 7).
    /// </summary>
    /// <param name="student">The student's logits.</param>
    /// <param name="label">The class.</param>
    /// <param name="smoothing">The part that is spread, 0 to below 1.</param>
    /// <param name="weight">A factor of the gradient.</param>
    /// <param name="gradient">Is added the gradient with respect to the logits; empty where it is not needed.</param>
    public static double Label(ReadOnlySpan<float> student, int label, double smoothing, double weight, Span<float> gradient)
    {
        double sum = LogSum(student, 1), loss = 0;
        for (int i = 0; i < student.Length; i++)
        {
            double own = student[i] - sum, wanted = (smoothing / student.Length) + (i == label ? 1 - smoothing : 0);
            loss -= wanted == 0 ? 0 : wanted * own;
            if (!gradient.IsEmpty)
                gradient[i] += (float)(weight * (ElementaryFunctions.Exp(own) - wanted));
        }
        return loss;
    }

    /// <summary>The mean squared difference, in proportion to a power.</summary>
    /// <param name="student">The student's values.</param>
    /// <param name="teacher">The teacher's.</param>
    /// <param name="power">The mean square of what varies of the teacher's values, positive.</param>
    /// <param name="weight">A factor of the gradient.</param>
    /// <param name="gradient">Is added the gradient with respect to the student's values; empty where it is not needed.</param>
    public static double Squares(
        ReadOnlySpan<float> student, ReadOnlySpan<float> teacher, double power, double weight, Span<float> gradient)
    {
        double by = 1 / (power * student.Length), factor = 2 * weight * by;
        // Four sums side by side on every machine, so that the order is the same.
        Vector256<double> sums = default;
        int at = 0;
        for (; at <= student.Length - Vector128<float>.Count; at += Vector128<float>.Count)
        {
            Vector256<double> difference = Widened(student[at..]) - Widened(teacher[at..]);
            sums += difference * difference;
            if (gradient.IsEmpty)
                continue;
            Vector256<double> change = difference * factor;
            (Vector128.Create<float>(gradient[at..]) + Vector128.Narrow(change.GetLower(), change.GetUpper())).CopyTo(gradient[at..]);
        }
        double loss = (sums[0] + sums[1]) + (sums[2] + sums[3]);
        for (; at < student.Length; at++)
        {
            double difference = (double)student[at] - teacher[at];
            loss += difference * difference;
            if (!gradient.IsEmpty)
                gradient[at] += (float)(factor * difference);
        }
        return loss * by;

        static Vector256<double> Widened(ReadOnlySpan<float> values)
        {
            var four = Vector128.Create(values);
            return Vector256.Create(Vector128.WidenLower(four), Vector128.WidenUpper(four));
        }
    }

    private static double LogSum(ReadOnlySpan<float> logits, double temperature)
    {
        double greatest = double.NegativeInfinity, sum = 0;
        foreach (float x in logits)
            greatest = Math.Max(greatest, x / temperature);
        foreach (float x in logits)
            sum += ElementaryFunctions.Exp((x / temperature) - greatest);
        return greatest + ElementaryFunctions.Log(sum);
    }
}
