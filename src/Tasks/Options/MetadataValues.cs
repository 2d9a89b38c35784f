using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Options;

/// <summary>Parses the values of metadata; null stands for a value that is not understood.</summary>
internal static partial class MetadataValues
{
    // More elements than this have no place in an attribute; it also keeps products of dimensions far from overflow checks below.
    private const int MaximumValues = 4096;

    /// <summary>What stands in place of a shape where a sequence is empty or an optional value absent.</summary>
    public const string Nothing = "none";

    /// <summary>A whole number in a range.</summary>
    public static int? Whole(string text, int least, int greatest) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value)
        && value >= least && value <= greatest
            ? value
            : null;

    /// <summary>A finite number in a range.</summary>
    public static double? Number(string text, double least, double greatest) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
        && double.IsFinite(value) && value >= least && value <= greatest
            ? value
            : null;

    /// <summary>A finite number in a range, or a fraction of two numbers such as <c>1/255</c>.</summary>
    public static double? NumberOrFraction(string text, double least, double greatest) => text.Split('/') switch
    {
        [var number] => Number(number.Trim(), least, greatest),
        [var numerator, var denominator] => Number(numerator.Trim(), double.MinValue, double.MaxValue) is { } n
            && Number(denominator.Trim(), double.MinValue, double.MaxValue) is { } d && n / d is var quotient
            && double.IsFinite(quotient) && quotient >= least && quotient <= greatest ? quotient : null,
        _ => null,
    };

    /// <summary>A number of bytes: <c>512000</c>, <c>500 KB</c> or <c>1.5 MB</c>, of 1024 each; a fraction of a byte is dropped.</summary>
    public static long? Bytes(string text) => Scaled(text, ("KB", 1024), ("MB", 1024 * 1024), ("GB", 1024 * 1024 * 1024), ("bytes", 1));

    /// <summary>A number of multiply-accumulates: <c>3000000</c>, <c>3 M</c>, <c>0.3 G</c>; a fraction of one is dropped.</summary>
    public static long? Count(string text) => Scaled(text, ("K", 1000), ("M", 1_000_000), ("G", 1_000_000_000));

    // Positive, and exact as a double.
    private static long? Scaled(string text, params ReadOnlySpan<(string Unit, long Factor)> units)
    {
        long factor = 1;
        foreach ((string unit, long scale) in units)
        {
            if (!text.EndsWith(unit, StringComparison.OrdinalIgnoreCase))
                continue;
            (text, factor) = (text[..^unit.Length].TrimEnd(), scale);
            break;
        }
        return Number(text, 0, (1L << 53) / factor) is { } number && (long)(number * factor) is > 0 and var value ? value : null;
    }

    /// <summary>One or several finite numbers or fractions that are float32 values, separated by commas.</summary>
    public static ImmutableArray<double>? Numbers(string text)
    {
        var numbers = ImmutableArray.CreateBuilder<double>();
        foreach (string part in text.Split(','))
        {
            if (NumberOrFraction(part.Trim(), -float.MaxValue, float.MaxValue) is not { } number || numbers.Count == MaximumValues)
                return null;
            numbers.Add(number);
        }
        return numbers.ToImmutable();
    }

    /// <summary>
    /// Sets of shapes separated by <c>|</c>; a set may begin with a name, a colon and a space. A name is a C# identifier in Pascal case;
    /// without the space the colon belongs to the name of an input.
    /// </summary>
    public static ImmutableArray<ShapeSet>? ShapeSets(string text)
    {
        var sets = ImmutableArray.CreateBuilder<ShapeSet>();
        foreach (string part in SetSeparator().Split(text))
        {
            Match named = SetName().Match(part);
            string name = named.Groups["name"].Value;
            if ((named.Success && (name.Length == 0 || Identifiers.Pascal(name, "") != name)) || part.TrimStart().StartsWith('|')
                || Shapes(part[named.Length..]) is not { } shapes)
                return null;
            sets.Add(new(name, shapes));
        }
        return sets.ToImmutable();
    }

    /// <summary>
    /// <c>input=1,3,224,224</c>, several separated by semicolons; dimensions are positive. <c>input=none</c> gives the default array.
    /// </summary>
    public static ImmutableSortedDictionary<string, ImmutableArray<int>>? Shapes(string text)
    {
        var shapes = ImmutableSortedDictionary.CreateBuilder<string, ImmutableArray<int>>(StringComparer.Ordinal);
        foreach ((string? name, string value) in Assignments(text))
        {
            if (name is null)
                return null;
            if (value.Trim() == Nothing)
            {
                if (!shapes.TryAdd(name, default))
                    return null;
                continue;
            }
            var dimensions = ImmutableArray.CreateBuilder<int>();
            foreach (string part in value.Split(','))
            {
                if (Whole(part.Trim(), 1, int.MaxValue) is not { } dimension || dimensions.Count == MaximumValues)
                    return null;
                dimensions.Add(dimension);
            }
            if (!shapes.TryAdd(name, dimensions.ToImmutable()))
                return null;
        }
        return shapes.Count == 0 ? null : shapes.ToImmutable();
    }

    /// <summary>
    /// <c>input=16000</c> or <c>input=0,1</c>, several separated by semicolons; <c>true</c> and <c>false</c> are 1 and 0.
    /// </summary>
    public static ImmutableSortedDictionary<string, ConstantInput>? Constants(string text)
    {
        var constants = ImmutableSortedDictionary.CreateBuilder<string, ConstantInput>(StringComparer.Ordinal);
        foreach ((string? name, string value) in Assignments(text))
        {
            if (name is null || Constant(value) is not { } constant || !constants.TryAdd(name, constant))
                return null;
        }
        return constants.Count == 0 ? null : constants.ToImmutable();
    }

    /// <summary><c>input=output</c>, several separated by semicolons; no name twice.</summary>
    public static ImmutableSortedDictionary<string, string>? Pairs(string text)
    {
        var pairs = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        var outputs = new HashSet<string>(StringComparer.Ordinal);
        foreach ((string? input, string value) in Assignments(text))
            if (input is null || value.Trim() is not { Length: > 0 } output || !outputs.Add(output) || !pairs.TryAdd(input, output))
                return null;
        return pairs.Count == 0 ? null : pairs.ToImmutable();
    }

    /// <summary>Whether a text can be a path at all.</summary>
    public static bool Path(string text) => !text.Contains('\0');

    private static ConstantInput? Constant(string text)
    {
        var reals = ImmutableArray.CreateBuilder<double>();
        var integers = ImmutableArray.CreateBuilder<long>();
        foreach (string part in text.Split(','))
        {
            string value = part.Trim() switch
            {
                var t when t.Equals("true", StringComparison.OrdinalIgnoreCase) => "1",
                var f when f.Equals("false", StringComparison.OrdinalIgnoreCase) => "0",
                var other => other,
            };
            if (Number(value, double.MinValue, double.MaxValue) is not { } real || reals.Count == MaximumValues)
                return null;
            reals.Add(real);
            if (long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long integer))
                integers.Add(integer);
        }
        return new(reals.ToImmutable(), integers.Count == reals.Count ? integers.ToImmutable() : default);
    }

    // Behind dimensions or nothing only: names in models may contain the character.
    [GeneratedRegex(@"(?<==(?:[\d\s,]*|\s*none\s*);?\s*)\|")]
    private static partial Regex SetSeparator();

    [GeneratedRegex(@"^\s*(?<name>[^=;,:]*?)\s*:\s+")]
    private static partial Regex SetName();

    // The name is everything before the last equals sign: names in models may contain one, values may not.
    private static IEnumerable<(string? Name, string Value)> Assignments(string text)
    {
        foreach (string part in text.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            int equals = part.LastIndexOf('=');
            yield return equals <= 0 ? (null, part) : (part[..equals].Trim(), part[(equals + 1)..]);
        }
    }
}
