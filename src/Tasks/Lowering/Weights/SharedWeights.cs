using System.Globalization;
using OptimizerBuild.Compression;

namespace OptimizerBuild.Lowering.Weights;

/// <summary>What the report says of layers that have the same packed weights, which the blob holds once.</summary>
internal static class SharedWeights
{
    /// <summary>The account; none where all layers have weights of their own.</summary>
    /// <param name="size">The model.</param>
    /// <param name="sections">The weights of its layers.</param>
    public static IEnumerable<TechniqueAccount> Account(ModelSize size, IEnumerable<WeightSection> sections)
    {
        WeightSection[][] shared =
            [.. sections.DistinctBy(s => s.Node).GroupBy(s => s.Offset).Where(g => g.Count() > 1).Select(g => g.ToArray())];
        if (shared.Length == 0)
            return [];
        long saved = shared.Sum(g => (g.Length - 1L) * g[0].Bytes);
        return
        [
            new("SharedWeights",
                [
                    string.Create(CultureInfo.InvariantCulture, $"{saved} bytes of packed weights that would be stored again"),
                    .. shared.Select(g => string.Create(CultureInfo.InvariantCulture,
                        $"those of '{g[0].Node}' ({g[0].Bytes} bytes) serve {string.Join(", ", g.Skip(1).Select(s => $"'{s.Node}'"))}")),
                ],
                size with { Bytes = size.Bytes + saved }, size),
        ];
    }
}
