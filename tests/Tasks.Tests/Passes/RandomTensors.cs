using OptimizerBuild.Graphs;

namespace OptimizerBuild.Passes;

/// <summary>Seeded inputs, and the comparison of what comes out.</summary>
internal static class RandomTensors
{
    public static Tensor Of(Random random, TensorType type, int integers = 4) => type.Element switch
    {
        ElementType.Float32 => new Tensor(type, Fill(type, () => (float)((random.NextDouble() * 4) - 2))),
        ElementType.Int32 => new Tensor(type, Fill(type, () => random.Next(integers))),
        ElementType.Int64 => new Tensor(type, Fill(type, () => (long)random.Next(integers))),
        ElementType.UInt8 => new Tensor(type, Fill(type, () => (byte)random.Next(Math.Min(256, integers)))),
        ElementType.Bool => new Tensor(type, Fill(type, () => random.Next(2) == 1)),
        _ => throw new InvalidOperationException($"no random {type}"),
    };

    /// <summary>Equal types, and elements that differ by no more than the tolerance times the largest element.</summary>
    public static void AssertClose(Tensor expected, Tensor actual, float tolerance, string what)
    {
        Assert.True(expected.Type == actual.Type, $"{what}: {actual.Type} instead of {expected.Type}");
        if (expected.Element != ElementType.Float32)
        {
            Assert.Equal(expected.Data, actual.Data);
            return;
        }
        float[] x = expected.Values<float>(), y = actual.Values<float>();
        float scale = Math.Max(1e-3f, x.Where(float.IsFinite).Select(Math.Abs).DefaultIfEmpty().Max());
        for (int i = 0; i < x.Length; i++)
            Assert.True(x[i].Equals(y[i]) || Math.Abs(x[i] - y[i]) <= tolerance * scale,
                $"{what}: element {i} is {y[i]:R} instead of {x[i]:R} (scale {scale})");
    }

    private static T[] Fill<T>(TensorType type, Func<T> next)
    {
        var values = new T[type.Count];
        for (int i = 0; i < values.Length; i++)
            values[i] = next();
        return values;
    }
}
