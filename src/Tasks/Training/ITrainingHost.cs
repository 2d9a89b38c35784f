namespace OptimizerBuild.Training;

/// <summary>Where training says how far it is and leaves what it needs to go on. None of it changes the result.</summary>
internal interface ITrainingHost
{
    /// <summary>Says how far training is.</summary>
    /// <param name="fraction">How much is done: 0 to 1.</param>
    /// <param name="text">Step, loss and the like.</param>
    void Report(double fraction, string text);

    /// <summary>The state that a build that was stopped has left; null where there is none.</summary>
    /// <param name="fingerprint">What the state has to belong to.</param>
    byte[]? Load(string fingerprint);

    /// <summary>Whether a state should be left now: asked after each step.</summary>
    bool WantsState();

    /// <summary>Leaves a state.</summary>
    /// <param name="fingerprint">What it belongs to.</param>
    /// <param name="state">The state.</param>
    void Save(string fingerprint, byte[] state);

    /// <summary>Stops the build where its time is up.</summary>
    /// <exception cref="Diagnostics.ModelException">It is.</exception>
    void CheckTime();
}

/// <summary>Where states of trainings are kept between builds.</summary>
internal interface ITrainingCheckpoints
{
    /// <summary>A state; null where there is none.</summary>
    /// <param name="fingerprint">What it belongs to.</param>
    byte[]? Load(string fingerprint);

    /// <summary>Keeps a state in the place of an earlier one.</summary>
    /// <param name="fingerprint">What it belongs to.</param>
    /// <param name="state">The state.</param>
    void Save(string fingerprint, byte[] state);
}

/// <summary>No states are kept.</summary>
internal sealed class NoCheckpoints : ITrainingCheckpoints
{
    /// <summary>The only one.</summary>
    public static NoCheckpoints Instance { get; } = new();

    private NoCheckpoints()
    {
    }

    /// <inheritdoc/>
    public byte[]? Load(string fingerprint) => null;

    /// <inheritdoc/>
    public void Save(string fingerprint, byte[] state)
    {
    }
}
