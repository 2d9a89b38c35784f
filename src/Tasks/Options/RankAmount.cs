namespace OptimizerBuild.Options;

/// <summary>How far the ranks of layers are reduced.</summary>
/// <param name="Share">
/// The share of a layer's multiply-accumulates that its two layers may cost at most, above 0 and below 1; null: as far as results lose
/// little.
/// </param>
internal readonly record struct RankAmount(double? Share)
{
    /// <summary>The value of the metadata that means no share.</summary>
    public const string Automatic = "Auto";

    /// <summary>A value of the metadata; null where it is not understood.</summary>
    public static RankAmount? Parse(string value) => value.Equals(Automatic, StringComparison.OrdinalIgnoreCase) ? new RankAmount(null)
        : MetadataValues.Number(value, 0.05, 0.95) is { } share ? new RankAmount(share) : null;

    /// <inheritdoc/>
    public override string ToString() => Share is { } share ? FormattableString.Invariant($"{share:R}") : Automatic;
}
