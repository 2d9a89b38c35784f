using System.Reflection;

namespace OptimizerBuild.Options;

/// <summary>How a metadata is edited in property pages.</summary>
internal enum MetadataKind
{
    /// <summary>Free text.</summary>
    Text,

    /// <summary>A path relative to the project.</summary>
    Path,

    /// <summary>One of <see cref="MetadataEntry.Values"/>.</summary>
    Choice,

    /// <summary>A number.</summary>
    Number,
}

/// <summary>One metadata of the item <c>CompressedModel</c>: a row of <see cref="ItemMetadata.Table"/>.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">How it is edited.</param>
/// <param name="Default">What holds where it is not given, in words or as a value.</param>
/// <param name="Accepted">What is accepted, in words: for the documentation and for the error.</param>
/// <param name="Description">What it is for.</param>
/// <param name="Apply">Parses a value into the options; returns null where the value is not understood.</param>
internal sealed record MetadataEntry(
    string Name,
    MetadataKind Kind,
    string Default,
    string Accepted,
    string Description,
    Func<ModelOptions, string, string, ModelOptions?> Apply)
{
    /// <summary>The values of a choice with what each means; empty for other kinds.</summary>
    public IReadOnlyList<(string Value, string Meaning)> Values { get; init; } = [];

    /// <summary>A metadata that takes one of the members of an enumeration.</summary>
    public static MetadataEntry Choice<T>(
        string name,
        string description,
        string @default,
        Func<ModelOptions, T, ModelOptions> apply,
        params (T Value, string Meaning)[] values)
        where T : struct, Enum => new(
            name,
            MetadataKind.Choice,
            @default,
            string.Join(", ", values.Select(v => NameOf(v.Value))),
            description,
            (options, value, _) =>
            {
                foreach (T member in values.Select(v => v.Value))
                    if (string.Equals(NameOf(member), value, StringComparison.OrdinalIgnoreCase))
                        return apply(options, member);
                return null;
            })
        {
            Values = [.. values.Select(v => (NameOf(v.Value), v.Meaning))],
        };

    private static string NameOf<T>(T member)
        where T : struct, Enum =>
        typeof(T).GetField(member.ToString())!.GetCustomAttribute<MetadataNameAttribute>()?.Name ?? member.ToString();
}
