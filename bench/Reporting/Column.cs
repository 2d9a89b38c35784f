using System.Globalization;

namespace OptimizerBuild.Bench.Reporting;

/// <summary>Where a column appears.</summary>
internal enum Placement
{
    /// <summary>On the console and in documents.</summary>
    Both,

    /// <summary>On the console only.</summary>
    Console,

    /// <summary>In documents only.</summary>
    Document,
}

/// <summary>A column of a table.</summary>
/// <typeparam name="TRow">What a row of the table shows.</typeparam>
/// <param name="Heading">The heading.</param>
/// <param name="Value">What stands in it; null: nothing.</param>
/// <param name="Format">The format of numbers, in the invariant culture.</param>
/// <param name="Width">The least width on the console; texts are aligned left, numbers (all that have a format) right.</param>
internal sealed record Column<TRow>(string Heading, Func<TRow, object?> Value, string Format = "", int Width = 0)
{
    /// <summary>The heading in documents, where it may be longer than on the console.</summary>
    public string Title { get; init; } = Heading;

    /// <summary>Where the column appears.</summary>
    public Placement Placement { get; init; }

    /// <summary>Whether the column is aligned right.</summary>
    public bool IsNumber => Format.Length > 0;

    /// <summary>The cell of a row as text.</summary>
    public string Text(TRow row) => Value(row) switch
    {
        IFormattable number when IsNumber => number.ToString(Format, CultureInfo.InvariantCulture),
        { } other => Convert.ToString(other, CultureInfo.InvariantCulture) ?? "",
        null => "",
    };

    /// <summary>A text filled up to the column's width on the console.</summary>
    public string Pad(string text)
    {
        int width = Math.Max(Width, Heading.Length);
        return IsNumber ? text.PadLeft(width) : text.PadRight(width);
    }
}
