using OptimizerBuild.Graphs;

namespace OptimizerBuild.Data;

/// <summary>Reads a text file (UTF-8) for a model of texts: each line is a sample. Empty lines at the end are none.</summary>
internal static class TextLinesReader
{
    private const int MaximumLine = 1 << 24;
    private const int BytesInMemory = 32;

    /// <summary>Reads a file.</summary>
    /// <param name="reader">The reader with the limits.</param>
    /// <param name="stream">The file.</param>
    /// <param name="limits">How much memory the texts may take.</param>
    public static List<NamedArray> Read(BoundedReader reader, Stream stream, DataLimits limits)
    {
        using var text = new StreamReader(stream);
        var lines = new BoundedLines(text, MaximumLine);
        var samples = new List<string>();
        long bytes = 0;
        while (lines.Next() is { } line)
        {
            if (line.Contains('\0', StringComparison.Ordinal))
                throw reader.Malformed($"line {lines.Number} is no text");
            bytes += BytesInMemory + (2L * line.Length);
            if (bytes > limits.MaximumArrayBytes)
                throw reader.Malformed($"it takes more than the {limits.MaximumArrayBytes} bytes that are read");
            samples.Add(line);
        }
        if (lines.IsTooLong)
            throw reader.Malformed($"line {lines.Number} has more than {MaximumLine} characters");
        while (samples is [.., ""])
            samples.RemoveAt(samples.Count - 1);
        return samples.Count == 0
            ? throw reader.Malformed("it has no lines")
            : [new(CsvTableReader.FeaturesName, Tensor.Of(samples.ToArray(), samples.Count))];
    }
}
