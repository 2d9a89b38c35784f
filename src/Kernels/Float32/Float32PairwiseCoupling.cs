namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.InteropServices;

/// <summary>
/// Probabilities of several classes from those of each pair: the second method of T.-F. Wu, C.-J. Lin and R. C. Weng, "Probability
/// Estimates for Multi-class Classification by Pairwise Coupling" (2004, section 4.3, algorithm 2), with the bounds of libsvm.
/// </summary>
internal static class Float32PairwiseCoupling
{
    private const int MostRounds = 100;

    /// <summary>Couples the probabilities of rows.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Operand offset of the probabilities of the first class of each pair, against the second: (0, 1), (0, 2), …,
    /// (1, 2), …; greater than 0 and less than 1.</param>
    /// <param name="output">Arena offset of the probabilities.</param>
    /// <param name="rows">The number of rows.</param>
    /// <param name="classes">The number of classes.</param>
    public static void Run(Workspace w, int input, int output, int rows, int classes)
    {
        int pairs = classes * (classes - 1) / 2;
        ReadOnlySpan<float> given = w.OperandSpan<float>(input, rows * pairs);
        int numbers = classes * (classes + 1);
        Span<float> memory = MemoryMarshal.CreateSpan(ref Unsafe.As<byte, float>(ref w.Scratch(numbers * sizeof(float))), numbers);
        Span<float> q = memory.Slice(0, classes * classes);
        Span<float> product = memory.Slice(classes * classes, classes);
        Span<float> result = w.ArenaSpan<float>(output, rows * classes);
        for (int row = 0; row < rows; row++)
        {
            Fill(given.Slice(row * pairs, pairs), q, classes);
            Couple(q, product, result.Slice(row * classes, classes));
        }
    }

    private static void Fill(ReadOnlySpan<float> pairs, Span<float> q, int classes)
    {
        q.Clear();
        int pair = 0;
        for (int i = 0; i < classes; i++)
        {
            for (int j = i + 1; j < classes; j++, pair++)
            {
                float first = pairs[pair], second = 1 - first;
                q[(i * classes) + i] += second * second;
                q[(j * classes) + j] += first * first;
                q[(i * classes) + j] = q[(j * classes) + i] = -second * first;
            }
        }
    }

    private static void Couple(ReadOnlySpan<float> q, Span<float> product, Span<float> p)
    {
        int classes = p.Length;
        float tolerance = 0.005f / classes;
        p.Fill(1f / classes);
        for (int round = 0; round < MostRounds; round++)
        {
            float all = 0;
            for (int i = 0; i < classes; i++)
            {
                product[i] = 0;
                for (int j = 0; j < classes; j++)
                    product[i] += q[(i * classes) + j] * p[j];
                all += p[i] * product[i];
            }
            float error = 0;
            for (int i = 0; i < classes; i++)
                error = MathF.Max(error, MathF.Abs(product[i] - all));
            if (error < tolerance)
                return;
            for (int i = 0; i < classes; i++)
                all = Move(q, product, p, i, all);
        }
    }

    // One probability moves to where its condition holds; the sum of all becomes 1 again.
    private static float Move(ReadOnlySpan<float> q, Span<float> product, Span<float> p, int i, float all)
    {
        int classes = p.Length;
        float own = q[(i * classes) + i];
        float step = (all - product[i]) / own;
        float sum = 1 + step;
        p[i] += step;
        all = (all + (step * ((step * own) + (2 * product[i])))) / (sum * sum);
        for (int j = 0; j < classes; j++)
        {
            product[j] = (product[j] + (step * q[(i * classes) + j])) / sum;
            p[j] /= sum;
        }
        return all;
    }
}
