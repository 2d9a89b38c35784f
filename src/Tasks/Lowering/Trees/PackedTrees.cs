using System.Globalization;
using OptimizerBuild.Compression;

namespace OptimizerBuild.Lowering.Trees;

/// <summary>What became of a tree ensemble.</summary>
/// <param name="Node">The node's name.</param>
/// <param name="Form">The form of the trees in memory, in words.</param>
/// <param name="TableBytes">The bytes of the graph's tables of branches and leaves, in which equal leaves and sub-trees stand once.</param>
/// <param name="Bytes">The bytes that the trees take in the packed weights.</param>
internal sealed record PackedTrees(string Node, string Form, long TableBytes, long Bytes)
{
    /// <summary>The account of all ensembles of a model; none where it has none.</summary>
    /// <param name="size">The model that is packed.</param>
    /// <param name="trees">Its ensembles.</param>
    public static IEnumerable<TechniqueAccount> Account(ModelSize size, IReadOnlyCollection<PackedTrees> trees) => trees.Count == 0 ? [] :
    [
        new("Trees",
            [
                .. trees.Select(t => string.Create(CultureInfo.InvariantCulture,
                    $"'{t.Node}': {t.Form}; {t.TableBytes} bytes of tables packed into {t.Bytes}")),
            ],
            size with { Bytes = trees.Sum(t => t.TableBytes) }, size with { Bytes = trees.Sum(t => t.Bytes) }),
    ];
}
