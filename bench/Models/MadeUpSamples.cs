using System.Globalization;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using OptimizerBuild.Compression;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;

namespace OptimizerBuild.Bench.Models;

/// <summary>
/// Samples for models of sound for which there are no recordings: seeded, those to calibrate on others than those to judge by. They say how
/// far a compressed model agrees with the float model, and nothing of how right either is. A model of cepstra gets walks of the size that
/// these have in speech; a model of sound with a state gets frames of made-up voices, breaths and silence, with the states in which the
/// float model is by then.
/// </summary>
internal static class MadeUpSamples
{
    private const int Count = 1024;

    // Frames that follow one another before a voice begins anew, and how far they lie apart.
    private const int Frames = 64;
    private const int Hop = 512;
    private const double Rate = 16_000;

    /// <summary>The model with such samples as data to calibrate on and to evaluate on; null where none are known for it.</summary>
    /// <param name="model">The model.</param>
    public static BenchModel? Of(BenchModel model)
    {
        ModelOptions options = model.Options() with { CalibrationData = null, EvaluationData = null };
        Graph graph = OnnxImporter.Import(model.Path, ModelCompiler.ImportSettings(options)).Graph;
        Func<string, Dictionary<string, float[][]>>? make = graph.Inputs.Length switch
        {
            1 when graph.TypeOf(graph.Inputs[0]) is { Dimensions: [1, 49, 10, 1], Element: ElementType.Float32 } => s => Cepstra(graph, s),
            >= 2 when graph.TypeOf(graph.Inputs[0]) is { Dimensions: [1, > Hop], Element: ElementType.Float32 } => s => Voices(graph, s),
            _ => null,
        };
        return make is null ? null
            : model with { Calibration = Write(graph, make("calibration")), Evaluation = Write(graph, make("evaluation")) };
    }

    // Per coefficient a walk around a mean of its own; their sizes fall with the coefficient. Classes are the float model's.
    private static Dictionary<string, float[][]> Cepstra(Graph graph, string seed)
    {
        var random = new RandomSource("cepstra for " + seed);
        var samples = new float[Count][];
        for (int i = 0; i < Count; i++)
        {
            samples[i] = new float[49 * 10];
            for (int c = 0; c < 10; c++)
            {
                double size = c == 0 ? 18 : 12 / Math.Sqrt(c), mean = ((c == 0 ? -25 : 0) + (size * Normal(random))) / 1.5, at = 0;
                for (int t = 0; t < 49; t++)
                {
                    at = (0.85 * at) + (0.5 * size * Normal(random));
                    samples[i][(t * 10) + c] = (float)(mean + at);
                }
            }
        }
        var evaluator = new GraphEvaluator(graph);
        TensorType type = graph.TypeOf(graph.Inputs[0]);
        float[] classes = [.. samples.Select(s =>
        {
            float[] scores = evaluator.Evaluate([new Tensor(type, s)])[0].Values<float>();
            return (float)Array.IndexOf(scores, scores.Max());
        })];
        return new() { [graph.Inputs[0]] = samples, ["y"] = [classes] };
    }

    private static Dictionary<string, float[][]> Voices(Graph graph, string seed)
    {
        var random = new RandomSource("voices for " + seed);
        var evaluator = new GraphEvaluator(graph);
        TensorType[] types = [.. graph.Inputs.Select(graph.TypeOf)];
        int length = types[0].Count, state = Array.FindIndex(types, 1, t => t.Element == ElementType.Float32);
        int next = graph.Outputs.IndexOf(graph.Outputs.First(o => graph.TypeOf(o).Count == types[state].Count));
        var made = new Dictionary<string, float[][]> { [graph.Inputs[0]] = new float[Count][], [graph.Inputs[state]] = new float[Count][] };
        foreach ((string rate, TensorType type) in graph.Inputs.Zip(types).Where(t => t.Second.Element == ElementType.Int64))
            made[rate] = [.. Enumerable.Repeat(Enumerable.Repeat((float)Rate, type.Count).ToArray(), Count)];
        var before = new float[types[state].Count];
        float[] sound = [];
        for (int i = 0; i < Count; i++)
        {
            if (i % Frames == 0)
                (before, sound) = (new float[before.Length], Sound(random, ((Frames - 1) * Hop) + length));
            float[] frame = sound.AsSpan(i % Frames * Hop, length).ToArray();
            made[graph.Inputs[0]][i] = frame;
            made[graph.Inputs[state]][i] = before;
            Tensor[] inputs = [.. types.Select((t, p) => p == 0 ? new Tensor(t, frame) : p == state ? new Tensor(t, before)
                : t.Element == ElementType.Int64 ? Tensor.Of(new long[t.Count].Select(_ => (long)Rate).ToArray(), [.. t.Dimensions])
                : throw new InvalidOperationException($"input {p} is no rate"))];
            before = evaluator.Evaluate(inputs)[next].Values<float>();
        }
        return made;
    }

    // Two seconds of syllables: harmonics of a gliding pitch under two formants, sometimes breath instead, and pauses.
    private static float[] Sound(RandomSource random, int length)
    {
        var sound = new float[length];
        double pitch = 90 + (140 * random.NextUnit()), loud = 0.02 + (0.2 * random.NextUnit()), noise = 0.001 + (0.01 * random.NextUnit());
        double phase = 0;
        for (int start = 0; start < length;)
        {
            int syllable = (int)(Rate * (0.08 + (0.25 * random.NextUnit())));
            int kind = random.NextBelow(4);
            double low = 300 + (600 * random.NextUnit()), high = 900 + (1500 * random.NextUnit()), glide = (random.NextUnit() - 0.5) * 0.4;
            for (int t = 0; t < syllable && start + t < length; t++)
            {
                double place = (double)t / syllable, envelope = Math.Sin(Math.PI * place), value = 0;
                phase += 2 * Math.PI * pitch * (1 + (glide * place)) / Rate;
                if (kind < 2)
                    for (int h = 1; h * pitch < 3500; h++)
                        value += Math.Sin(h * phase) * (Formant(h * pitch, low) + (0.5 * Formant(h * pitch, high)) + (0.05 / h));
                else if (kind == 2)
                    value = 0.3 * Normal(random);
                sound[start + t] = (float)((loud * envelope * value) + (noise * Normal(random)));
            }
            start += syllable;
        }
        return sound;
    }

    private static double Formant(double frequency, double at) => 1 / (1 + Math.Pow((frequency - at) / 120, 2));

    // By Box and Muller, from two uniform numbers.
    private static double Normal(RandomSource random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextUnit())) * Math.Cos(2 * Math.PI * random.NextUnit());

    // A NumPy archive, which this process deletes in the end.
    private static string Write(Graph graph, Dictionary<string, float[][]> arrays)
    {
        string path = Path.Combine(Path.GetTempPath(),
            string.Create(CultureInfo.InvariantCulture, $"optimizerbuild-bench-{Environment.ProcessId}-{Guid.NewGuid():N}.npz"));
        using (var archive = new ZipArchive(File.Create(path), ZipArchiveMode.Create))
            foreach ((string name, float[][] rows) in arrays)
            {
                bool isWhole = name == "y" || graph.TypeOf(name).Element == ElementType.Int64;
                int[] shape = name == "y" ? [rows[0].Length]
                    : graph.TypeOf(name).Dimensions is [var first, .. var rest] ? [rows.Length * first, .. rest] : [rows.Length];
                using Stream stream = archive.CreateEntry(name + ".npy").Open();
                stream.Write(Header(isWhole ? "<i8" : "<f4", shape));
                foreach (float[] row in rows)
                    stream.Write(isWhole ? MemoryMarshal.AsBytes<long>(Array.ConvertAll(row, v => (long)v))
                        : MemoryMarshal.AsBytes<float>(row));
            }
        AppDomain.CurrentDomain.ProcessExit += (_, _) => File.Delete(path);
        return path;
    }

    private static byte[] Header(string type, int[] shape)
    {
        string text = $"{{'descr': '{type}', 'fortran_order': False, 'shape': ({string.Join(", ", shape)},), }}";
        text = text.PadRight(((10 + text.Length + 1 + 63) / 64 * 64) - 11) + "\n";
        return [0x93, .. "NUMPY"u8, 1, 0, (byte)text.Length, (byte)(text.Length >> 8), .. Encoding.ASCII.GetBytes(text)];
    }
}
