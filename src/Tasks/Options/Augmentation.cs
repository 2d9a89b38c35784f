using System.Globalization;

namespace OptimizerBuild.Options;

/// <summary>How samples are varied while a model learns from them.</summary>
internal sealed record Augmentation
{
    private const string None = "None";

    /// <summary>By how many pixels images move at most, up, down, left and right; 0 for none.</summary>
    public int Shift { get; init; }

    /// <summary>Whether every other image is mirrored from left to right.</summary>
    public bool Flip { get; init; }

    /// <summary>The share of the samples that are mixed with another one, 0 to 1; null: half of them where samples can be mixed.</summary>
    public double? Mixup { get; init; }

    /// <summary>How many steps of time lose what they hold at most, one behind the other; 0 for none.</summary>
    public int TimeMask { get; init; }

    /// <summary>How many neighbouring frequencies lose what they hold at most; 0 for none.</summary>
    public int FrequencyMask { get; init; }

    /// <summary>The terms that need an input of rows and columns, as the item writes them.</summary>
    public IEnumerable<string> TermsOfPlanes =>
    [
        .. Shift > 0 ? (string[])[FormattableString.Invariant($"{nameof(Shift)}={Shift}")] : [],
        .. Flip ? (string[])[nameof(Flip)] : [],
        .. TimeMask > 0 ? (string[])[FormattableString.Invariant($"{nameof(TimeMask)}={TimeMask}")] : [],
        .. FrequencyMask > 0 ? (string[])[FormattableString.Invariant($"{nameof(FrequencyMask)}={FrequencyMask}")] : [],
    ];

    /// <summary>Reads terms such as <c>Shift=2;Flip;Mixup=0.5</c>, or <c>None</c>; null for anything else.</summary>
    /// <param name="text">The text; commas separate as semicolons do.</param>
    public static Augmentation? Parse(string text)
    {
        string[] terms = text.Split([';', ','], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (terms is [var only] && only.Equals(None, StringComparison.OrdinalIgnoreCase))
            return new() { Mixup = 0 };
        Augmentation? found = terms.Length == 0 ? null : new();
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (string term in terms)
        {
            string[] pair = term.Split('=', 2, StringSplitOptions.TrimEntries);
            if (found is null || !seen.Add(pair[0]))
                return null;
            found = With(found, pair[0], pair.Length == 2 ? pair[1] : null);
        }
        return found;
    }

    /// <summary>The same text for the same choices.</summary>
    public override string ToString() => string.Join(';', (string[])
    [
        .. TermsOfPlanes,
        .. Mixup is { } share ? (string[])[nameof(Mixup) + "=" + share.ToString("R", CultureInfo.InvariantCulture)] : [],
    ]);

    private static Augmentation? With(Augmentation old, string name, string? value)
    {
        bool Is(string known) => name.Equals(known, StringComparison.OrdinalIgnoreCase);
        if (Is(nameof(Flip)))
            return value is null ? old with { Flip = true } : null;
        if (value is null)
            return null;
        if (Is(nameof(Mixup)))
            return MetadataValues.Number(value, 0, 1) is { } share ? old with { Mixup = share } : null;
        const int Most = 10_000;
        return MetadataValues.Whole(value, 1, Most) is not { } count ? null
            : Is(nameof(Shift)) ? old with { Shift = count }
            : Is(nameof(TimeMask)) ? old with { TimeMask = count }
            : Is(nameof(FrequencyMask)) ? old with { FrequencyMask = count } : null;
    }
}
