namespace OptimizerBuild.Diagnostics;

/// <summary>
/// Exceptions that no code foresaw: mistakes of this project, on whatever input. They become a coded error that names the step and the
/// node at which they arose, in place of a stack trace of MSBuild's.
/// </summary>
internal static class InternalFault
{
    private const string StepKey = "OptimizerBuild.Step";
    private const string NodeKey = "OptimizerBuild.Node";

    /// <summary>
    /// Notes where an exception passed by, for use as an exception filter; the innermost place is kept. Expected exceptions
    /// (<see cref="ModelException"/>, cancellation) are left alone.
    /// </summary>
    /// <param name="exception">The exception.</param>
    /// <param name="step">What was being done, for example <c>lowering</c>.</param>
    /// <param name="node">The node's name and operator.</param>
    /// <returns>Always false: nothing is caught.</returns>
    public static bool PassesBy(Exception exception, string step, string node)
    {
        if (exception is not (ModelException or OperationCanceledException) && !exception.Data.Contains(StepKey))
        {
            exception.Data[StepKey] = step;
            exception.Data[NodeKey] = node;
        }
        return false;
    }

    /// <summary>The error for the user.</summary>
    public static Diagnostic Of(Exception exception) => Diagnostic.Of(
        DiagnosticCatalog.InternalError, null, exception.Data[StepKey] ?? "the build", exception.Data[NodeKey] ?? "(none)",
        exception.GetType().Name);
}
