using System.Globalization;
using CsvHelper;
using CsvHelper.Configuration;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Data;

/// <summary>
/// Reads tables of numbers: one sample a line, columns separated by comma, semicolon or tab (whichever is most frequent in the first
/// line), with or without a header line. The label column is the one that the user names, else the last.
/// </summary>
internal static class CsvTableReader
{
    /// <summary>The name of the array of all feature columns.</summary>
    public const string FeaturesName = "x";

    private const int MaximumColumns = 1 << 16;

    /// <summary>Reads the table: <c>x</c> with all feature columns, the label column, each named column on its own, and everything
    /// together.</summary>
    /// <param name="reader">The reader with the limits.</param>
    /// <param name="file">The file.</param>
    /// <param name="labelKey">The header of the label column; null for the last column.</param>
    public static (List<NamedArray> Arrays, Tensor Table) Read(BoundedReader reader, Stream file, string? labelKey)
    {
        using var text = new StreamReader(file);
        string first = FirstLine(reader, text);
        file.Position = 0;
        text.DiscardBufferedData();
        var configuration = new CsvConfiguration(CultureInfo.InvariantCulture)
        {
            HasHeaderRecord = false,
            Delimiter = Delimiter(first),
            IgnoreBlankLines = true,
            TrimOptions = TrimOptions.Trim,
            MaxFieldSize = 1 << 16,
            DetectColumnCountChanges = false,
            BadDataFound = null,
        };
        using var parser = new CsvParser(text, configuration);
        string[]? header = null;
        var values = new List<float>();
        int columns = 0;
        int rows = 0;
        try
        {
            while (parser.Read())
            {
                string[] record = parser.Record ?? [];
                if (columns == 0)
                {
                    columns = record.Length;
                    if (columns > MaximumColumns)
                        throw reader.Malformed($"it has {columns} columns; at most {MaximumColumns} are read");
                    if (!record.All(f => TryNumber(f, out _)))
                    {
                        header = record;
                        continue;
                    }
                }
                if (record.Length != columns)
                    throw reader.Malformed($"line {parser.RawRow} has {record.Length} columns, the first line has {columns}");
                for (int c = 0; c < columns; c++)
                {
                    string column = header?[c] ?? (c + 1).ToString(CultureInfo.InvariantCulture);
                    values.Add(TryNumber(record[c], out float value) ? value
                        : throw reader.Malformed($"line {parser.RawRow}, column {column}: '{Shortened(record[c])}' is no number"));
                }
                rows++;
                if (values.Count > 1 << 28)
                    throw reader.Malformed("the table is too large");
            }
        }
        catch (CsvHelperException)
        {
            throw reader.Malformed($"line {parser.RawRow} cannot be read as a table row");
        }
        if (rows == 0)
            throw reader.Malformed("the table has no rows");

        int label = LabelColumn(reader, header, labelKey, columns);
        Tensor table = Columns(reader, values, rows, columns, Enumerable.Range(0, columns).ToArray(), flat: false);
        var arrays = new List<NamedArray>();
        if (columns > 1)
        {
            arrays.Add(new(FeaturesName, Columns(reader, values, rows, columns, Enumerable.Range(0, columns).Where(c =>
                c != label).ToArray(), flat: false)));
            arrays.Add(new(labelKey ?? DataSet.DefaultLabelName, Columns(reader, values, rows, columns, [label], flat: true)));
        }
        else
        {
            arrays.Add(new(FeaturesName, table));
        }
        if (header is not null)
            for (int c = 0; c < columns; c++)
                if (header[c].Length > 0 && !arrays.Exists(a => a.Name == header[c]))
                    arrays.Add(new(header[c], Columns(reader, values, rows, columns, [c], flat: true)));
        return (arrays, table);
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

    private static string Delimiter(string line)
    {
        char[] candidates = [',', ';', '\t'];
        return candidates.MaxBy(c => line.Count(x => x == c)).ToString();
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

    private static bool TryNumber(string text, out float value) =>
        float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value);

    private static string Shortened(string text) => text.Length <= 60 ? text : text[..57] + "…";
}
