namespace OptimizerBuild.Options;

/// <summary>Which weights become zero together.</summary>
internal enum SparsityPattern
{
    /// <summary>Each by itself.</summary>
    Unstructured,

    /// <summary>Those that kernels read together: 16 outputs times 4 inputs.</summary>
    Block,

    /// <summary>Two of each four that kernels read side by side.</summary>
    [MetadataName("2:4")]
    TwoOfFour,

    /// <summary>Those of whole channels, which are left out, so that layers become smaller.</summary>
    Channel,
}
