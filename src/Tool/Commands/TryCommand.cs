using System.CommandLine;
using System.Globalization;
using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Predictors;
using Spectre.Console;

namespace OptimizerBuild.Tool.Commands;

/// <summary>
/// Compresses a model in several ways, builds the predictor of each as a project would, and prints what each costs: bytes, accuracy,
/// measured time. The predictors are timed in turn, on one thread of this machine.
/// </summary>
internal sealed class TryCommand : ModelCommand
{
    private readonly Argument<FileInfo> _model = new Argument<FileInfo>("model") { Description = "The ONNX model" }.AcceptExistingOnly();

    private readonly Option<string> _data = new("--data")
    {
        Description = "Samples as the metadata CalibrationData and EvaluationData take them; with labels accuracy is measured on them",
        HelpName = "PATH",
    };

    private readonly Option<string> _calibration = new("--calibration")
    {
        Description = "Samples to calibrate on, where those of --data are only to judge by",
        HelpName = "PATH",
    };

    private readonly Option<string[]> _variants = new("--variants")
    {
        Description = "Which of the usual ways are tried: " + string.Join(", ", Variant.Usual.Select(v => v.Name)),
        HelpName = "NAME",
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<string[]> _with = new("--with")
    {
        Description = "One more way, by its metadata, for example \"Precision=Int4;Sparsity=0.5\"; several are allowed",
        HelpName = "Name=Value;…",
    };

    private readonly Option<double> _seconds = new("--seconds")
    {
        Description = "How long all ways together are timed, about, in seconds; 0 for not at all",
        HelpName = "S",
        DefaultValueFactory = _ => 3,
    };

    /// <param name="console">Where it writes.</param>
    public TryCommand(IAnsiConsole console)
        : base("try", "Compresses a model in several ways and prints bytes, accuracy and time of each.", console)
    {
        Add(_model);
        Add(_data);
        Add(_calibration);
        Add(_variants);
        Add(_with);
        Add(_seconds);
        _variants.AcceptOnlyFromAmong([.. Variant.Usual.Select(v => v.Name)]);
        _with.Validators.Add(result =>
        {
            foreach (var token in result.Tokens)
                if (Variant.TryParse(token.Value) is null)
                    result.AddError($"--with needs Name=Value pairs separated by semicolons, not '{token.Value}'.");
        });
        _seconds.Validators.Add(result =>
        {
            foreach (var token in result.Tokens)
                if (double.TryParse(token.Value, CultureInfo.InvariantCulture, out double seconds) && !(seconds is >= 0 and <= 600))
                    result.AddError($"--seconds should be a number from 0 to 600, not {token.Value}.");
        });
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult line, CancellationToken cancellation)
    {
        FileInfo model = line.GetRequiredValue(_model);
        Dictionary<string, string> common = Metadata(line);
        common["Accessibility"] = "Public";
        if (line.GetValue(_calibration) is { } calibration)
            common["CalibrationData"] = calibration;
        if (line.GetValue(_data) is { } data)
        {
            bool isLabelled = HasLabels(model, common, data, cancellation);
            if (!isLabelled && common.ContainsKey("CalibrationData"))
                throw new IOException($"'{data}' has no labels, so that nothing can be measured on it beside the samples to calibrate on.");
            common[isLabelled ? "EvaluationData" : "CalibrationData"] = data;
        }

        string[]? chosen = line.GetValue(_variants);
        var variants = Variant.Usual.Where(v => chosen is not { Length: > 0 } || chosen.Contains(v.Name, StringComparer.OrdinalIgnoreCase))
            .Concat((line.GetValue(_with) ?? []).Select(w => Variant.TryParse(w)!)).ToList();
        TriedVariant[] tried = Compile(model, common, variants, cancellation);
        double seconds = line.GetValue(_seconds);
        if (seconds > 0)
            Time(tried, seconds, cancellation);

        Output.Write(TrialTable.Of(tried));
        Print(tried.SelectMany(t => t.Faults).Distinct());
        if (tried.Select(t => t.Outcome).FirstOrDefault(o => o is not null) is { } any)
            Print(any.Diagnostics.Where(d => d.Descriptor.Severity == Severity.Warning));
        return tried.All(t => t.Outcome is null) ? Fault : 0;
    }

    // The data of one sample tell as much as all of them.
    private static bool HasLabels(FileInfo model, Dictionary<string, string> common, string data, CancellationToken cancellation)
    {
        ModelOptions options = ItemOptions(model, new Dictionary<string, string>(common, common.Comparer) { ["EvaluationData"] = data });
        ImportedModel imported = OnnxImporter.Import(options.ModelPath, ModelCompiler.ImportSettings(options), cancellation);
        DataSpec spec = options.EvaluationData!;
        DataSet set = DataSetReader.Read(spec.Spec, spec.BaseFolder, DataLimits.Default, options.LabelKey, cancellation,
            ItemSamples.FormOf(options, imported) with { Maximum = 1, IsSelection = true });
        return set.Labels is not null;
    }

    private TriedVariant[] Compile(
        FileInfo model, Dictionary<string, string> common, List<Variant> variants, CancellationToken cancellation)
    {
        // Bars would fill a file with lines.
        if (!Output.Profile.Capabilities.Interactive)
            return [.. variants.Select(v => Compile(model, common, v, SilentProgress.Instance, cancellation))];
        return Output.Progress().AutoClear(true).Start(context => variants.Select(v =>
        {
            ProgressTask bar = context.AddTask(Markup.Escape(v.Name), maxValue: 1);
            TriedVariant tried = Compile(model, common, v, new BarProgress(bar), cancellation);
            bar.Value = 1;
            return tried;
        }).ToArray());
    }

    private static TriedVariant Compile(
        FileInfo model, Dictionary<string, string> common, Variant variant, IBuildProgress progress, CancellationToken cancellation)
    {
        var metadata = new Dictionary<string, string>(common, common.Comparer);
        foreach ((string name, string value) in variant.Metadata)
            metadata[name] = value;
        try
        {
            ModelOptions options = ItemOptions(model, metadata);
            return new(variant, options, ModelCompiler.Compile(options, progress, cancellation), []);
        }
        catch (ModelException e)
        {
            // What one way cannot do, another may.
            return new(variant, null, null, e.Diagnostics);
        }
    }

    private static void Time(TriedVariant[] tried, double seconds, CancellationToken cancellation)
    {
        TriedVariant[] timed = [.. tried.Where(t => t.Outcome is { } outcome && CanRun(outcome))];
        if (timed.Length == 0)
            return;
        Action[] runs = [.. timed.Select(t => Loaded(t, cancellation)).Select(p => (Action)p.Run)];
        Timings[] timings = Timings.Interleave(runs, seconds);
        for (int i = 0; i < timed.Length; i++)
            timed[i].Timings = timings[i];

        static bool CanRun(CompilationOutcome outcome) => !outcome.Plan.Inputs.Select(i => i.Type)
            .Concat(outcome.Plan.Outputs.Select(o => o.Type)).Contains(Plan.BoundaryType.String);
    }

    // The predictor with the first of the samples that it was calibrated on.
    private static Predictor Loaded(TriedVariant tried, CancellationToken cancellation)
    {
        (ModelOptions options, CompilationOutcome outcome) = (tried.Options!, tried.Outcome!);
        ImportedModel imported = OnnxImporter.Import(options.ModelPath, ModelCompiler.ImportSettings(options), cancellation);
        Graph graph = imported.Graph;
        var callers = new CallerInputs(graph, InputAdaptation.Of(options), options.Name) { TakesNearest = true };
        var samples = new ItemSamples(options with { CalibrationSamples = 1 }, imported, cancellation);
        IReadOnlyList<Tensor> sample = samples.Calibration().Samples[0];
        Predictor predictor = PredictorBuild.Load(outcome);
        for (int i = 0; i < outcome.Plan.Inputs.Count; i++)
        {
            string input = outcome.Plan.Inputs[i].OnnxName;
            predictor.Set(i, callers.Of(input, sample[graph.Inputs.IndexOf(input)]).Bytes.ToArray());
        }
        return predictor;
    }

    private sealed class BarProgress(ProgressTask bar) : IBuildProgress
    {
        public void Report(string step, double fraction, string text)
        {
            // A step of several: how many there are, nobody knows beforehand.
            lock (bar)
                bar.Value = Math.Max(bar.Value, Math.Clamp(fraction, 0, 1) * 0.99);
        }
    }
}
