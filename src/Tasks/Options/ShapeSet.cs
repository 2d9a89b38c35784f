using System.Collections.Immutable;

namespace OptimizerBuild.Options;

/// <summary>One of the sets of shapes that a predictor takes.</summary>
/// <param name="Name">
/// The name behind <c>Predict</c> in the methods that take these shapes: a C# identifier in Pascal case; empty for <c>Predict</c> itself.
/// </param>
/// <param name="Shapes">Concrete shapes by input name.</param>
internal sealed record ShapeSet(string Name, ImmutableSortedDictionary<string, ImmutableArray<int>> Shapes)
{
    /// <summary>The set as the metadata <c>Shapes</c> says it.</summary>
    public override string ToString() => (Name.Length > 0 ? Name + ": " : "")
        + string.Join(';', Shapes.Select(s =>
            s.Key + "=" + (s.Value.IsDefault ? MetadataValues.Nothing : string.Join(',', s.Value))));
}
