namespace OptimizerBuild.Options;

/// <summary>Which weights become zero together.</summary>
internal enum SparsityPattern
{
    /// <summary>Each by itself.</summary>
    Unstructured,
}
