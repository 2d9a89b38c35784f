using System.Globalization;
using OptimizerBuild.Compression;
using OptimizerBuild.Options;

namespace OptimizerBuild.Lowering.Coding;

/// <summary>Which codes an item asks for, and what the report says of them.</summary>
internal static class CodingRules
{
    /// <summary>The codes that a model's resource may have.</summary>
    public static WeightCoding Of(ModelOptions options) => options.EntropyCoding ? WeightCoding.Entropy
        : options.Precision.HasFewLevels() || options.Clusters is not null
            || options is { Sparsity: not null, SparsityPattern: not SparsityPattern.Channel }
            || options.SparsityPattern == SparsityPattern.TwoOfFour
            || options.Layers.AnyFewLevels || options.Layers.AnySparsity ? WeightCoding.Structural
        : WeightCoding.None;

    /// <summary>The account of the coding; none where nothing is coded.</summary>
    /// <param name="size">The model that is coded.</param>
    /// <param name="stored">Its weights.</param>
    public static IEnumerable<TechniqueAccount> Account(ModelSize size, StoredWeights stored) => !stored.IsCoded ? [] :
    [
        new("Coding",
            [
                string.Create(CultureInfo.InvariantCulture,
                    $"{stored.MemoryBytes} bytes of packed weights, multipliers and tables stored in {stored.Bytes.Length}"),
                .. stored.Sections.Values.GroupBy(s => s.Code, StringComparer.Ordinal).OrderBy(g =>
                    g.Key, StringComparer.Ordinal).Select(g =>
                    string.Create(CultureInfo.InvariantCulture, $"{g.Count()} sections as {g.Key}: {g.Sum(s => (long)s.Bytes)} bytes")),
            ],
            size with { Bytes = stored.MemoryBytes }, size with { Bytes = stored.Bytes.Length }),
    ];
}
