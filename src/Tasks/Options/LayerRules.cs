using System.Collections.Immutable;

namespace OptimizerBuild.Options;

/// <summary>
/// The rules of the metadata <c>Layers</c>. Of several that fit a node and say something about the same setting, the last one counts.
/// </summary>
/// <param name="Rules">The rules in the order in which they stand there.</param>
internal sealed record LayerRules(ImmutableArray<LayerRule> Rules)
{
    /// <summary>No rule at all.</summary>
    public static LayerRules None { get; } = new([]);

    /// <summary>Reads rules that are separated by semicolons; null where one is not understood.</summary>
    public static LayerRules? Parse(string text)
    {
        LayerRule?[] rules = [.. text.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(LayerRule.Parse)];
        return rules.Length == 0 || rules.Contains(null) ? null : new([.. rules.OfType<LayerRule>()]);
    }

    /// <summary>What a rule says about a node's arithmetic and bits; null where none does.</summary>
    public ModelPrecision? PrecisionOf(string node) => Last(node, r => r.Precision is not null)?.Precision;

    /// <summary>The share of a layer's weights that become zero; null where no rule says it.</summary>
    public double? SparsityOf(string node) => Last(node, r => r.Sparsity is not null)?.Sparsity;

    /// <summary>How many different values a layer's weights may have, 0 for any number; null where no rule says it.</summary>
    public int? ClustersOf(string node) => Last(node, r => r.Clusters is not null)?.Clusters;

    /// <summary>
    /// Input channels of a layer whose weights of 4 bits have a scale of their own, 0 for all; null where no rule says it.
    /// </summary>
    public int? GroupSizeOf(string node) => GroupRuleOf(node)?.GroupSize;

    /// <summary>The rule that says <see cref="GroupSizeOf"/> of a layer; null where none does.</summary>
    public LayerRule? GroupRuleOf(string node) => Last(node, r => r.GroupSize is not null);

    /// <summary>Whether some rule gives groups of inputs scales of their own.</summary>
    public bool AnyGroupSize => Rules.Any(r => r.GroupSize > 0);

    /// <summary>Whether some rule asks for weights of 4 bits.</summary>
    public bool AnyInt4 => Rules.Any(r => r.Precision == ModelPrecision.Int4);

    /// <summary>How far a layer's rank is reduced; null for a layer that stays.</summary>
    /// <param name="node">The layer.</param>
    /// <param name="otherwise">What holds where no rule says it.</param>
    public RankAmount? RankOf(string node, RankAmount? otherwise) => Last(node, r => r.HasRank) is { } rule ? rule.Rank : otherwise;

    /// <summary>Whether some rule makes weights zero.</summary>
    public bool AnySparsity => Rules.Any(r => r.Sparsity > 0);

    /// <summary>Whether some rule reduces ranks.</summary>
    public bool AnyRank => Rules.Any(r => r.Rank is not null);

    /// <summary>Whether some rule asks for integers.</summary>
    public bool AnyIntegers => Rules.Any(r => r.Precision?.IsInteger() == true);

    /// <summary>Whether some rule asks for few levels: fewer bits or shared values.</summary>
    public bool AnyFewLevels => Rules.Any(r => r.Precision?.HasFewLevels() == true || r.Clusters > 0);

    /// <summary>The rules in the form in which they are read.</summary>
    public override string ToString() => string.Join("; ", Rules);

    private LayerRule? Last(string node, Func<LayerRule, bool> says) => Rules.LastOrDefault(r => says(r) && r.Matches(node));
}
