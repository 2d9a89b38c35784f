using System.Text;

namespace OptimizerBuild.Bench.Reporting;

/// <summary>The columns of a table, declared once for the console and for documents.</summary>
/// <typeparam name="TRow">What a row shows.</typeparam>
/// <param name="columns">The columns, from left to right.</param>
internal sealed class Table<TRow>(params Column<TRow>[] columns)
{
    private readonly Column<TRow>[] _console = [.. columns.Where(c => c.Placement != Placement.Document)];
    private readonly Column<TRow>[] _document = [.. columns.Where(c => c.Placement != Placement.Console)];

    /// <summary>The line of headings on the console.</summary>
    public string Heading => string.Join("  ", _console.Select(c => c.Pad(c.Heading))).TrimEnd();

    /// <summary>A row's line on the console.</summary>
    public string Line(TRow row) => string.Join("  ", _console.Select(c => c.Pad(c.Text(row)))).TrimEnd();

    /// <summary>Prints rows on the console, each when it has been made, below the headings.</summary>
    /// <returns>The rows.</returns>
    public List<TRow> Print(IEnumerable<TRow> rows)
    {
        Console.WriteLine(Heading);
        var printed = new List<TRow>();
        foreach (TRow row in rows)
        {
            Console.WriteLine(Line(row));
            printed.Add(row);
        }
        return printed;
    }

    /// <summary>The table in Markdown.</summary>
    public string Markdown(IEnumerable<TRow> rows)
    {
        var text = new StringBuilder();
        Row(_document.Select(c => c.Title));
        text.Append('|').AppendJoin("", _document.Select(c => c.IsNumber ? "---:|" : "---|")).Append('\n');
        foreach (TRow row in rows)
            Row(_document.Select(c => c.Text(row)));
        return text.ToString();

        void Row(IEnumerable<string> cells) =>
            text.Append("| ").AppendJoin(" | ", cells.Select(c => c.Replace("|", "\\|", StringComparison.Ordinal))).Append(" |\n");
    }
}
