using Microsoft.CodeAnalysis;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Generators;

/// <summary>A plan as it came from the build; compares by value, so that equal text changes nothing.</summary>
/// <param name="Path">The file's path, for diagnostics only.</param>
/// <param name="Plan">The plan; null where it cannot be read.</param>
/// <param name="Error">Why it cannot be read; null where it can.</param>
internal sealed record PlanFile(string Path, ModelPlan? Plan, PlanError? Error)
{
    /// <summary>The file's name without its folder.</summary>
    public string Name => System.IO.Path.GetFileName(Path);

    /// <summary>Reads a plan.</summary>
    public static PlanFile Read(AdditionalText file, CancellationToken cancellation)
    {
        string? text = file.GetText(cancellation)?.ToString();
        if (text is null)
            return new PlanFile(file.Path, null, new PlanError(PlanDiagnostics.UnreadablePlan, 1, "the file is missing"));
        PlanReading reading = PlanReader.Read(text);
        return new PlanFile(file.Path, reading.Plan, reading.Error);
    }
}
