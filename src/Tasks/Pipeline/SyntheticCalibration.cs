using OptimizerBuild.Compression;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Pipeline;

/// <summary>
/// Calibration samples for models without data: seeded noise in the ranges that inputs plausibly have. Real data is always better, and
/// a warning says so.
/// </summary>
internal static class SyntheticCalibration
{
    private const int Count = 32;
    private const int Seed = 0x0B71;

    /// <summary>Samples of a graph's inputs.</summary>
    public static CalibrationSet Samples(Graph graph)
    {
        var random = new Random(Seed);
        return new([.. Enumerable.Range(0, Count).Select(i => (IReadOnlyList<Tensor>)[.. graph.Inputs.Select(name => Noise(graph.TypeOf(name), random, i))])], Synthetic: true);
    }

    // Half of the samples as scaled data (0…1), half as standardised data (mean 0, deviation 1): the two common conventions.
    private static Tensor Noise(TensorType type, Random random, int sample)
    {
        Array data = Tensor.Zeros(type).Data;
        switch (data)
        {
            case float[] v:
                for (int i = 0; i < v.Length; i++)
                    v[i] = sample % 2 == 0 ? random.NextSingle() : Normal(random);
                break;
            case double[] v:
                for (int i = 0; i < v.Length; i++)
                    v[i] = sample % 2 == 0 ? random.NextSingle() : Normal(random);
                break;
            case byte[] v:
                random.NextBytes(v);
                break;
            case bool[] v:
                for (int i = 0; i < v.Length; i++)
                    v[i] = random.Next(2) == 1;
                break;
            case int[] v:
                for (int i = 0; i < v.Length; i++)
                    v[i] = random.Next(256);
                break;
            case long[] v:
                for (int i = 0; i < v.Length; i++)
                    v[i] = random.Next(256);
                break;
        }
        return new Tensor(type, data);
    }

    // Box and Muller's transform.
    private static float Normal(Random random) =>
        (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
}
