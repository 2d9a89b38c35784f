using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using OptimizerBuild.Diagnostics;

namespace OptimizerBuild.Reporting;

/// <summary>Prints diagnostics in MSBuild's canonical form, with code and help link.</summary>
internal static class DiagnosticLog
{
    /// <summary>Prints a diagnostic.</summary>
    /// <param name="log">The task's log.</param>
    /// <param name="diagnostic">What to print.</param>
    /// <param name="file">The file at fault where the diagnostic names none.</param>
    public static void Log(this TaskLoggingHelper log, Diagnostic diagnostic, string? file = null)
    {
        DiagnosticDescriptor descriptor = diagnostic.Descriptor;
        string? origin = diagnostic.File ?? file;
        switch (descriptor.Severity)
        {
            case Severity.Error:
                log.LogError(null, descriptor.Code, null, descriptor.HelpLink, origin, 0, 0, 0, 0, "{0}", diagnostic.Text);
                break;
            case Severity.Warning:
                log.LogWarning(null, descriptor.Code, null, descriptor.HelpLink, origin, 0, 0, 0, 0, "{0}", diagnostic.Text);
                break;
            default:
                log.LogMessage(null, descriptor.Code, null, origin, 0, 0, 0, 0, MessageImportance.High, "{0}", diagnostic.Text);
                break;
        }
    }
}
