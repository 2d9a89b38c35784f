namespace OptimizerBuild.Diagnostics;

/// <summary>The model, its data or its metadata cannot be processed. Carries the coded diagnostic that the build reports.</summary>
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
        : base(diagnostic.Descriptor.Code + ": " + diagnostic.Text, inner) => Diagnostic = diagnostic;

    /// <summary>The diagnostic to report.</summary>
    public Diagnostic Diagnostic { get; }

    /// <summary>The same error with the file at fault named, where none was named yet.</summary>
    public ModelException In(string file) => Diagnostic.File is null ? new(Diagnostic with { File = file }, this) : this;
}
