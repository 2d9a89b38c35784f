using System.Collections.Immutable;
using Microsoft.Build.Framework;
using OptimizerBuild.Caching;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Files;
using OptimizerBuild.Onnx;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Plan;
using OptimizerBuild.Reporting;
using OptimizerBuild.Training;
using Task = Microsoft.Build.Utilities.Task;

namespace OptimizerBuild;

/// <summary>
/// Compresses one model: writes its plan, weights and report, from the cache where an earlier build has made them already.
/// Runs only where MSBuild finds the outputs older than an input.
/// </summary>
[MSBuildMultiThreadableTask]
public sealed class CompressModel : Task, ICancelableTask
{
    private readonly CancellationTokenSource _cancellation = new();

    /// <summary>The model as <see cref="CollectModels"/> gave it out.</summary>
    [Required]
    public ITaskItem? Model { get; set; }

    /// <summary>Full path of the project's folder.</summary>
    [Required]
    public string ProjectFolder { get; set; } = "";

    /// <summary>The project's <c>RootNamespace</c>.</summary>
    public string RootNamespace { get; set; } = "";

    /// <summary>Full path of the project, at which diagnostics point where the item's line is not known.</summary>
    public string ProjectFile { get; set; } = "";

    /// <summary>The cache's folder, relative to the project's; empty for none.</summary>
    public string CachePath { get; set; } = "";

    /// <summary>The cache's largest size in megabytes.</summary>
    public int CacheMegabytes { get; set; } = 1024;

    /// <summary>What compresses; tests put another in its place.</summary>
    internal Func<ModelOptions, IBuildProgress, ITrainingCheckpoints, CancellationToken, CompilationOutcome> Compiler { get; set; } =
        ModelCompiler.Compile;

    /// <summary>Whether the model could not be compressed: the targets go on to the next model and stop after the last.</summary>
    [Output]
    public bool HasFailed { get; private set; }

    private ItemLocation Place => ItemLocation.Parse(Model!.GetMetadata(ModelItem.Location), ProjectFile);

    private string CacheFolder => Path.GetFullPath(CachePath.Replace('\\', '/'), ProjectFolder);

    private string ModelFile => Path.GetFileName(Model!.ItemSpec.Replace('\\', '/'));

    /// <inheritdoc/>
    public void Cancel() => _cancellation.Cancel();

    /// <inheritdoc/>
    public override bool Execute()
    {
        ModelOptions? options = null;
        try
        {
            options = ModelItem.Options(Model!, ProjectFolder, RootNamespace);
            Run(options, _cancellation.Token);
        }
        catch (Exception e)
        {
            foreach (Diagnostic diagnostic in Causes(e))
                Log.Log(diagnostic, Place, ModelFile);
        }
        HasFailed = Log.HasLoggedErrors;
        return !HasFailed;

        // Work on all cores wraps what a thread throws.
        IEnumerable<Diagnostic> Causes(Exception e) => e switch
        {
            ModelException known => known.Diagnostics,
            AggregateException { InnerExceptions: [var first, ..] } => Causes(first),
            OperationCanceledException => [Diagnostic.Of(DiagnosticCatalog.Cancelled, null, options?.Name ?? Model!.ItemSpec)],
            _ => [Unforeseen(e)],
        };

        Diagnostic Unforeseen(Exception e)
        {
            Log.LogMessage(MessageImportance.Low, "{0}", e);
            return InternalFault.Of(e);
        }
    }

    private void Run(ModelOptions options, CancellationToken cancellation)
    {
        ModelCache? cache = CachePath.Length == 0 || CacheMegabytes <= 0
            ? null
            : new ModelCache(CacheFolder, CacheMegabytes * 1024L * 1024);
        IEnumerable<InputFile> external = InputFiles.External(
            options, [.. ExternalDataNames.Of(options.ModelPath), .. InputFiles.ExternalNamesOfOthers(options)]);
        string? key = cache is null ? null : CacheKey.Of(options, [.. InputFiles.Of(options), .. external], cancellation);
        if (cache is null || key is null)
        {
            Write(options, Compress(options, NoCheckpoints.Instance, cancellation));
            return;
        }

        ModelOutputs? outputs = cache.Find(key, out bool damaged);
        if (damaged)
            Log.LogMessage(MessageImportance.High, "The cache's entry for '{0}' is damaged: it is removed and made again.", options.Name);
        if (outputs is null)
        {
            using IDisposable? claim = cache.Claim(key, cancellation);
            outputs = cache.Find(key, out _);
            if (outputs is null)
            {
                var checkpoints = new TrainingCheckpoints(CacheFolder, key);
                outputs = Compress(options, checkpoints, cancellation);
                cache.Add(key, outputs);
                checkpoints.Remove();
                Write(options, outputs);
                return;
            }
        }
        Log.LogMessage(MessageImportance.Normal, "The outputs of '{0}' are taken from the cache.", options.Name);
        Write(options, outputs);
    }

    private ModelOutputs Compress(ModelOptions options, ITrainingCheckpoints checkpoints, CancellationToken cancellation)
    {
        Log.LogMessage(MessageImportance.Normal, "Compressing '{0}'.", options.Name);
        CompilationOutcome outcome = Compiler(options, new ProgressLog(Log, options.Name, TimeProvider.System), checkpoints, cancellation);
        outcome = outcome with { Diagnostics = [.. outcome.Diagnostics, .. NameChanges.Of(outcome.Plan)] };
        return new ModelOutputs(
            PlanWriter.Write(outcome.Plan),
            outcome.Weights,
            ModelReport.Of(outcome).ToJson(),
            string.Concat(InputFiles.External(options, outcome.ExternalDataFiles).Zip(outcome.ExternalDataFiles,
                (file, name) => new ExternalFile(name, UserFile.HashOf(file.Path, cancellation)).Line)),
            outcome.QdqModel);
    }

    private void Write(ModelOptions options, ModelOutputs outputs)
    {
        ModelReport report = ModelReport.TryParse(outputs.Report)!;
        foreach (ReportedDiagnostic reported in report.Diagnostics)
            if (reported.Diagnostic is { } diagnostic)
                Log.Log(diagnostic, Place, ModelFile);
        ImmutableArray<Diagnostic> faults =
            [.. AccuracyGate.Faults(report, options.MaxAccuracyDrop, options.MaxClassAccuracyDrop), .. BudgetGate.Faults(report, options)];
        if (faults.Length > 0)
            throw new ModelException(faults);
        ModelItem.Files(Model!).Write(outputs);
        Log.LogMessage(MessageImportance.High, "{0}", SummaryLine.Of(report));
    }
}
