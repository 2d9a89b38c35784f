using System.Collections.Immutable;

namespace OptimizerBuild.Models.Compression;

/// <summary>A technique as an item asks for it.</summary>
/// <param name="Name">What messages call it.</param>
/// <param name="Metadata">The metadata of the item, name by name.</param>
internal sealed record AskedTechnique(string Name, ImmutableArray<(string Name, string Value)> Metadata)
{
    /// <summary>The step that the report must have when the technique is on; null where it is a choice within another step.</summary>
    public string? Step { get; init; }

    /// <summary>Whether one of the two is asked for in the place of the other: by other values of the same metadata.</summary>
    public bool IsAlternativeTo(AskedTechnique other) => Metadata.Any(m => other.Metadata.Any(o => o.Name == m.Name && o.Value != m.Value));
}

/// <summary>
/// Techniques that an item can ask for, which two of them are refused together, and a covering array of strength two: few items with
/// several techniques each, so that any two that go together are together in one of them. Built greedily, as D. Cohen et al. 1997, "The
/// AETG system" (section 3) do it, but without chance: an item begins with a pair that is in none yet and takes what adds most pairs.
/// Beside a student, which is in all items, nothing is added that adds no pair, so that later items ask for less.
/// </summary>
internal static class TechniquePairs
{
    private const string Student = "Student";

    /// <summary>All techniques; those that are alternatives stand side by side.</summary>
    public static ImmutableArray<AskedTechnique> All { get; } =
    [
        Of("Int8", "Precision=Int8"), Of("Int4", "Precision=Int4"), Of("Ternary", "Precision=Ternary"),
        Of("Binary", "Precision=Binary"), Of("Mixed", "Precision=Mixed"), Of("Float32", "Precision=Float32"),
        Of("GroupSize", "GroupSize=32"),
        Of("Nearest", "Rounding=Nearest"), Of("Compensated", "Rounding=Compensated"),
        Of("Adaptive", "Rounding=Adaptive"), Of("Block rounding", "Rounding=Block"),
        Of("Clusters", "Clusters=12"),
        Of("Sparsity", "Sparsity=0.2;SparsityPattern=Unstructured") with { Step = "Sparsification" },
        Of("Blocks", "Sparsity=0.4;SparsityPattern=Block") with { Step = "BlockSparsification" },
        Of("2:4", "SparsityPattern=2:4") with { Step = "TwoOfFourSparsification" },
        Of("Channels", "Sparsity=0.1;SparsityPattern=Channel") with { Step = "ChannelPruning" },
        Of("Fold", "Fold=0.1") with { Step = "Folding" },
        .. ((string[])["Auto", "Responses", "Spatial", "Tucker", "CP"]).Select(form =>
            Of("Rank " + form, "Rank=0.15;RankForm=" + form) with { Step = "LowRank" }),
        Of(Student, "Student=0.25x;PruningCriterion=Taylor") with { Step = "Student" },
        Of("Recovery", "Recovery=True") with { Step = "Recovery" },
        Of("Equalize", "Equalize=True") with { Step = "Equalization" },
        Of("PairSums", "PairSums=Free"),
        Of("EntropyCoding", "EntropyCoding=True"),
    ];

    /// <summary>
    /// Pairs that an item must not ask for (OPT0010), with the metadata that the error names. Kept by hand: what the build accepts or
    /// refuses beyond it fails the tests.
    /// </summary>
    public static ImmutableArray<(string First, string Second, string Named)> Refused { get; } =
    [
        .. ((string[])["Int8", "Ternary", "Binary", "Float32", "Clusters", "Adaptive", "Block rounding", "Recovery"])
            .Select(name => ("GroupSize", name, "GroupSize")),
        .. ((string[])["Compensated", "Adaptive", "Block rounding"]).Select(name => ("Float32", name, "Rounding")),
        ("Recovery", "Adaptive", "Rounding"), ("Recovery", "Block rounding", "Rounding"),
        ("Channels", "Fold", "Fold"),
    ];

    // What a technique needs beside it where nothing of the kind is asked for.
    private static readonly ImmutableDictionary<string, string> Needs = ImmutableDictionary<string, string>.Empty.Add("GroupSize", "Int4");

    /// <summary>Whether two techniques are refused together.</summary>
    public static bool IsRefused(AskedTechnique a, AskedTechnique b) =>
        Refused.Any(r => (r.First == a.Name && r.Second == b.Name) || (r.First == b.Name && r.Second == a.Name));

    /// <summary>All pairs of different techniques that are no alternatives.</summary>
    public static IEnumerable<(AskedTechnique First, AskedTechnique Second)> Pairs() =>
        from a in Enumerable.Range(0, All.Length)
        from b in Enumerable.Range(a + 1, All.Length - a - 1)
        where !All[a].IsAlternativeTo(All[b])
        select (All[a], All[b]);

    /// <summary>The items that cover every pair that is not refused, each with its techniques in the order of <see cref="All"/>.</summary>
    public static List<AskedTechnique[]> Covering()
    {
        List<(AskedTechnique First, AskedTechnique Second)> open = [.. Pairs().Where(p => !IsRefused(p.First, p.Second))];
        var items = new List<AskedTechnique[]>();
        while (open.Count > 0)
        {
            List<AskedTechnique> item = [.. Complete([open[0].First, open[0].Second])];
            // A quarter of the channels: what follows then takes a tenth of the time, so that all items can be built in a test.
            AskedTechnique student = All.First(t => t.Name == Student);
            if (!item.Contains(student))
                item.Add(student);
            while (All.Where(t => Fits(t, item)).MaxBy(t => Added(t, item, open)) is { } best && Added(best, item, open) > 0)
                item.Add(best);
            open.RemoveAll(p => item.Contains(p.First) && item.Contains(p.Second));
            items.Add([.. item.OrderBy(All.IndexOf)]);
        }
        return items;
    }

    /// <summary>Techniques with those that they need, where none of their kind is among them.</summary>
    public static AskedTechnique[] Complete(AskedTechnique[] item) =>
    [
        .. item,
        .. item.Select(t => Needs.GetValueOrDefault(t.Name)).OfType<string>().Select(name => All.First(t => t.Name == name))
            .Where(t => !item.Contains(t) && !item.Any(t.IsAlternativeTo)),
    ];

    private static bool Fits(AskedTechnique technique, List<AskedTechnique> item) =>
        !item.Contains(technique) && !item.Any(t => t.IsAlternativeTo(technique) || IsRefused(t, technique))
        && (!Needs.ContainsKey(technique.Name) || item.Any(t => t.Name is "Int4" or "Mixed"));

    private static int Added(
        AskedTechnique technique, List<AskedTechnique> item, List<(AskedTechnique First, AskedTechnique Second)> open) =>
        open.Count(p => (p.First == technique && item.Contains(p.Second)) || (p.Second == technique && item.Contains(p.First)));

    private static AskedTechnique Of(string name, string metadata) =>
        new(name, [.. metadata.Split(';').Select(m => m.Split('=', 2)).Select(m => (m[0], m[1]))]);
}
