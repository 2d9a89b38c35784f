namespace OptimizerBuild.Options;

/// <summary>How a member of an enumeration is written in metadata, where it is no name of C#.</summary>
/// <param name="name">The value of the metadata.</param>
[AttributeUsage(AttributeTargets.Field)]
internal sealed class MetadataNameAttribute(string name) : Attribute
{
    /// <summary>The value of the metadata.</summary>
    public string Name => name;
}
