namespace OptimizerBuild.Options;

/// <summary>With which weights the training of a student of a file begins.</summary>
internal enum StudentWeights
{
    /// <summary>With its own.</summary>
    Own,

    /// <summary>With random ones.</summary>
    Fresh,
}
