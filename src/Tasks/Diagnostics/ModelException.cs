using System.Collections.Immutable;

namespace OptimizerBuild.Diagnostics;

/// <summary>
/// The model, its data or its metadata cannot be processed. Carries the coded diagnostics that the build reports: one, or several of the
/// same step, so that a user learns in one build of everything that has to change.
/// </summary>
internal sealed class ModelException : Exception
{
    /// <param name="descriptor">What kind of error it is.</param>
    /// <param name="arguments">The facts for the descriptor's text.</param>
    public ModelException(DiagnosticDescriptor descriptor, params object?[] arguments)
        : this(Diagnostic.Of(descriptor, null, arguments))
    {
    }

    /// <param name="diagnostic">The diagnostic to report.</param>
    /// <param name="inner">What led to it.</param>
    public ModelException(Diagnostic diagnostic, Exception? inner = null)
        : this([diagnostic], inner)
    {
    }

    /// <param name="diagnostics">The diagnostics to report, at least one.</param>
    /// <param name="inner">What led to them.</param>
    public ModelException(ImmutableArray<Diagnostic> diagnostics, Exception? inner = null)
        : base(string.Join('\n', diagnostics.Select(d => d.Descriptor.Code + ": " + d.Text)), inner) => Diagnostics = diagnostics;

    /// <summary>The diagnostics to report.</summary>
    public ImmutableArray<Diagnostic> Diagnostics { get; }

    /// <summary>The first of them.</summary>
    public Diagnostic Diagnostic => Diagnostics[0];

    /// <summary>The same errors with the file at fault named, where none was named yet.</summary>
    public ModelException In(string file) => Diagnostics.All(d => d.File is not null)
        ? this
        : new([.. Diagnostics.Select(d => d.File is null ? d with { File = file } : d)], this);
}
