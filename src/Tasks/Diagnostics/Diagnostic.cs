using System.Globalization;

namespace OptimizerBuild.Diagnostics;

/// <summary>How serious a diagnostic is.</summary>
internal enum Severity
{
    /// <summary>The build goes on; printed as a message.</summary>
    Message,

    /// <summary>The build goes on; printed as a warning.</summary>
    Warning,

    /// <summary>The build fails.</summary>
    Error,
}

/// <summary>One kind of diagnostic: its stable code and the pattern of its text.</summary>
/// <param name="Code">The stable code, for example <c>OPT0004</c>.</param>
/// <param name="Severity">How serious it is.</param>
/// <param name="Title">What it is about, in a few words; the heading in <c>docs/diagnostics.md</c>.</param>
/// <param name="Format">The text as a composite format string.</param>
/// <param name="Cause">Why it arises: the paragraph in <c>docs/diagnostics.md</c>.</param>
/// <param name="Remedy">What to do about it: the paragraph in <c>docs/diagnostics.md</c>.</param>
internal sealed record DiagnosticDescriptor(string Code, Severity Severity, string Title, string Format, string Cause, string Remedy)
{
    /// <summary>Where the diagnostic is explained.</summary>
    public string HelpLink => $"https://github.com/OptimizerBuild/OptimizerBuild/blob/main/docs/diagnostics.md#{Code.ToLowerInvariant()}";
}

/// <summary>A diagnostic that arose: a descriptor with the facts filled in.</summary>
/// <param name="Descriptor">What kind it is.</param>
/// <param name="File">The file at fault, or null.</param>
/// <param name="Text">The full text.</param>
internal sealed record Diagnostic(DiagnosticDescriptor Descriptor, string? File, string Text)
{
    /// <summary>Fills in a descriptor's text.</summary>
    public static Diagnostic Of(DiagnosticDescriptor descriptor, string? file, params object?[] arguments) =>
        new(descriptor, file, string.Format(CultureInfo.InvariantCulture, descriptor.Format, arguments));
}
