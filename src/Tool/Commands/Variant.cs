using System.Collections.Immutable;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Predictors;

namespace OptimizerBuild.Tool.Commands;

/// <summary>One way to compress a model.</summary>
/// <param name="Name">What it is called in the table.</param>
/// <param name="Metadata">The metadata that make it, beside those of the command line.</param>
internal sealed record Variant(string Name, IReadOnlyList<(string Name, string Value)> Metadata)
{
    /// <summary>What users choose among, the original first.</summary>
    public static IReadOnlyList<Variant> Usual { get; } =
    [
        Of("Float32", ("Precision", nameof(ModelPrecision.Float32))),
        Of("Auto"),
        Of("Int8", ("Precision", nameof(ModelPrecision.Int8))),
        Of("Int4", ("Precision", nameof(ModelPrecision.Int4)), ("EntropyCoding", "true")),
        Of("Smallest", ("Compression", nameof(CompressionRecipe.Smallest))),
        Of("Fastest", ("Compression", nameof(CompressionRecipe.Fastest))),
    ];

    /// <summary>The way that pairs <c>Name=Value</c>, separated by semicolons, describe; null where they do not.</summary>
    public static Variant? TryParse(string text)
    {
        string[] pairs = text.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return pairs.Length == 0 || pairs.Any(p => p.IndexOf('=', StringComparison.Ordinal) <= 0)
            ? null
            : new(text, [.. pairs.Select(Pair)]);

        static (string Name, string Value) Pair(string text)
        {
            int end = text.IndexOf('=', StringComparison.Ordinal);
            return (text[..end].Trim(), text[(end + 1)..].Trim());
        }
    }

    private static Variant Of(string name, params (string Name, string Value)[] metadata) => new(name, metadata);
}

/// <summary>What became of one way.</summary>
/// <param name="Variant">The way.</param>
/// <param name="Options">What its item asks for; null where it is none.</param>
/// <param name="Outcome">The compressed model; null where it failed.</param>
/// <param name="Faults">Why it failed.</param>
internal sealed record TriedVariant(
    Variant Variant, ModelOptions? Options, CompilationOutcome? Outcome, ImmutableArray<Diagnostic> Faults)
{
    /// <summary>How long predictions took; null where they were not timed.</summary>
    public Timings? Timings { get; set; }
}
