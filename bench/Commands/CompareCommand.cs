using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using OptimizerBuild.Bench.Measurement;
using OptimizerBuild.Bench.Models;
using OptimizerBuild.Bench.OnnxRuntime;
using OptimizerBuild.Bench.Reporting;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Onnx;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Bench.Commands;

/// <summary>
/// <c>compare</c>: the generated predictor of each model beside ONNX Runtime, on the model's file and on the compressed model as the
/// build exports it, on the same inputs, in one process and in turn, so that all meet the same machine.
/// </summary>
internal sealed class CompareCommand : BenchCommand
{
    private const int ComparedSamples = 200;

    private readonly ModelSelection _models;
    private readonly Option<int> _threads;
    private readonly Option<double> _seconds;
    private readonly FigureFiles _files;

    /// <summary>Declares the command and its options.</summary>
    public CompareCommand()
        : base("compare", "The generated predictor of each model beside ONNX Runtime")
    {
        _models = new(this);
        _threads = ThreadsOption(1);
        _seconds = SecondsOption("each model");
        _files = new(this);
        Frameworks = new(this);
    }

    /// <summary>Compares all models, with a line on the console for each.</summary>
    /// <param name="models">The models.</param>
    /// <param name="threads">Threads of one prediction.</param>
    /// <param name="seconds">How long each model is measured, about.</param>
    public static List<ComparisonRow> Compare(IReadOnlyList<BenchModel> models, int threads, double seconds)
    {
        List<ComparisonRow> rows = ComparisonRow.Table.Print(models.Select(m => Compare(m, threads, seconds)));
        if (rows.Count > 1)
            Console.WriteLine(MeanRatio(rows));
        return rows;
    }

    /// <summary>The table of record: what the README quotes.</summary>
    public static string Markdown(List<ComparisonRow> rows) => Document.Of(
        "compare",
        string.Create(
            CultureInfo.InvariantCulture,
            $"{Machine.Processor}, {rows[0].Threads} thread{(rows[0].Threads == 1 ? "" : "s")}, kernel path `{KernelPath.Name}`, ")
        + $"minimum of interleaved runs, ONNX Runtime {OnnxRuntimeSession.Version}.",
        $"{ComparisonRow.Table.Markdown(rows)}\n{MeanRatio(rows)}.\n");

    /// <inheritdoc/>
    protected override int Run(ParseResult line)
    {
        List<ComparisonRow> rows = Compare(_models.Of(line), line.GetValue(_threads), line.GetValue(_seconds));
        _files.Write(line, rows, Markdown);
        return 0;
    }

    private static string MeanRatio(List<ComparisonRow> rows) =>
        string.Create(CultureInfo.InvariantCulture, $"Geometric mean of the ratios: {Math.Exp(rows.Average(r => Math.Log(r.Ratio))):F2}");

    private static ComparisonRow Compare(BenchModel model, int threads, double seconds)
    {
        ModelOptions options = model.Options() with { ExportOnnx = true };
        CompilationOutcome outcome = ModelCompiler.Compile(options, CancellationToken.None);
        ModelPlan plan = outcome.Plan;
        Predictor ours = PredictorBuild.Load(outcome);
        ours.Parallelism = threads;
        Graph graph = OnnxImporter.Import(model.Path, ModelCompiler.ImportSettings(options), CancellationToken.None).Graph;
        CheckInputs(model, plan, graph);
        IReadOnlyList<ModelSamples> samples = ModelSamples.Of(model, options, graph, ComparedSamples);

        // The same model for both where nothing runs in integers.
        using OnnxRuntimeSession float32 = OnnxRuntimeSession.Open(model.Path, graph, threads);
        using OnnxRuntimeSession? int8 = plan.Facts.Precision == "float32" ? null : OpenExported(model, outcome, graph, threads);
        OnnxRuntimeSession[] peers = int8 is null ? [float32] : [float32, int8];

        double[][] agreements = [.. samples.Select(s => Agreements(s, plan, ours, peers))];
        Timings[] timings = Timings.Interleave([ours.Run, .. peers.Select(p => (Action)p.Run)], seconds);
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
            OrtInt8MinUs = int8 is null ? null : Round(timings[2].Min),
            OrtInt8MedianUs = int8 is null ? null : Round(timings[2].Median),
            Agreement = Math.Round(agreements.Min(a => a[0]), 5),
            Int8Agreement = int8 is null ? null : Math.Round(agreements.Min(a => a[1]), 5),
            AgreementOn = string.Join(", ", samples.Select(s => s.Origin)),
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

    // The mean agreement of our first output with each peer's. The inputs of the first sample stay.
    private static double[] Agreements(ModelSamples samples, ModelPlan plan, Predictor ours, OnnxRuntimeSession[] peers)
    {
        bool classes = samples.IsData && samples.Samples.Count > 8
            && plan.Outputs[0].Length is > 1 and <= 10_000 && plan.Inputs[0].Length != plan.Outputs[0].Length;
        var sums = new double[peers.Length];
        for (int s = samples.Samples.Count - 1; s >= 0; s--)
        {
            byte[][] inputs = [.. samples.Samples[s].Select(Bytes)];
            for (int i = 0; i < inputs.Length; i++)
                ours.Set(i, inputs[i]);
            ours.Run();
            Array output = ours.Output(0);
            double[] mine = Agreement.Numbers(output);
            var buffer = Array.CreateInstance(output.GetType().GetElementType()!, output.Length);
            for (int p = 0; p < peers.Length; p++)
            {
                for (int i = 0; i < inputs.Length; i++)
                    peers[p].Set(i, inputs[i]);
                peers[p].Run();
                peers[p].CopyOutput(0, buffer);
                double[] theirs = Agreement.Numbers(buffer);
                sums[p] += classes ? Agreement.OfClasses(mine, theirs) : Agreement.Cosine(mine, theirs);
            }
        }
        return [.. sums.Select(sum => sum / samples.Samples.Count)];
    }

    // ONNX Runtime takes what the model's file says, and both are to be fed the same bytes.
    private static void CheckInputs(BenchModel model, ModelPlan plan, Graph graph)
    {
        foreach (PlanInput input in plan.Inputs)
        {
            TensorType type = graph.TypeOf(input.OnnxName);
            if (input.Type.ToString() == type.Element.ToString() && input.Dimensions.SequenceEqual(type.Dimensions))
                continue;
            string here = $"{input.Type}[{string.Join(',', input.Dimensions)}]";
            throw new InvalidOperationException(
                $"{model.Name}: by the item's metadata the input '{input.OnnxName}' is {here}, in the model's file {type}: "
                + "compare needs the file's own type and layout");
        }
    }

    // A model that ONNX Runtime refuses must not cost the figures of the others; it is a mistake of the export, and said aloud.
    private static OnnxRuntimeSession? OpenExported(BenchModel model, CompilationOutcome outcome, Graph graph, int threads)
    {
        try
        {
            return OnnxRuntimeSession.Open(outcome.QdqModel!, graph, threads);
        }
        catch (OnnxRuntimeException e)
        {
            Console.Error.WriteLine($"{model.Name}: ONNX Runtime refuses the exported model: {e.Message}");
            return null;
        }
    }

    private static double Round(double microseconds) => Math.Round(microseconds, 2);

    private static byte[] Bytes(Tensor tensor) => MemoryMarshal.CreateSpan(
        ref MemoryMarshal.GetArrayDataReference(tensor.Data), tensor.Count * tensor.Element.Size()).ToArray();
}
