using System.Collections.Immutable;

namespace OptimizerBuild.Pipeline.Learning;

/// <summary>Which input or output of one model stands for which of another one.</summary>
internal static class NamePairs
{
    /// <summary>
    /// The names of one model in the order of those of another one: by name where both have the same names, else by position.
    /// </summary>
    /// <param name="own">The names of the one model.</param>
    /// <param name="others">The names of the other one.</param>
    public static ImmutableArray<string> InOrderOf(ImmutableArray<string> own, ImmutableArray<string> others) =>
        own.Length == others.Length && own.ToHashSet(StringComparer.Ordinal).SetEquals(others) ? others : own;
}
