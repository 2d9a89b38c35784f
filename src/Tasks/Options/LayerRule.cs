using System.Text;

namespace OptimizerBuild.Options;

/// <summary>What an item asks for in single layers, against what it asks for in all: one part of the metadata <c>Layers</c>.</summary>
/// <param name="Pattern">Names of nodes; <c>*</c> stands for any characters, <c>?</c> for one.</param>
internal sealed record LayerRule(string Pattern)
{
    /// <summary>The value of <c>Rank</c> with which a layer stays as it is.</summary>
    public const string NoRank = "None";

    /// <summary>The arithmetic and the bits of the weights; null: as in all layers.</summary>
    public ModelPrecision? Precision { get; init; }

    /// <summary>The share of the layer's weights that become zero, 0 for none; null: as the threshold for all layers says.</summary>
    public double? Sparsity { get; init; }

    /// <summary>How many different values the layer's weights may have, 0 for any number; null: as in all layers.</summary>
    public int? Clusters { get; init; }

    /// <summary>Input channels whose weights of 4 bits have a scale of their own, 0 for all; null: as in all layers.</summary>
    public int? GroupSize { get; init; }

    /// <summary>Whether <see cref="Rank"/> holds.</summary>
    public bool HasRank { get; init; }

    /// <summary>How far the layer's rank is reduced, where <see cref="HasRank"/>; null: it stays.</summary>
    public RankAmount? Rank { get; init; }

    /// <summary>Whether the rule asks for something that only layers with weights can do.</summary>
    public bool IsForWeights =>
        Sparsity is not null || Clusters is not null || GroupSize is not null || HasRank || Precision?.HasFewLevels() == true;

    /// <summary>Reads <c>conv1:Float32</c> or <c>fc*:Int4,Sparsity=0.9,Clusters=16,Rank=None</c>; null where it is not understood. Names
    /// of nodes may hold colons: the last one counts.</summary>
    public static LayerRule? Parse(string text)
    {
        int colon = text.LastIndexOf(':');
        if (colon <= 0 || text[..colon].Trim() is not { Length: > 0 } pattern)
            return null;
        LayerRule? rule = new(pattern);
        foreach (string part in text[(colon + 1)..].Split(',', StringSplitOptions.TrimEntries))
            rule = rule is null ? null : rule.With(part);
        return rule;
    }

    /// <summary>Whether a node's name fits the pattern; upper and lower case differ.</summary>
    public bool Matches(string node)
    {
        // Greedy matching with one place to come back to is enough: a later star makes an earlier one's choice indifferent.
        (int n, int p, int star, int resume) = (0, 0, -1, 0);
        while (n < node.Length)
        {
            if (p < Pattern.Length && Pattern[p] == '*')
            {
                (star, resume) = (p++, n);
            }
            else if (p < Pattern.Length && (Pattern[p] == '?' || Pattern[p] == node[n]))
            {
                (n, p) = (n + 1, p + 1);
            }
            else if (star >= 0)
            {
                (n, p) = (++resume, star + 1);
            }
            else
            {
                return false;
            }
        }
        return Pattern.AsSpan(p).Trim('*').IsEmpty;
    }

    /// <summary>The rule in the form in which it is read.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(Pattern).Append(':');
        string[] parts =
        [
            .. Precision is { } precision ? [precision.ToString()] : (string[])[],
            .. Sparsity is { } sparsity ? [FormattableString.Invariant($"{nameof(Sparsity)}={sparsity:R}")] : (string[])[],
            .. Clusters is { } clusters ? [FormattableString.Invariant($"{nameof(Clusters)}={clusters}")] : (string[])[],
            .. GroupSize is { } group ? [FormattableString.Invariant($"{nameof(GroupSize)}={group}")] : (string[])[],
            .. HasRank ? [$"{nameof(Rank)}={Rank?.ToString() ?? NoRank}"] : (string[])[],
        ];
        return text.AppendJoin(',', parts).ToString();
    }

    // One setting more; null where it is none, or stands there twice.
    private LayerRule? With(string setting)
    {
        string[] parts = setting.Split('=', 2, StringSplitOptions.TrimEntries);
        return parts switch
        {
            [var name] when Precision is null && Precisions(name) is { } precision => this with { Precision = precision },
            [var name, var value] when Is(name, nameof(Sparsity)) && Sparsity is null
                && (MetadataValues.Number(value, 0.01, 0.99) ?? MetadataValues.Number(value, 0, 0)) is { } share =>
                this with { Sparsity = share },
            [var name, var value] when Is(name, nameof(Clusters)) && Clusters is null
                && (MetadataValues.Whole(value, 2, 256) ?? MetadataValues.Whole(value, 0, 0)) is { } clusters =>
                this with { Clusters = clusters },
            [var name, var value] when Is(name, nameof(GroupSize)) && GroupSize is null
                && (ItemMetadata.GroupSizeOf(value) ?? MetadataValues.Whole(value, 0, 0)) is { } group =>
                this with { GroupSize = group },
            [var name, var value] when Is(name, nameof(Rank)) && !HasRank && Is(value, NoRank) => this with { HasRank = true },
            [var name, var value] when Is(name, nameof(Rank)) && !HasRank && RankAmount.Parse(value) is { } rank =>
                this with { HasRank = true, Rank = rank },
            _ => null,
        };
    }

    private static ModelPrecision? Precisions(string name) => Enum.GetValues<ModelPrecision>()
        .Where(p => p.IsOfLayers() && Is(name, p.ToString())).Select(p => (ModelPrecision?)p).FirstOrDefault();

    private static bool Is(string text, string name) => text.Equals(name, StringComparison.OrdinalIgnoreCase);
}
