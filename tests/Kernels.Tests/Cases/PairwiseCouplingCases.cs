using System.Runtime.InteropServices;

namespace OptimizerBuild.Kernels.Tests.Cases;

/// <summary>Probabilities of classes from those of pairs, against the algorithm as the paper writes it.</summary>
internal static class PairwiseCouplingCases
{
    public static IEnumerable<KernelCase> All()
    {
        int seed = 170000;
        foreach ((int rows, int classes) in ((int, int)[])[(1, 2), (5, 3), (3, 7), (2, 26)])
            yield return Case(rows, classes, seed++);
    }

    private static KernelCase Case(int rows, int classes, int seed)
    {
        var data = new CaseData(seed);
        int pairs = classes * (classes - 1) / 2;
        float[] given = [.. Enumerable.Range(0, rows * pairs)
            .Select(i => i % 11 == 5 ? 1e-7f : i % 11 == 7 ? 1 - 1e-7f : (data.Random.NextSingle() * 0.98f) + 0.01f)];
        int from = data.ReserveWide(given.Length * sizeof(float));
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(given.AsSpan());
        for (int i = 0; i < bytes.Length; i++)
            data.Put(from + i, bytes[i]);
        int to = data.ReserveWide(rows * classes * sizeof(float));
        return new KernelCase
        {
            Kernel = "Float32PairwiseCoupling.Run",
            Name = $"{rows} rows, {classes} classes",
            Arena = data.Arena,
            Weights = data.Weights,
            Run = w => Float32PairwiseCoupling.Run(w, from, to, rows, classes),
            Oracle = arena =>
            {
                for (int row = 0; row < rows; row++)
                    MemoryMarshal.AsBytes(Couple(given.AsSpan(row * pairs, pairs), classes).AsSpan())
                        .CopyTo(arena.AsSpan(to + (row * classes * sizeof(float))));
            },
        };
    }

    // T.-F. Wu et al. (2004): Q by equation 19, then algorithm 2.
    private static float[] Couple(ReadOnlySpan<float> given, int classes)
    {
        var r = new float[classes, classes];
        for (int i = 0, pair = 0; i < classes; i++)
            for (int j = i + 1; j < classes; j++)
                (r[i, j], r[j, i]) = (given[pair], 1 - given[pair++]);
        var q = new float[classes, classes];
        for (int i = 0; i < classes; i++)
            for (int j = 0; j < classes; j++)
                if (j != i)
                    (q[i, i], q[i, j]) = (q[i, i] + (r[j, i] * r[j, i]), -r[j, i] * r[i, j]);
        var p = new float[classes];
        Array.Fill(p, 1f / classes);
        for (int round = 0; round < 100; round++)
        {
            var qp = new float[classes];
            float pqp = 0;
            for (int i = 0; i < classes; i++)
            {
                for (int j = 0; j < classes; j++)
                    qp[i] += q[i, j] * p[j];
                pqp += p[i] * qp[i];
            }
            if (qp.All(v => MathF.Abs(v - pqp) < 0.005f / classes))
                return p;
            for (int t = 0; t < classes; t++)
            {
                float step = (pqp - qp[t]) / q[t, t], sum = 1 + step;
                p[t] += step;
                pqp = (pqp + (step * ((step * q[t, t]) + (2 * qp[t])))) / (sum * sum);
                for (int j = 0; j < classes; j++)
                    (qp[j], p[j]) = ((qp[j] + (step * q[t, j])) / sum, p[j] / sum);
            }
        }
        return p;
    }
}
