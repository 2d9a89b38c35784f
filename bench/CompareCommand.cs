using System.Globalization;
using System.Text;
using System.Text.Json;
using OptimizerBuild.Data;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Bench;

/// <summary>
/// <c>compare</c>: the generated predictor of each model beside ONNX Runtime, on the model's file and on the compressed model as the
/// build exports it, on the same inputs, in one process and in turn, so that all meet the same machine.
/// </summary>
internal static class CompareCommand
{
    private const int ComparedSamples = 200;

    /// <summary>Runs the command.</summary>
    /// <returns>The process's exit code.</returns>
    public static int Run(IReadOnlyList<BenchModel> models, OnnxRuntimePeer peer, BenchArguments arguments)
    {
        List<ComparisonRow> rows = Compare(models, peer, arguments.Threads, arguments.Seconds);
        if (arguments.Json is { } json)
            File.WriteAllText(json, JsonSerializer.Serialize(rows, Json.Format) + "\n");
        if (arguments.Markdown is { } markdown)
            File.WriteAllText(markdown, Markdown(rows, arguments.Threads));
        return 0;
    }

    /// <summary>Compares all models, with a line on the console for each.</summary>
    public static List<ComparisonRow> Compare(IReadOnlyList<BenchModel> models, OnnxRuntimePeer peer, int threads, double seconds)
    {
        Console.WriteLine(ComparisonRow.Heading);
        var rows = new List<ComparisonRow>();
        foreach (BenchModel model in models)
        {
            rows.Add(Compare(model, peer, threads, seconds));
            Console.WriteLine(rows[^1].Line);
        }
        if (rows.Count > 1)
            Console.WriteLine(MeanRatio(rows));
        return rows;
    }

    /// <summary>The table of record: what the README quotes.</summary>
    public static string Markdown(List<ComparisonRow> rows, int threads)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{Machine.Processor}, {threads} thread{(threads == 1 ? "" : "s")}, kernel path `{Kernels.KernelPath.Name}`, minimum of interleaved runs.\n");
        text.Append("Made by `dotnet run -c Release --project bench -- compare --markdown FILE`.\n\n");
        text.Append(ComparisonRow.MarkdownHeading).AppendJoin("", rows.Select(r => r.Markdown));
        return text.Append('\n').Append(MeanRatio(rows)).Append(".\n").ToString();
    }

    private static string MeanRatio(List<ComparisonRow> rows) =>
        string.Create(CultureInfo.InvariantCulture, $"Geometric mean of the ratios: {Math.Exp(rows.Average(r => Math.Log(r.Ratio))):F2}");

    private static ComparisonRow Compare(BenchModel model, OnnxRuntimePeer peer, int threads, double seconds)
    {
        ModelOptions options = model.Options() with { ExportOnnx = true };
        CompilationOutcome outcome = ModelCompiler.Compile(options, CancellationToken.None);
        ModelPlan plan = outcome.Plan;
        Predictor ours = PredictorBuild.Load(outcome);
        ours.Parallelism = threads;
        Graph graph = OnnxImporter.Import(model.Path, new ImportOptions { Shapes = options.Shapes }, CancellationToken.None).Graph;
        IReadOnlyList<IReadOnlyList<Tensor>> samples = Samples(model, options, graph);

        // The same model for both where nothing runs in integers.
        var peers = new List<PeerModel> { new(peer.Open(model.Path, threads), graph) };
        if (plan.Facts.Precision != "float32" && OpenExported(model, outcome, peer, threads) is { } exported)
            peers.Add(new(exported, graph));

        int compared = Math.Min(samples.Count, ComparedSamples);
        bool classes = samples.Count > 8 && plan.Outputs[0].Length is > 1 and <= 10_000 && plan.Inputs[0].Length != plan.Outputs[0].Length;
        var agreement = new double[peers.Count];
        for (int s = compared - 1; s >= 0; s--)
        {
            for (int i = 0; i < graph.Inputs.Length; i++)
                ours.Set(i, Bytes(samples[s][i]));
            ours.Run();
            var mine = (float[])ours.Output(0);
            for (int p = 0; p < peers.Count; p++)
            {
                peers[p].Set([.. samples[s].Select(Bytes)]);
                peers[p].Session.Run();
                ReadOnlySpan<float> theirs = peers[p].Session.Output(0);
                agreement[p] += classes ? Agreement.OfClasses(mine, theirs) : Agreement.Cosine(mine, theirs);
            }
        }

        Timings[] timings = Timings.Interleave([ours.Run, .. peers.Select(p => (Action)p.Session.Run)], seconds);
        return new ComparisonRow
        {
            Model = model.Name,
            Threads = threads,
            Precision = plan.Facts.Precision,
            OursMinUs = Round(timings[0].Min),
            OursMedianUs = Round(timings[0].Median),
            OursP95Us = Round(timings[0].P95),
            OrtFloat32MinUs = Round(timings[1].Min),
            OrtFloat32MedianUs = Round(timings[1].Median),
            OrtInt8MinUs = peers.Count > 1 ? Round(timings[2].Min) : null,
            OrtInt8MedianUs = peers.Count > 1 ? Round(timings[2].Median) : null,
            Agreement = Math.Round(agreement[0] / compared, 5),
            Int8Agreement = peers.Count > 1 ? Math.Round(agreement[1] / compared, 5) : null,
            FloatWeightBytes = plan.Facts.FloatWeightBytes,
            WeightBytes = plan.Weights.Bytes,
            ScratchBytes = plan.ArenaBytes,
            Macs = plan.Facts.Macs,
            Metric = plan.Facts.Metric,
            FloatMetric = plan.Facts.FloatMetric,
            CompressedMetric = plan.Facts.CompressedMetric,
            Samples = plan.Facts.Samples,
        };
    }

    // A model that ONNX Runtime refuses must not cost the figures of the others; it is a mistake of the export, and said aloud.
    private static OnnxRuntimePeer.Session? OpenExported(BenchModel model, CompilationOutcome outcome, OnnxRuntimePeer peer, int threads)
    {
        try
        {
            return peer.Open(outcome.QdqModel!, threads);
        }
        catch (InvalidOperationException e)
        {
            Console.Error.WriteLine($"{model.Name}: ONNX Runtime refuses the exported model: {e.Message}");
            return null;
        }
    }

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

    // A session whose inputs are bound in the graph's order.
    private sealed class PeerModel
    {
        private readonly int[] _index;

        public PeerModel(OnnxRuntimePeer.Session session, Graph graph)
        {
            Session = session;
            string[] order = session.Inputs;
            _index = [.. graph.Inputs.Select(name => Array.IndexOf(order, name))];
            for (int i = 0; i < _index.Length; i++)
            {
                TensorType type = graph.TypeOf(graph.Inputs[i]);
                session.Bind(_index[i], type.Count * type.Element.Size(), (int)type.Element, [.. type.Dimensions.Select(d => (long)d)]);
            }
        }

        public OnnxRuntimePeer.Session Session { get; }

        public void Set(byte[][] inputs)
        {
            for (int i = 0; i < inputs.Length; i++)
                Session.Set(_index[i], inputs[i]);
        }
    }
}
