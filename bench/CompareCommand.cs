using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using OptimizerBuild.Data;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Bench;

/// <summary>
/// <c>compare</c>: the generated predictor of each model beside ONNX Runtime on the same inputs, in one process and in turn, so that
/// both meet the same machine.
/// </summary>
internal static class CompareCommand
{
    private const int ComparedSamples = 200;

    /// <summary>Runs the command.</summary>
    /// <returns>The process's exit code.</returns>
    public static int Run(IReadOnlyList<BenchModel> models, OnnxRuntimePeer peer, BenchArguments arguments)
    {
        Console.WriteLine($"{"model",-34} {"precision",-9} {"ours µs",10} {"median",10} {"p95",10} {"ORT µs",10} {"median",10} {"ratio",7} {"agree",8} {"weights",10} {"scratch",10} {"M MACs",8}  accuracy, measured by the build");
        var rows = new List<Dictionary<string, object?>>();
        foreach (BenchModel model in models)
            rows.Add(Compare(model, peer, arguments.Threads, arguments.Seconds));
        double[] ratios = [.. rows.Select(r => (double)r["ratio"]!)];
        if (ratios.Length > 1)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"geometric mean of the ratios: {Math.Exp(ratios.Average(Math.Log)):F2}"));
        if (arguments.Json is { } json)
            File.WriteAllText(json, JsonSerializer.Serialize(rows, IndentedJson) + "\n");
        if (arguments.Markdown is { } markdown)
            File.WriteAllText(markdown, Markdown(rows, arguments.Threads));
        return 0;
    }

    private static JsonSerializerOptions IndentedJson { get; } = new() { WriteIndented = true };

    private static Dictionary<string, object?> Compare(BenchModel model, OnnxRuntimePeer peer, int threads, double seconds)
    {
        ModelOptions options = model.Options();
        CompilationOutcome outcome = ModelCompiler.Compile(options, CancellationToken.None);
        ModelPlan plan = outcome.Plan;
        Predictor ours = PredictorBuild.Load(outcome);
        ImportedModel imported = OnnxImporter.Import(model.Path, new ImportOptions { Shapes = options.Shapes }, CancellationToken.None);
        IReadOnlyList<IReadOnlyList<Tensor>> samples = Samples(model, options, imported.Graph);

        OnnxRuntimePeer.Session session = peer.Open(model.Path, threads);
        string[] order = session.Inputs;
        int[] index = [.. imported.Graph.Inputs.Select(name => Array.IndexOf(order, name))];
        for (int i = 0; i < index.Length; i++)
        {
            TensorType type = imported.Graph.TypeOf(imported.Graph.Inputs[i]);
            session.Bind(index[i], type.Count * type.Element.Size(), (int)type.Element, [.. type.Dimensions.Select(d => (long)d)]);
        }

        int compared = Math.Min(samples.Count, ComparedSamples);
        bool classes = plan.Outputs[0].Length is > 1 and <= 10_000 && plan.Inputs[0].Length != plan.Outputs[0].Length;
        double agreement = 0;
        for (int s = compared - 1; s >= 0; s--)
        {
            for (int i = 0; i < index.Length; i++)
            {
                byte[] bytes = Bytes(samples[s][i]);
                ours.Set(i, bytes);
                session.Set(index[i], bytes);
            }
            ours.Run();
            session.Run();
            var mine = (float[])ours.Output(0);
            ReadOnlySpan<float> theirs = session.Output(0);
            agreement += classes && samples.Count > 8 ? (ArgMax(mine) == ArgMax(theirs) ? 1 : 0) : Cosine(mine, theirs);
        }
        agreement /= compared;

        Timings[] timings = Timings.Interleave([ours.Run, session.Run], seconds);
        double ratio = timings[1].Min / timings[0].Min;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{model.Name,-34} {plan.Facts.Precision,-9} {timings[0].Min,10:F1} {timings[0].Median,10:F1} {timings[0].P95,10:F1} {timings[1].Min,10:F1} {timings[1].Median,10:F1} {ratio,7:F2} {agreement,8:F4} {plan.Weights.Bytes,10} {plan.ArenaBytes,10} {plan.Facts.Macs / 1e6,8:F2}  {Accuracy(plan.Facts)}"));
        return new()
        {
            ["model"] = model.Name,
            ["threads"] = threads,
            ["precision"] = plan.Facts.Precision,
            ["oursMinUs"] = Round(timings[0].Min),
            ["oursMedianUs"] = Round(timings[0].Median),
            ["oursP95Us"] = Round(timings[0].P95),
            ["ortFloat32MinUs"] = Round(timings[1].Min),
            ["ortFloat32MedianUs"] = Round(timings[1].Median),
            ["ortInt8MinUs"] = null,
            ["ratio"] = Math.Round(ratio, 3),
            ["agreement"] = Math.Round(agreement, 5),
            ["floatWeightBytes"] = plan.Facts.FloatWeightBytes,
            ["weightBytes"] = plan.Weights.Bytes,
            ["scratchBytes"] = plan.ArenaBytes,
            ["macs"] = plan.Facts.Macs,
            ["metric"] = plan.Facts.Metric,
            ["floatMetric"] = plan.Facts.FloatMetric,
            ["compressedMetric"] = plan.Facts.CompressedMetric,
            ["samples"] = plan.Facts.Samples,
        };
    }

    // The table of record: what the README quotes.
    private static string Markdown(List<Dictionary<string, object?>> rows, int threads)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{Processor()}, {threads} thread{(threads == 1 ? "" : "s")}, kernel path `{Kernels.KernelPath.Name}`, minimum of interleaved runs.\n");
        text.Append("Made by `dotnet run -c Release --project bench -- compare --markdown FILE`.\n\n");
        text.Append("| model | M MACs | float → compressed | weights, KB | scratch, KB | ours, µs | ONNX Runtime float32, µs | ratio |\n|---|---|---|---|---|---|---|---|\n");
        foreach (Dictionary<string, object?> row in rows)
        {
            string accuracy = (int)row["samples"]! == 0
                ? FormattableString.Invariant($"agreement {row["agreement"]:0.####}")
                : FormattableString.Invariant($"{row["metric"]} {row["floatMetric"]:0.####} → {row["compressedMetric"]:0.####}");
            text.Append(CultureInfo.InvariantCulture, $"| {row["model"]} | {(long)row["macs"]! / 1e6:0.##} | {accuracy} | {(long)row["floatWeightBytes"]! / 1024.0:0} → {(int)row["weightBytes"]! / 1024.0:0} ");
            text.Append(CultureInfo.InvariantCulture, $"| {(int)row["scratchBytes"]! / 1024.0:0.0} | {row["oursMinUs"]:0.0} | {row["ortFloat32MinUs"]:0.0} | {row["ratio"]:0.00} |\n");
        }
        return text.ToString();
    }

    private static string Processor()
    {
        const string Facts = "/proc/cpuinfo";
        string? line = File.Exists(Facts) ? File.ReadLines(Facts).FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal)) : null;
        return line is null ? RuntimeInformation.ProcessArchitecture.ToString() : line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
    }

    private static string Accuracy(PlanFacts facts) => facts.Samples == 0 ? "" : string.Create(
        CultureInfo.InvariantCulture, $"{facts.Metric} {facts.FloatMetric:0.####} → {facts.CompressedMetric:0.####} on {facts.Samples:N0} samples");

    private static double Round(double microseconds) => Math.Round(microseconds, 2);

    private static IReadOnlyList<IReadOnlyList<Tensor>> Samples(BenchModel model, ModelOptions options, Graph graph)
    {
        if (model.Data is not null)
        {
            DataSet data = DataSetReader.Read(model.Data, Path.GetDirectoryName(model.Path)!, DataLimits.Default);
            return SampleSplitter.ToSamples(data, graph, InputAdaptation.Of(options), ComparedSamples).Samples;
        }
        var random = new Random(1);
        return [[.. graph.Inputs.Select(input => Noise(graph.TypeOf(input), random))]];
    }

    private static Tensor Noise(TensorType type, Random random)
    {
        Tensor tensor = Tensor.Zeros(type);
        if (tensor.Data is float[] values)
            for (int i = 0; i < values.Length; i++)
                values[i] = random.NextSingle();
        return tensor;
    }

    private static byte[] Bytes(Tensor tensor)
    {
        var bytes = new byte[tensor.Count * tensor.Element.Size()];
        Buffer.BlockCopy(tensor.Data, 0, bytes, 0, bytes.Length);
        return bytes;
    }

    private static int ArgMax(ReadOnlySpan<float> values)
    {
        int best = 0;
        for (int i = 1; i < values.Length; i++)
            if (values[i] > values[best])
                best = i;
        return best;
    }

    private static double Cosine(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double ab = 0, aa = 0, bb = 0;
        for (int i = 0; i < a.Length; i++)
        {
            ab += (double)a[i] * b[i];
            aa += (double)a[i] * a[i];
            bb += (double)b[i] * b[i];
        }
        return aa == 0 || bb == 0 ? (aa == bb ? 1 : 0) : ab / Math.Sqrt(aa * bb);
    }
}
