using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using OptimizerBuild.Diagnostics;

namespace OptimizerBuild.Reporting;

/// <summary>Hands diagnostics to MSBuild as coded errors, warnings and messages with their help links.</summary>
internal static class DiagnosticLog
{
    /// <summary>Logs a diagnostic.</summary>
    /// <param name="log">The task's log.</param>
    /// <param name="diagnostic">The diagnostic.</param>
    /// <param name="place">The item in the user's project, or the project.</param>
    /// <param name="model">The model's file name, which the text gets where it does not have it; null where it concerns none.</param>
    public static void Log(this TaskLoggingHelper log, Diagnostic diagnostic, ItemLocation place, string? model = null)
    {
        DiagnosticDescriptor descriptor = diagnostic.Descriptor;
        string text = model is null || diagnostic.Text.Contains(model, StringComparison.Ordinal)
            ? diagnostic.Text
            : model + ": " + diagnostic.Text;
        (string? file, int line, int column) = (place.File.Length == 0 ? null : place.File, place.Line, place.Column);
        switch (descriptor.Severity)
        {
            case Severity.Error:
                log.LogError(null, descriptor.Code, null, descriptor.HelpLink, file, line, column, 0, 0, "{0}", text);
                break;
            case Severity.Warning:
                log.LogWarning(null, descriptor.Code, null, descriptor.HelpLink, file, line, column, 0, 0, "{0}", text);
                break;
            default:
                log.LogMessage(null, descriptor.Code, null, file, line, column, 0, 0, MessageImportance.High, "{0}", text);
                break;
        }
    }
}
