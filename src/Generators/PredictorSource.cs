using System.Collections.Immutable;
using System.Globalization;
using OptimizerBuild.Generators.Emission;
using OptimizerBuild.Generators.KernelSources;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Generators;

/// <summary>A plan with what only all plans of the compilation together tell.</summary>
/// <param name="File">The plan.</param>
/// <param name="HintName">The name of its generated files without the extension: unique, letter case aside.</param>
/// <param name="Error">Why nothing can be generated; null where it can.</param>
internal sealed record PredictorSource(PlanFile File, string HintName, PlanError? Error)
{
    /// <summary>Kernel files that every predictor needs.</summary>
    private static readonly string[] Always = ["PackedWeights", "PredictorPool", "Workspace"];

    /// <summary>Names the generated files of all plans, and finds plans that cannot stand beside each other.</summary>
    public static ImmutableArray<PredictorSource> Name(ImmutableArray<PlanFile> files)
    {
        var hints = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var classes = new Dictionary<string, string>(StringComparer.Ordinal);
        ImmutableArray<PredictorSource>.Builder sources = ImmutableArray.CreateBuilder<PredictorSource>(files.Length);
        foreach (PlanFile file in files)
        {
            if (file.Plan is not { } plan)
            {
                sources.Add(new PredictorSource(file, "", file.Error));
                continue;
            }
            string fullName = plan.Namespace.Length == 0 ? plan.ClassName : plan.Namespace + "." + plan.ClassName;
            PlanError? error = Misfit(plan);
            if (classes.TryGetValue(fullName, out string? other))
                error = Unreadable("the plan '" + other + "' has a class " + fullName + ", too; give one of the models another ClassName");
            else
                classes.Add(fullName, file.Name);
            string hint = plan.ClassName;
            for (int n = 2; !hints.Add(hint); n++)
                hint = plan.ClassName + "." + n.ToString(CultureInfo.InvariantCulture);
            sources.Add(new PredictorSource(file, hint, error));
        }
        return sources.MoveToImmutable();
    }

    /// <summary>The kernels that the generated code of one plan calls itself, sorted: methods of the plan's calls, and files.</summary>
    public static EquatableList<string> KernelsOf(PlanFile file) => file.Plan is not { IsSignatureOnly: false } plan
        ? EquatableList<string>.Empty
        : new(CallsOf(plan).Select(c => c.Kernel + "." + c.Method)
            .Concat(Always)
            .Concat(plan.Classifier is null ? [] : ["Classification"])
            .Concat(ImageEmitter.Files(plan))
            .Concat(StartUpEmitter.HasStartUp(plan) ? ["StartUp"] : [])
            .Concat(StringEmitter.Files(plan))
            .Distinct()
            .OrderBy(k => k, StringComparer.Ordinal));

    private static IEnumerable<PlanCall> CallsOf(ModelPlan plan) => plan.Runnable.SelectMany(e => e.Calls).Concat(plan.Weights.Expansion);

    private static PlanError? Misfit(ModelPlan plan) => plan.IsSignatureOnly ? null : plan.Runnable
        .SelectMany(entry => entry.Inputs.Select(i => (Call: i.Binding, Source: (string?)i.Type.Keyword()))
            .Concat(entry.States.Select(s => (Call: s.Binding, Source: (string?)s.Type.Keyword())))
            .Concat(PlanSteps.CallsOf(entry.Steps).Select(c => (Call: (PlanCall?)c, Source: (string?)null))))
        .Concat(plan.Weights.Expansion.Select(c => (Call: (PlanCall?)c, Source: (string?)null)))
        .Select(c => c.Call is null ? null : KernelLibrary.Embedded.Misfit(c.Call, c.Source))
        .FirstOrDefault(misfit => misfit is not null) is { } text ? Unreadable(text) : null;

    private static PlanError Unreadable(string text) => new(PlanDiagnostics.UnreadablePlan, 1, text);
}
