namespace OptimizerBuild.Options;

/// <summary>Data as the item's metadata names it.</summary>
/// <param name="Spec">A file or folder, or <c>input=file</c> pairs separated by semicolons; relative to
/// <paramref name="BaseFolder"/>.</param>
/// <param name="BaseFolder">Full path of the project's folder.</param>
internal sealed record DataSpec(string Spec, string BaseFolder);
