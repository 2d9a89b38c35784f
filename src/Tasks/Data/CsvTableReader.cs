using System.Globalization;
using nietras.SeparatedValues;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Data;

/// <summary>
/// Reads tables of numbers: one sample a line, columns separated by comma, semicolon or tab (whichever is most frequent in the first
/// line), with or without a header line. A value may stand in double quotes, as RFC 4180 has it; spaces around it and empty lines do not
/// count. The label column is the one that the user names, else the last.
/// </summary>
internal static class CsvTableReader
{
    /// <summary>The name of the array of all feature columns.</summary>
    public const string FeaturesName = "x";

    private const int MaximumColumns = 1 << 16;
    private const int MaximumCharacters = 1 << 16;

    /// <summary>Reads the table: <c>x</c> with all feature columns, the label column, each named column on its own, and everything
    /// together.</summary>
    /// <param name="reader">The reader with the limits.</param>
    /// <param name="file">The file.</param>
    /// <param name="labelKey">The header of the label column; null for the last column.</param>
    public static (List<NamedArray> Arrays, Tensor Table) Read(BoundedReader reader, Stream file, string? labelKey)
    {
        char separator;
        using (var text = new StreamReader(file, leaveOpen: true))
            separator = Separator(FirstLine(reader, text));
        file.Position = 0;
        string[]? header = null;
        var values = new List<float>();
        int columns = 0;
        int rows = 0;
        int line = 0;
        try
        {
            // A reader of its own: one that is rewound would take the mark of UTF-8 at the file's start for a part of the first value.
            using SepReader table = Sep.New(separator)
                .Reader(o => o with { HasHeader = false, DisableColCountCheck = true, Unescape = true, Trim = SepTrim.Outer })
                .From(new StreamReader(file));
            foreach (SepReader.Row row in table)
            {
                line = row.LineNumberToExcl - 1;
                if (row.Span.IsEmpty)
                    continue;
                if (HasQuoteInsideValue(row.Span, separator))
                    throw reader.Malformed($"line {line} has a quote inside a value; quotes stand around a whole value");
                if (columns == 0)
                {
                    columns = row.ColCount;
                    if (columns > MaximumColumns)
                        throw reader.Malformed($"it has {columns} columns; at most {MaximumColumns} are read");
                    string[] first = Record(reader, row, line);
                    if (!first.All(f => TryNumber(f, out _)))
                    {
                        header = first;
                        continue;
                    }
                }
                if (row.ColCount != columns)
                    throw reader.Malformed($"line {line} has {row.ColCount} columns, the first line has {columns}");
                for (int c = 0; c < columns; c++)
                {
                    ReadOnlySpan<char> field = Field(reader, row, c, line);
                    string column = header?[c] ?? (c + 1).ToString(CultureInfo.InvariantCulture);
                    values.Add(TryNumber(field, out float value) ? value
                        : throw reader.Malformed($"line {line}, column {column}: '{Shortened(field.ToString())}' is not a number"));
                }
                rows++;
                if (values.Count > 1 << 28)
                    throw reader.Malformed("the table is too large");
            }
        }
        catch (Exception e) when (e is InvalidOperationException or NotSupportedException)
        {
            throw reader.Malformed($"line {line + 1} cannot be read as a table row");
        }
        if (rows == 0)
            throw reader.Malformed("the table has no rows");

        int label = LabelColumn(reader, header, labelKey, columns);
        Tensor all = Columns(reader, values, rows, columns, Enumerable.Range(0, columns).ToArray(), flat: false);
        var arrays = new List<NamedArray>();
        if (columns > 1)
        {
            arrays.Add(new(FeaturesName, Columns(reader, values, rows, columns, Enumerable.Range(0, columns).Where(c =>
                c != label).ToArray(), flat: false)));
            arrays.Add(new(labelKey ?? DataSet.DefaultLabelName, Columns(reader, values, rows, columns, [label], flat: true)));
        }
        else
        {
            arrays.Add(new(FeaturesName, all));
        }
        if (header is not null)
            for (int c = 0; c < columns; c++)
                if (header[c].Length > 0 && !arrays.Exists(a => a.Name == header[c]))
                    arrays.Add(new(header[c], Columns(reader, values, rows, columns, [c], flat: true)));
        return (arrays, all);
    }

    private static string FirstLine(BoundedReader reader, StreamReader text)
    {
        var line = new System.Text.StringBuilder();
        for (int c = text.Read(); c >= 0 && c is not ('\n' or '\r'); c = text.Read())
        {
            if (c == 0 || line.Length > 1 << 22)
                throw reader.Malformed("it is no text");
            line.Append((char)c);
        }
        return line.ToString();
    }

    private static char Separator(string line)
    {
        char[] candidates = [',', ';', '\t'];
        return candidates.MaxBy(c => line.Count(x => x == c));
    }

    // Sep lets a quote begin anywhere and reads on to its partner, over the ends of lines: a stray one would swallow rows.
    private static bool HasQuoteInsideValue(ReadOnlySpan<char> row, char separator)
    {
        if (!row.Contains('"'))
            return false;
        bool quoted = false;
        bool atStart = true;
        bool wasQuoted = false;
        foreach (char c in row)
        {
            if (c == '"')
            {
                if (!atStart && !wasQuoted)
                    return true;
                quoted = !quoted;
                wasQuoted = true;
            }
            else if (c == separator && !quoted)
            {
                atStart = true;
                wasQuoted = false;
                continue;
            }
            atStart &= c == ' ';
        }
        return false;
    }

    private static string[] Record(BoundedReader reader, SepReader.Row row, int line)
    {
        var fields = new string[row.ColCount];
        for (int c = 0; c < fields.Length; c++)
            fields[c] = Field(reader, row, c, line).ToString();
        return fields;
    }

    private static ReadOnlySpan<char> Field(BoundedReader reader, SepReader.Row row, int column, int line)
    {
        ReadOnlySpan<char> field = row[column].Span;
        return field.Length <= MaximumCharacters ? field : throw reader.Malformed($"line {line} cannot be read as a table row");
    }

    private static int LabelColumn(BoundedReader reader, string[]? header, string? labelKey, int columns)
    {
        if (labelKey is null)
            return columns - 1;
        int index = header is null ? -1 : Array.IndexOf(header, labelKey);
        if (index >= 0)
            return index;
        if (labelKey == DataSet.DefaultLabelName)
            return columns - 1;
        throw reader.Malformed($"it has no column '{labelKey}'" + (header is null ? " (its first line is no header)"
            : $"; its columns are {Shortened(string.Join(", ", header))}"));
    }

    private static Tensor Columns(BoundedReader reader, List<float> values, int rows, int columns, int[] chosen, bool flat)
    {
        long[] dimensions = flat ? [rows] : [rows, chosen.Length];
        TensorType type = reader.Type(ElementType.Float32, dimensions, "the table", long.MaxValue);
        var data = new float[type.Count];
        for (int r = 0, at = 0; r < rows; r++)
            foreach (int c in chosen)
                data[at++] = values[(r * columns) + c];
        return new Tensor(type, data);
    }

    private static bool TryNumber(ReadOnlySpan<char> text, out float value) =>
        float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value);

    private static string Shortened(string text) => text.Length <= 60 ? text : text[..57] + "…";
}
