using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Text;
using OptimizerBuild.Generators.Emission;
using OptimizerBuild.Generators.KernelSources;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Generators;

/// <summary>
/// Renders plans, which the build made from models, as C#: for each model a typed predictor and its layers, and once for all models
/// the sources of the kernels they call. It decides nothing and reads nothing but the plans, so it is quick enough for every keystroke.
/// </summary>
[Generator(LanguageNames.CSharp)]
public sealed class PredictorGenerator : IIncrementalGenerator
{
    /// <summary>Tracking name of the step that reads the plans.</summary>
    internal const string PlansStep = "OptimizerBuild.Plans";

    /// <summary>Tracking name of the step that gives each plan its file name.</summary>
    internal const string PredictorsStep = "OptimizerBuild.Predictors";

    /// <summary>Tracking name of the step that lists the kernel files which all models together need.</summary>
    internal const string KernelsStep = "OptimizerBuild.Kernels";

    private const string ModelMetadata = "build_metadata.AdditionalFiles.OptimizerBuildModel";

    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        context.RegisterPostInitializationOutput(static output => output.AddEmbeddedAttributeDefinition());

        IncrementalValuesProvider<PlanFile> plans = context.AdditionalTextsProvider
            .Where(static text => text.Path.EndsWith(".plan", StringComparison.OrdinalIgnoreCase))
            .Combine(context.AnalyzerConfigOptionsProvider)
            .Select(static (pair, _) => IsOurs(pair.Left, pair.Right) ? pair.Left : null)
            .Where(static text => text is not null)
            .Select(static (text, cancellation) => PlanFile.Read(text!, cancellation))
            .WithTrackingName(PlansStep);

        IncrementalValuesProvider<PredictorSource> predictors = plans
            .Collect()
            .SelectMany(static (all, _) => PredictorSource.Name(all))
            .WithTrackingName(PredictorsStep);
        context.RegisterSourceOutput(predictors, static (output, predictor) => AddPredictor(output, predictor));

        IncrementalValueProvider<EquatableList<string>> kernels = plans
            .Select(static (plan, _) => PredictorSource.KernelsOf(plan))
            .Collect()
            .Select(static (all, _) => KernelLibrary.Embedded.Closure(all.SelectMany(names => names)))
            .WithTrackingName(KernelsStep);
        context.RegisterSourceOutput(kernels, static (output, files) => AddKernels(output, files));
    }

    private static bool IsOurs(AdditionalText text, AnalyzerConfigOptionsProvider options) =>
        options.GetOptions(text).TryGetValue(ModelMetadata, out string? id) && !string.IsNullOrEmpty(id);

    private static void AddPredictor(SourceProductionContext output, PredictorSource predictor)
    {
        if (predictor.File.Plan is not { } plan || predictor.Error is not null)
        {
            output.ReportDiagnostic(GeneratorDiagnostics.Create(predictor.File, predictor.Error!));
            return;
        }
        output.AddSource(predictor.HintName + ".g.cs", Text(PredictorEmitter.Emit(plan)));
        if (!plan.IsSignatureOnly)
            output.AddSource(predictor.HintName + ".Layers.g.cs", Text(LayersEmitter.Emit(plan)));
    }

    private static void AddKernels(SourceProductionContext output, EquatableList<string> files)
    {
        foreach (string file in files)
        {
            output.CancellationToken.ThrowIfCancellationRequested();
            output.AddSource("OptimizerBuild.Kernels." + file + ".g.cs", Text(KernelLibrary.Embedded.Source(file)));
        }
    }

    private static SourceText Text(string source) => SourceText.From(source, System.Text.Encoding.UTF8);
}
