using System.Collections.Immutable;
using System.Globalization;
using OptimizerBuild.Compression;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Options;

namespace OptimizerBuild.Pipeline.Recipes;

/// <summary>A combination of metadata that a recipe tries.</summary>
/// <param name="Metadata">What it adds to the item's own, in the order in which it was added.</param>
/// <param name="Options">The item's options with them.</param>
internal sealed record RecipeCandidate(ImmutableArray<(string Name, string Value)> Metadata, ModelOptions Options)
{
    /// <summary>What it would be if it shipped; null where it has not been measured.</summary>
    public Measurement? Measurement { get; init; }

    /// <summary>Why it cannot be built; null where it can.</summary>
    public Diagnostic? Obstacle { get; init; }

    /// <summary>The item as it is.</summary>
    public static RecipeCandidate Of(ModelOptions options) => new([], options);

    /// <summary>The candidate with further metadata, not measured; what it says of the same names before no longer holds.</summary>
    public RecipeCandidate With(ImmutableArray<(string Name, string Value)> metadata)
    {
        ModelOptions options = Options;
        foreach ((string name, string value) in metadata)
            options = ItemMetadata.Table.First(e => e.Name == name).Apply(options, value, "")
                ?? throw new InvalidOperationException($"a recipe says {name}={value}");
        return new([.. Metadata.Where(m => metadata.All(n => n.Name != m.Name)), .. metadata], options);
    }

    /// <summary>The metadata as an item would have them; empty where there are none.</summary>
    public string Text => string.Join(' ', Metadata.Select(m => $"{m.Name}=\"{m.Value}\""));

    /// <summary>One line about it for the report.</summary>
    /// <param name="isAccurate">Whether it may ship.</param>
    public string Describe(bool isAccurate) => (Text.Length == 0 ? "the item as it is" : Text) + ": " + (Measurement is not { } m
        ? Obstacle is { } obstacle ? obstacle.Descriptor.Code + ", " + obstacle.Text : "not tried"
        : string.Create(CultureInfo.InvariantCulture,
            $"{m.WeightBytes} bytes, {m.Macs} multiply-accumulates, {m.Nanoseconds:F0} ns estimated, ")
            + string.Create(CultureInfo.InvariantCulture, $"{m.Metric} {m.TeacherAccuracy:G5} → {m.Accuracy:G5}")
            + (isAccurate ? "" : ", too much"));
}
