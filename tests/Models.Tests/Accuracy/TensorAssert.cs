using OptimizerBuild.Graphs;

namespace OptimizerBuild.Models.Accuracy;

/// <summary>Comparison of tensors bit for bit.</summary>
internal static class TensorAssert
{
    /// <summary>Fails at the first element that differs.</summary>
    public static void Equal(Tensor expected, Tensor actual, string what)
    {
        Assert.Equal(expected.Type, actual.Type);
        for (int i = 0; i < expected.Count; i++)
            if (!expected.Data.GetValue(i)!.Equals(actual.Data.GetValue(i)))
                Assert.Fail($"{what}: element {i} is {actual.Data.GetValue(i)} instead of {expected.Data.GetValue(i)}");
    }

    /// <summary>The cosine of the angle between two float tensors.</summary>
    public static double Cosine(Tensor a, Tensor b)
    {
        double dot = 0;
        double normA = 0;
        double normB = 0;
        foreach ((float x, float y) in a.Values<float>().Zip(b.Values<float>()))
        {
            dot += (double)x * y;
            normA += (double)x * x;
            normB += (double)y * y;
        }
        return dot / Math.Sqrt(normA * normB);
    }
}
