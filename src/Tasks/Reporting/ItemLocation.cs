using System.Globalization;
using System.IO.Enumeration;
using System.Xml;
using Microsoft.Build.Framework;
using OptimizerBuild.Files;

namespace OptimizerBuild.Reporting;

/// <summary>
/// Where an item stands in the user's project: what diagnostics point at, since that is what the user has to change. MSBuild tells a task
/// the file of an item and no line, so the line is found by reading the file again.
/// </summary>
/// <param name="File">Full path of the project, or of the file that it imports; empty where nobody knows.</param>
/// <param name="Line">The line of the element, from 1; 0 where it is not found.</param>
/// <param name="Column">The column, from 1; 0 where it is not found.</param>
internal sealed record ItemLocation(string File, int Line, int Column)
{
    private const string Element = "CompressedModel";

    // Longer projects exist nowhere; a file that is no project might be of any length.
    private const long LongestProject = 16 << 20;

    /// <summary>The project as a whole.</summary>
    public static ItemLocation OfProject(string project) => new(project, 0, 0);

    /// <summary>The element from which an item comes.</summary>
    /// <param name="item">The item as the project has it.</param>
    /// <param name="project">Full path of the project, for items that do not know their file.</param>
    public static ItemLocation Of(ITaskItem item, string project)
    {
        string file = item.GetMetadata("DefiningProjectFullPath");
        if (file.Length == 0)
            file = project;
        var best = (Score: 0, Line: 0, Column: 0);
        try
        {
            using FileStream stream = UserFile.Open(file, LongestProject);
            using var reader = XmlReader.Create(stream, new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore, XmlResolver = null });
            var place = (IXmlLineInfo)reader;
            while (reader.Read())
            {
                if (reader.NodeType != XmlNodeType.Element || reader.LocalName != Element)
                    continue;
                int score = Score(reader, item);
                if (score > best.Score)
                    best = (score, place.LineNumber, Math.Max(place.LinePosition - 1, 1));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or XmlException or ArgumentException
            or NotSupportedException)
        {
            // A place is a convenience; the message is not lost for want of it.
        }
        return new(file, best.Line, best.Column);
    }

    /// <summary>The text form that travels through the targets as a metadata.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Line},{Column},{File}");

    /// <summary>Reads the text form; a project as a whole where it is none.</summary>
    public static ItemLocation Parse(string text, string project) =>
        text.Split(',', 3) is [var line, var column, { Length: > 0 } file]
            && int.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out int l)
            && int.TryParse(column, NumberStyles.None, CultureInfo.InvariantCulture, out int c)
                ? new(file, l, c) : OfProject(project);

    // How well an element fits: the very path, a pattern, or something that is only known after evaluation; and how many of its other
    // attributes the item has.
    private static int Score(XmlReader element, ITaskItem item)
    {
        string include = element.GetAttribute("Include") ?? element.GetAttribute("Update") ?? "";
        string spec = Portable(item.ItemSpec);
        int score = 0;
        foreach (string part in include.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            score = Math.Max(score, string.Equals(Portable(part), spec, StringComparison.OrdinalIgnoreCase) ? 3
                : Depends(part) ? 1
                : part.Contains('*') && FileSystemName.MatchesSimpleExpression(Path.GetFileName(Portable(part)), Path.GetFileName(spec)) ? 2
                : 0);
        if (score == 0)
            return 0;
        score *= 100;
        for (bool found = element.MoveToFirstAttribute(); found; found = element.MoveToNextAttribute())
            if (element.LocalName is not ("Include" or "Update" or "Exclude" or "Condition") && !Depends(element.Value))
                score += item.GetMetadata(element.LocalName) == element.Value ? 1 : -1;
        element.MoveToElement();
        return score;
    }

    private static bool Depends(string value) => value.Contains('$') || value.Contains('@') || value.Contains('%');

    private static string Portable(string path) => path.Replace('\\', '/');
}
