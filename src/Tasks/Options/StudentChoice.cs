using System.Collections.Immutable;
using System.Globalization;

namespace OptimizerBuild.Options;

/// <summary>Which smaller model is trained in the place of an item's: one of a share of its channels or of its residual blocks, or that of
/// a file.</summary>
/// <param name="Width">The share of the channels of each layer, 0.05 to 0.95; null for another student.</param>
/// <param name="Path">Full path of the student's file; null for another student.</param>
internal sealed record StudentChoice(double? Width, string? Path)
{
    private const double LeastWidth = 0.05;
    private const double GreatestWidth = 0.95;
    private const string OfDepth = "x depth";

    /// <summary>The share of the residual blocks, 0.05 to 0.95; null for another student.</summary>
    public double? Depth { get; init; }

    /// <summary>Reads <c>0.25x</c>, <c>0.5x depth</c> or the path of an .onnx file; null for anything else.</summary>
    /// <param name="text">The text.</param>
    /// <param name="folder">The folder that paths are relative to.</param>
    public static StudentChoice? Parse(string text, string folder) =>
        text.EndsWith(OfDepth, StringComparison.Ordinal)
            ? Share(text[..^OfDepth.Length]) is { } depth ? new(null, null) { Depth = depth } : null
            : text.EndsWith('x') && !text.EndsWith(ModelExtension, StringComparison.OrdinalIgnoreCase)
            ? Share(text[..^1]) is { } width ? new(width, null) : null
            : ModelFile(text, folder) is { } path ? new(null, path) : null;

    /// <summary>Reads paths of .onnx files, separated by semicolons; null where there are none or one is something else.</summary>
    /// <param name="text">The text.</param>
    /// <param name="folder">The folder that paths are relative to.</param>
    public static ImmutableArray<string>? ModelFiles(string text, string folder)
    {
        string?[] paths = [.. text.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(p => ModelFile(p, folder))];
        return paths.Length == 0 || paths.Contains(null) ? null : [.. paths!];
    }

    /// <summary>As the item says it, but for folders.</summary>
    public override string ToString() => Path is not null ? System.IO.Path.GetFileName(Path)
        : Depth is { } depth ? depth.ToString("R", CultureInfo.InvariantCulture) + OfDepth
        : Width!.Value.ToString("R", CultureInfo.InvariantCulture) + "x";

    private static double? Share(string text) => MetadataValues.Number(text, LeastWidth, GreatestWidth);

    private const string ModelExtension = ".onnx";

    private static string? ModelFile(string text, string folder) =>
        MetadataValues.Path(text) && text.EndsWith(ModelExtension, StringComparison.OrdinalIgnoreCase)
            ? System.IO.Path.GetFullPath(text.Replace('\\', '/'), folder) : null;
}
