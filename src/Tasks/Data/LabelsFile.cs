using OptimizerBuild.Diagnostics;
using OptimizerBuild.Files;

namespace OptimizerBuild.Data;

/// <summary>Reads class labels: a UTF-8 text file with one label a line.</summary>
internal static class LabelsFile
{
    private const int MaximumBytes = 16 << 20;

    /// <summary>Reads the labels of a model.</summary>
    /// <param name="path">The file.</param>
    /// <param name="classes">The number of the model's classes; null where it is not known.</param>
    /// <exception cref="ModelException">The file cannot be read or its labels do not fit the model.</exception>
    public static string[] Read(string path, int? classes)
    {
        string name = Path.GetFileName(path);
        string text;
        try
        {
            using var reader = new StreamReader(UserFile.Open(path, MaximumBytes));
            text = reader.ReadToEnd();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Mismatch(path, "a text file", error is UnusableFileException ? error.Message
                : error is FileNotFoundException or DirectoryNotFoundException ? "no file of that name"
                : "a file that cannot be opened");
        }
        string[] lines = [.. text.TrimEnd().Split('\n').Select(l => l.Trim())];
        if (lines is [""])
            throw Mismatch(path, $"{(classes is null ? "" : classes + " ")}labels, one a line", "an empty file");
        int empty = Array.IndexOf(lines, "");
        if (empty >= 0)
            throw Mismatch(path, "a label on every line", $"line {empty + 1} empty");
        int control = Array.FindIndex(lines, l => l.Any(char.IsControl));
        if (control >= 0)
            throw Mismatch(path, "text", $"control characters on line {control + 1}");
        if (classes is not null && lines.Length != classes)
            throw Mismatch(path, $"{classes} labels (the model has {classes} classes)", $"{lines.Length}");
        if (lines.GroupBy(l => l, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw Mismatch(path, "different labels", $"'{twice.Key}' {twice.Count()} times");
        return lines;

        ModelException Mismatch(string file, string expected, string found) =>
            new ModelException(DiagnosticCatalog.LabelsMismatch, name, expected, found).In(file);
    }
}
