namespace OptimizerBuild.Options;

/// <summary>A choice of techniques by what they are for.</summary>
internal enum CompressionRecipe
{
    /// <summary>The techniques that cost next to no accuracy, and those that the item asks for.</summary>
    Balanced,

    /// <summary>Float32, and nothing done to the model.</summary>
    None,

    /// <summary>As few bytes as the accuracy allows that may be lost.</summary>
    Smallest,

    /// <summary>As little time as the accuracy allows that may be lost.</summary>
    Fastest,
}
