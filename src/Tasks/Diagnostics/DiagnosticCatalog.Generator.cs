using OptimizerBuild.Plan;

namespace OptimizerBuild.Diagnostics;

/// <content>What the source generator reports about plans. It has the texts from the same constants.</content>
internal static partial class DiagnosticCatalog
{
    /// <summary>A plan of another version. Arguments: file, version found, version expected.</summary>
    public static readonly DiagnosticDescriptor UnknownPlanVersion = new(
        PlanDiagnostics.UnknownVersion, Severity.Error, PlanDiagnostics.UnknownVersionTitle, PlanDiagnostics.UnknownVersionFormat,
        "The build writes a plan for each model and the source generator renders it. Here the two come from different versions of the "
            + "package: usually the plan was left in `obj` by another version, or an IDE still holds the generator of the previous one.",
        "Rebuild the project (`dotnet build --no-incremental`); after an update of the package, restart the IDE.");

    /// <summary>A plan that cannot be read. Arguments: file, what is wrong.</summary>
    public static readonly DiagnosticDescriptor UnreadablePlan = new(
        PlanDiagnostics.UnreadablePlan, Severity.Error, PlanDiagnostics.UnreadablePlanTitle, PlanDiagnostics.UnreadablePlanFormat,
        "The plan in `obj` is damaged, was edited by hand, contradicts itself, or calls kernels that this version of the package "
            + "does not have in this form. The text names the line, what should stand there and what does.",
        "Delete the project's `obj` folder and build again. If the plan is the same afterwards, report it: the build should not have "
            + "written it.");
}
