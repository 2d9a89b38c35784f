using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using OptimizerBuild.Bench.Measurement;
using OptimizerBuild.Bench.Models;
using OptimizerBuild.Bench.Reporting;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Onnx;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Bench.Commands;

/// <summary>
/// <c>layers</c>: the time of each step of a model's plan, the binding of its inputs first, run over the kernels as the build-time
/// evaluation runs it. Whole predictions are made of one sample of the model's data (or of noise), so that each step meets real values
/// and the caches as in a prediction; the minimum over many predictions is shown.
/// </summary>
internal sealed class LayersCommand : BenchCommand
{
    private static readonly Table<StepShare> Columns = new(
        new("µs", s => s.Cost.Microseconds, "F2", 9),
        new("share", s => s.Share, "P1", 7),
        new("", s => s.IsDear ? "!" : "", Width: 1),
        new("K MACs", s => s.Cost.Macs / 1e3, "F0", 9),
        new("KB", s => s.Cost.Bytes / 1024.0, "F1", 8),
        new("GMAC/s", s => s.Cost.GigaMacs, "F1", 8),
        new("peak", s => s.Cost.ComputeShare, "P0", 6) { Title = "of the peak" },
        new("bound", s => s.Cost.Bound, Width: 8),
        new("step (! more than 10 % of the time, less than 5 % of the work)", s => s.Cost.Step + ": " + s.Cost.Description));

    private readonly ModelSelection _models;
    private readonly Option<double> _seconds;
    private readonly FigureFiles _files;

    /// <summary>Declares the command and its options.</summary>
    public LayersCommand()
        : base("layers", "The time of each step of a model's plan, and what bounds it")
    {
        _models = new(this);
        _seconds = SecondsOption("each model");
        _files = new(this);
        Frameworks = new(this);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult line)
    {
        var profiles = new List<LayerProfile>();
        foreach (BenchModel model in _models.Of(line))
        {
            profiles.Add(Profile(model, line.GetValue(_seconds)));
            Console.WriteLine(Summary(profiles[^1]));
            Columns.Print(Shares(profiles[^1]));
        }
        _files.Write(line, profiles, Markdown);
        return 0;
    }

    private static string Markdown(List<LayerProfile> profiles) => Document.Of(
        "layers",
        $"{Machine.Processor}, one thread, minimum of whole predictions.",
        string.Join('\n', profiles.Select(p => $"{Summary(p)}\n\n{Columns.Markdown(Shares(p))}")));

    private static string Summary(LayerProfile p)
    {
        double total = p.Steps.Sum(s => s.Microseconds);
        double rate = p.Steps.Sum(s => s.Macs) / total / 1e3;
        return string.Create(CultureInfo.InvariantCulture, $"{p.Model}: {total:F1} µs, {rate:F1} GMAC/s on {p.SampleOrigin}; ")
            + string.Create(
                CultureInfo.InvariantCulture, $"path {p.Path} with a tile peak of {p.PeakInt8:F0}, float32 {p.PeakFloat32:F0} GMAC/s");
    }

    private static IEnumerable<StepShare> Shares(LayerProfile profile)
    {
        double total = profile.Steps.Sum(s => s.Microseconds);
        long macs = profile.Steps.Sum(s => s.Macs);
        return profile.Steps.Select(
            s => new StepShare(s, s.Microseconds / total, s.Microseconds > 0.1 * total && s.Macs < 0.05 * macs));
    }

    private static LayerProfile Profile(BenchModel model, double seconds)
    {
        ModelOptions options = (model with { Evaluation = null }).Options();
        CompilationOutcome outcome = ModelCompiler.Compile(options, CancellationToken.None);
        ModelPlan plan = outcome.Plan;
        Graph graph = OnnxImporter.Import(model.Path, ModelCompiler.ImportSettings(options), CancellationToken.None).Graph;
        ModelSamples samples = ModelSamples.Of(model, options, graph, 1)[^1];
        var workspace = new Workspace(PlanExecutor.Expand(plan.Weights, outcome.Weights), plan.ArenaBytes);
        var steps = new List<(PlanCall Step, int Index, Action Run)>();
        for (int i = 0; i < plan.Inputs.Count; i++)
        {
            if (plan.Inputs[i].Binding is not { } binding)
                continue;
            Action<Workspace, Tensor> bind = PlanExecutor.BindInput(plan.Inputs[i].Type, binding);
            Tensor elements = Elements(plan.Inputs[i], samples.Samples[0][i]);
            steps.Add((binding, -1, () => bind(workspace, elements)));
        }
        foreach ((int line, PlanStep step) in PlanSteps.Numbered(plan.Steps))
        {
            if (step is not PlanCall planned)
                continue;
            StepCall call = KernelBinder.Bind(planned);
            steps.Add((planned, line, () => call(workspace)));
        }

        var fastest = new double[steps.Count];
        Array.Fill(fastest, double.MaxValue);
        long begin = Stopwatch.GetTimestamp();
        for (int run = 0; run < 20 || Stopwatch.GetElapsedTime(begin).TotalSeconds < seconds; run++)
        {
            for (int i = 0; i < fastest.Length; i++)
            {
                long start = Stopwatch.GetTimestamp();
                steps[i].Run();
                fastest[i] = Math.Min(fastest[i], (Stopwatch.GetTimestamp() - start) * 1e6 / Stopwatch.Frequency);
            }
        }
        return new(
            model.Name, Runtime.Name, KernelPath.Name, TilePeaks.Int8, TilePeaks.Float32, samples.Origin,
            [.. steps.Select((s, i) => StepCost.Of(plan, s.Step, s.Index, fastest[i]))]);
    }

    // What the caller passes: the sample; where the item's metadata give the input another type than the model has, noise of that type.
    private static Tensor Elements(PlanInput input, Tensor sample)
    {
        ElementType element = Enum.Parse<ElementType>(input.Type.ToString());
        return sample.Element == element ? sample
            : ModelSamples.NoiseOf(TensorType.Of(element, [.. input.Dimensions]), new Random(1), r => r.NextDouble());
    }

    /// <summary>A step and its part of the prediction.</summary>
    /// <param name="Cost">The step's cost.</param>
    /// <param name="Share">Its part of the time.</param>
    /// <param name="IsDear">Whether it takes much time for little work.</param>
    private sealed record StepShare(StepCost Cost, double Share, bool IsDear);
}

/// <summary>The steps of a model.</summary>
/// <param name="Model">The model.</param>
/// <param name="Runtime">The runtime.</param>
/// <param name="Path">The path of integer dot products.</param>
/// <param name="PeakInt8">The peak of integer tiles in GMAC/s.</param>
/// <param name="PeakFloat32">The peak of float32 tiles in GMAC/s.</param>
/// <param name="SampleOrigin">Where the sample comes from.</param>
/// <param name="Steps">The steps in order, bindings of inputs first.</param>
internal sealed record LayerProfile(
    string Model, string Runtime, string Path, double PeakInt8, double PeakFloat32, string SampleOrigin, StepCost[] Steps);
