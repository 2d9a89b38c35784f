using System.Globalization;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Generators;

/// <summary>What the generator reports, at the plan's file and line.</summary>
internal static class GeneratorDiagnostics
{
    private const string Category = "OptimizerBuild";
    private const string HelpLink = "https://github.com/OptimizerBuild/OptimizerBuild/blob/main/docs/diagnostics.md#";

    private static readonly DiagnosticDescriptor UnknownVersion = new(
        PlanDiagnostics.UnknownVersion, PlanDiagnostics.UnknownVersionTitle, PlanDiagnostics.UnknownVersionFormat,
        Category, DiagnosticSeverity.Error, isEnabledByDefault: true, helpLinkUri: HelpLink + "opt0021");

    private static readonly DiagnosticDescriptor UnreadablePlan = new(
        PlanDiagnostics.UnreadablePlan, PlanDiagnostics.UnreadablePlanTitle, PlanDiagnostics.UnreadablePlanFormat,
        Category, DiagnosticSeverity.Error, isEnabledByDefault: true, helpLinkUri: HelpLink + "opt0023");

    /// <summary>The diagnostic for an error in a plan.</summary>
    public static Diagnostic Create(PlanFile file, PlanError error)
    {
        var place = new LinePosition(Math.Max(0, error.Line - 1), 0);
        var location = Location.Create(file.Path, default, new LinePositionSpan(place, place));
        return error.Code == PlanDiagnostics.UnknownVersion
            ? Diagnostic.Create(UnknownVersion, location, file.Name, error.Detail, ModelPlan.Version.ToString(CultureInfo.InvariantCulture))
            : Diagnostic.Create(UnreadablePlan, location, file.Name, error.Detail);
    }
}
