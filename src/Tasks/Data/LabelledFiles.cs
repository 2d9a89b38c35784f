using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using nietras.SeparatedValues;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Files;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Data;

/// <summary>
/// Files that are one sample each, and their labels: those of a folder, without labels, or of its sub-folders, each of which is a class;
/// or those that a table names in its first column, with labels or targets in its second.
/// </summary>
/// <param name="Files">Names for messages, with forward slashes, and full paths, in the order of the samples.</param>
/// <param name="Labels">Labels as they are written, one for each file; empty where there are none.</param>
internal sealed record LabelledFiles(ImmutableArray<(string Name, string Path)> Files, ImmutableArray<string> Labels)
{
    private const int MaximumFiles = 1 << 22;
    private const int MaximumLine = 1 << 16;

    /// <summary>The files of a folder; null where it holds none.</summary>
    /// <param name="reader">The reader, for messages.</param>
    /// <param name="folder">The folder.</param>
    /// <param name="isOne">Whether a file is a sample, by its name.</param>
    /// <exception cref="ModelException">There are files beside folders of classes, or too many.</exception>
    public static LabelledFiles? OfFolder(BoundedReader reader, string folder, Func<string, bool> isOne)
    {
        string[] own = InOrder(folder, Directory.EnumerateFiles(folder).Where(isOne));
        (string Class, string[] Files)[] classes = [.. Directory.EnumerateDirectories(folder)
            .Where(d => !Path.GetFileName(d).StartsWith('.'))
            .Select(d => (Class: Path.GetFileName(d), Files: InOrder(folder, Directory.EnumerateFiles(d, "*", SearchOption.AllDirectories)
                .Where(isOne))))
            .Where(c => c.Files.Length > 0)
            .OrderBy(c => c.Class, StringComparer.Ordinal)];
        if (own.Length == 0 && classes.Length == 0)
            return null;
        if (own.Length > 0 && classes.Length > 0)
            throw reader.Malformed($"'{Path.GetFileName(own[0])}' lies beside folders of classes ('{classes[0].Class}'), so that it has no "
                + "label: move it into one of them");
        string[] all = [.. own, .. classes.SelectMany(c => c.Files)];
        if (all.Length > MaximumFiles)
            throw reader.Malformed($"it holds {all.Length} files; at most {MaximumFiles} are read");
        return new(
            [.. all.Select(f => (NameIn(folder, f), f))],
            [.. classes.SelectMany(c => c.Files.Select(_ => c.Class))]);
    }

    // In an order that does not depend on what stands between folders' names.
    private static string[] InOrder(string folder, IEnumerable<string> files) =>
        [.. files.OrderBy(f => NameIn(folder, f), StringComparer.Ordinal)];

    private static string NameIn(string folder, string file) => Path.GetRelativePath(folder, file).Replace('\\', '/');

    /// <summary>The files that a table names; null where its first column holds no names of such files.</summary>
    /// <param name="reader">The reader, for messages.</param>
    /// <param name="path">The table's full path, from whose folder relative names start.</param>
    /// <param name="isOne">Whether a file is a sample, by its name.</param>
    /// <exception cref="ModelException">A row has no name or, unlike others, no label.</exception>
    public static LabelledFiles? OfTable(BoundedReader reader, string path, Func<string, bool> isOne)
    {
        using var text = new StreamReader(UserFile.Open(path));
        var files = ImmutableArray.CreateBuilder<(string, string)>();
        var labels = ImmutableArray.CreateBuilder<string>();
        string folder = Path.GetDirectoryName(path)!;
        int number = 0;
        while (text.Peek() >= 0)
        {
            number++;
            // No list of names; whoever reads it as a table of numbers says what is wrong.
            if (Line(text) is not { } line)
                return files.Count == 0 ? null : throw reader.Malformed($"line {number} is no text");
            if (line.Length == 0)
                continue;
            string[] fields = Fields(line);
            if (!isOne(fields[0]))
            {
                // The first line may be a header; where no second one names a file, the table is one of numbers.
                if (files.Count == 0 && number == 1)
                    continue;
                return files.Count == 0 ? null : throw reader.Malformed($"line {number} names no such file: '{fields[0]}'");
            }
            if (files.Count > 0 && (labels.Count > 0) != (fields.Length > 1))
                throw reader.Malformed($"line {number} has {fields.Length} columns, unlike those before it");
            if (files.Count >= MaximumFiles)
                throw reader.Malformed($"it names more than {MaximumFiles} files");
            files.Add((fields[0].Replace('\\', '/'), Path.GetFullPath(fields[0].Replace('\\', '/'), folder)));
            if (fields.Length > 1)
                labels.Add(fields[1]);
        }
        return files.Count == 0 ? null : new(files.ToImmutable(), labels.ToImmutable());
    }

    /// <summary>Some of the files, evenly spread.</summary>
    public LabelledFiles Spread(int maximum)
    {
        if (Files.Length <= maximum)
            return this;
        int[] places = [.. Enumerable.Range(0, maximum).Select(i => SampleSplitter.OriginalIndex(i, maximum, Files.Length))];
        return new([.. places.Select(p => Files[p])], Labels.IsEmpty ? [] : [.. places.Select(p => Labels[p])]);
    }

    /// <summary>The names of the classes in the order of <see cref="LabelNumbers"/> without a file of labels; empty where they are
    /// numbers.</summary>
    public ImmutableArray<string> ClassNames =>
        Labels.All(l => float.TryParse(l, NumberStyles.Float, CultureInfo.InvariantCulture, out _)) ? []
            : [.. Labels.Distinct().Order(StringComparer.Ordinal)];

    /// <summary>
    /// The labels as numbers: themselves where all are whole numbers (classes) or numbers (targets); else the places of their names in
    /// the file of labels, or, without one, in their own order.
    /// </summary>
    /// <param name="names">The names of the classes; null without a file of labels.</param>
    /// <param name="source">What the data is called in messages.</param>
    /// <exception cref="ModelException">A label is not among the names.</exception>
    public Tensor? LabelNumbers(string[]? names, string source)
    {
        if (Labels.IsEmpty)
            return null;
        if (names is null || !Labels.All(l => names.Contains(l, StringComparer.Ordinal)))
        {
            long?[] whole = [.. Labels.Select(l =>
                long.TryParse(l, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long n) ? n : (long?)null)];
            if (whole.All(n => n is not null))
                return Tensor.Of([.. whole.Select(n => n!.Value)], whole.Length);
            float?[] real = [.. Labels.Select(l =>
                float.TryParse(l, NumberStyles.Float, CultureInfo.InvariantCulture, out float n) ? n : (float?)null)];
            if (real.All(n => n is not null))
                return Tensor.Of([.. real.Select(n => n!.Value)], real.Length);
        }
        string[] classes = names ?? [.. Labels.Distinct().Order(StringComparer.Ordinal)];
        var places = new Dictionary<string, long>(StringComparer.Ordinal);
        for (int i = 0; i < classes.Length; i++)
            places[classes[i]] = i;
        return Tensor.Of([.. Labels.Select(l => places.TryGetValue(l, out long place) ? place
            : throw new ModelException(DiagnosticCatalog.LabelOfFileUnknown, source, l))], Labels.Length);
    }

    // A line without its end; null where it is none that a text has.
    private static string? Line(StreamReader text)
    {
        var line = new StringBuilder();
        for (int c = text.Read(); c is >= 0 and not '\n'; c = text.Read())
        {
            if (c == 0 || line.Length > MaximumLine)
                return null;
            line.Append((char)c);
        }
        return line.ToString().TrimEnd('\r');
    }

    private static string[] Fields(string line)
    {
        char separator = ((char[])[',', ';', '\t']).MaxBy(c => line.Count(x => x == c));
        using SepReader table = Sep.New(separator)
            .Reader(o => o with { HasHeader = false, DisableColCountCheck = true, Unescape = true, Trim = SepTrim.Outer })
            .FromText(line);
        foreach (SepReader.Row row in table)
        {
            var fields = new string[row.ColCount];
            for (int c = 0; c < fields.Length; c++)
                fields[c] = row[c].ToString();
            return fields;
        }
        return [line];
    }
}
