namespace OptimizerBuild.Options;

/// <summary>The arithmetic of a predictor.</summary>
internal enum ModelPrecision
{
    /// <summary>Int8, except for nodes that would lose too much by it.</summary>
    Auto,

    /// <summary>Int8 for every node that has an integer form.</summary>
    Int8,

    /// <summary>As <see cref="Auto"/>, with weights of 4 bits where they suffice.</summary>
    Int4,

    /// <summary>Float32 throughout.</summary>
    Float32,
}
