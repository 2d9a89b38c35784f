using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Options;

namespace OptimizerBuild.Bench.Models;

/// <summary>Inputs of a model of one origin.</summary>
/// <param name="Origin">Where they come from.</param>
/// <param name="Samples">The samples, for each the inputs in the graph's order and of the graph's types.</param>
/// <param name="IsData">Whether they are the user's data.</param>
internal sealed record ModelSamples(string Origin, IReadOnlyList<IReadOnlyList<Tensor>> Samples, bool IsData)
{
    private const int NoiseSamples = 4;

    /// <summary>
    /// Samples of a model's data where it has any, else seeded noise of two kinds: from 0 to 1, on which models of random weights are
    /// calibrated, and normal with negative values and outliers, which shows ranges that do not fit.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="options">What its item says; its evaluation or calibration data are used where the model has none of its own.</param>
    /// <param name="graph">The imported model.</param>
    /// <param name="maximum">At most so many samples of data, evenly spread.</param>
    /// <exception cref="ModelException">The data cannot be read or does not fit.</exception>
    public static IReadOnlyList<ModelSamples> Of(BenchModel model, ModelOptions options, Graph graph, int maximum)
    {
        DataSpec? spec = model.Data is { } own
            ? new DataSpec(own, Path.GetDirectoryName(model.Path)!)
            : options.EvaluationData ?? options.CalibrationData;
        if (spec is not null)
        {
            DataSet data = DataSetReader.Read(spec.Spec, spec.BaseFolder, DataLimits.Default, options.LabelKey);
            return [new("data", SampleSplitter.ToSamples(data, graph, InputAdaptation.Of(options), maximum).Samples, IsData: true)];
        }
        return
        [
            Noise("noise 0…1", random => random.NextDouble()),
            Noise("normal noise", Normal),
        ];

        // By Box and Muller, from two uniform numbers.
        static double Normal(Random random) =>
            Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

        ModelSamples Noise(string origin, Func<Random, double> next)
        {
            var random = new Random(1);
            var samples = new IReadOnlyList<Tensor>[NoiseSamples];
            for (int i = 0; i < samples.Length; i++)
                samples[i] = [.. graph.Inputs.Select(input => NoiseOf(graph.TypeOf(input), random, next))];
            return new(origin, samples, IsData: false);
        }
    }

    /// <summary>
    /// Noise of a type: reals as <paramref name="next"/> makes them, all values of bytes, 0 and 1 of wider integers (which are often
    /// indices into tables of unknown length) and of truth values; zeros of types that .NET does not have.
    /// </summary>
    public static Tensor NoiseOf(TensorType type, Random random, Func<Random, double> next)
    {
        Tensor tensor = Tensor.Zeros(type);
        if (type.Element.IsNarrow())
            return tensor;
        switch (tensor.Data)
        {
            case float[] values:
                Fill(values, () => (float)next(random));
                break;
            case double[] values:
                Fill(values, () => next(random));
                break;
            case Half[] values:
                Fill(values, () => (Half)next(random));
                break;
            case byte[] values:
                random.NextBytes(values);
                break;
            case sbyte[] values:
                Fill(values, () => (sbyte)random.Next(-128, 128));
                break;
            case short[] values:
                Fill(values, () => (short)random.Next(2));
                break;
            case ushort[] values:
                Fill(values, () => (ushort)random.Next(2));
                break;
            case int[] values:
                Fill(values, () => random.Next(2));
                break;
            case uint[] values:
                Fill(values, () => (uint)random.Next(2));
                break;
            case long[] values:
                Fill(values, () => random.Next(2));
                break;
            case ulong[] values:
                Fill(values, () => (ulong)random.Next(2));
                break;
            case bool[] values:
                Fill(values, () => random.Next(2) != 0);
                break;
        }
        return tensor;

        static void Fill<T>(T[] values, Func<T> value)
        {
            for (int i = 0; i < values.Length; i++)
                values[i] = value();
        }
    }
}
