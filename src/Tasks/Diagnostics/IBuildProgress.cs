namespace OptimizerBuild.Diagnostics;

/// <summary>Hears how far a build's long steps have come. May be called often and from several threads.</summary>
internal interface IBuildProgress
{
    /// <summary>Says how far a step has come.</summary>
    /// <param name="step">The step's name, for example <c>Quantization</c>.</param>
    /// <param name="fraction">How much of it is done: 0 to 1.</param>
    /// <param name="text">What is being done, in a few words; empty where the step's name says enough.</param>
    void Report(string step, double fraction, string text);
}

/// <summary>Progress that nobody hears.</summary>
internal sealed class SilentProgress : IBuildProgress
{
    /// <summary>The only one.</summary>
    public static SilentProgress Instance { get; } = new();

    private SilentProgress()
    {
    }

    /// <inheritdoc/>
    public void Report(string step, double fraction, string text)
    {
    }
}
