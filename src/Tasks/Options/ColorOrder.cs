namespace OptimizerBuild.Options;

/// <summary>The order of the colours of a model's channels.</summary>
internal enum ColorOrder
{
    /// <summary>Red, green, blue.</summary>
    RGB,

    /// <summary>Blue, green, red.</summary>
    BGR,
}
