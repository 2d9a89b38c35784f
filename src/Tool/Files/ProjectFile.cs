using System.Security;
using System.Text;
using System.Xml;
using System.Xml.Linq;
using OptimizerBuild.Files;

namespace OptimizerBuild.Tool.Files;

/// <summary>A project file, as its author wrote it: what is added leaves the rest as it is, character by character.</summary>
internal sealed class ProjectFile
{
    private const string End = "</Project>";

    private readonly string _text;
    private readonly bool _hasMark;
    private readonly XDocument _document;

    /// <summary>Reads a project.</summary>
    /// <param name="path">Its file.</param>
    /// <exception cref="IOException">It cannot be read, or is no project.</exception>
    public ProjectFile(string path)
    {
        Path = path;
        byte[] bytes = File.ReadAllBytes(path);
        _hasMark = bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble);
        _text = Encoding.UTF8.GetString(bytes.AsSpan(_hasMark ? Encoding.UTF8.Preamble.Length : 0));
        try
        {
            _document = XDocument.Parse(_text);
        }
        catch (XmlException e)
        {
            throw new IOException($"'{path}' is not a project: {e.Message}", e);
        }
        if (_document.Root!.Name.LocalName != "Project" || !_text.Contains(End, StringComparison.Ordinal))
            throw new IOException($"'{path}' is not a project: it has no element Project with content.");
    }

    /// <summary>The project in a folder.</summary>
    /// <exception cref="IOException">There is none, or more than one.</exception>
    public static string In(string folder) => Directory.GetFiles(folder, "*.??proj").Order(StringComparer.Ordinal).ToArray() switch
    {
        [var only] => only,
        [] => throw new IOException($"There is no project in '{folder}'; name one with --project."),
        var several => throw new IOException(
            $"There are several projects in '{folder}' ({string.Join(", ", several.Select(System.IO.Path.GetFileName))}); "
            + "name one with --project."),
    };

    /// <summary>Its file.</summary>
    public string Path { get; }

    /// <summary>Whether the project refers to a package.</summary>
    public bool HasPackage(string name) => Items("PackageReference").Any(i => string.Equals(i, name, StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether the project has a model, as its own file says.</summary>
    /// <param name="include">The path as the item has it.</param>
    public bool HasModel(string include) => Items("CompressedModel").Any(i => i.Replace('\\', '/') == include);

    /// <summary>The file with one more item, in an item group of its own at the end.</summary>
    /// <param name="include">The model's path relative to the project, with forward slashes.</param>
    /// <param name="metadata">The item's metadata.</param>
    /// <returns>The item's text as it stands in the file.</returns>
    public string Add(string include, IEnumerable<KeyValuePair<string, string>> metadata)
    {
        string newLine = _text.Contains("\r\n", StringComparison.Ordinal) ? "\r\n" : "\n";
        var item = new StringBuilder($"    <CompressedModel Include=\"{Attribute(include, "*?;")}\"");
        foreach ((string name, string value) in metadata)
            item.Append(newLine).Append(' ', "    <CompressedModel ".Length)
                .Append(name).Append("=\"").Append(Attribute(value, "")).Append('"');
        item.Append(" />");
        int end = _text.LastIndexOf(End, StringComparison.Ordinal);
        string before = _text[..end].TrimEnd(' ', '\t');
        string group = string.Concat(
            before.EndsWith(newLine + newLine, StringComparison.Ordinal) ? "" : before.EndsWith('\n') ? newLine : newLine + newLine,
            "  <ItemGroup>", newLine, item, newLine, "  </ItemGroup>", newLine, newLine);
        byte[] content = Encoding.UTF8.GetBytes(string.Concat(before, group, _text.AsSpan(end)));
        AtomicFile.Write(Path, _hasMark ? [.. Encoding.UTF8.Preamble, .. content] : content);
        return item.ToString();
    }

    private IEnumerable<string> Items(string type) => _document.Descendants().Where(e => e.Name.LocalName == type)
        .Select(e => (string?)e.Attribute("Include") ?? "");

    // What MSBuild gives a meaning ("MSBuild special characters"), then what XML does.
    private static string Attribute(string value, string further)
    {
        var text = new StringBuilder(value.Length);
        foreach (char c in value)
        {
            if (c is '%' or '$' or '@' || further.Contains(c, StringComparison.Ordinal))
                text.Append('%').Append(Convert.ToHexStringLower([(byte)c]));
            else
                text.Append(c);
        }
        return SecurityElement.Escape(text.ToString());
    }
}
