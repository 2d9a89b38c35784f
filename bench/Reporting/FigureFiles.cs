using System.CommandLine;
using System.Text.Json;

namespace OptimizerBuild.Bench.Reporting;

/// <summary>The options <c>--json</c> and <c>--markdown</c> of a command: files for its figures.</summary>
internal sealed class FigureFiles
{
    private readonly Option<FileInfo?> _json = new("--json") { Description = "Write the figures to this file as JSON", HelpName = "FILE" };

    private readonly Option<FileInfo?> _markdown =
        new("--markdown") { Description = "Write the figures to this file as a table in Markdown", HelpName = "FILE" };

    /// <summary>Declares the options.</summary>
    public FigureFiles(Command command)
    {
        command.Add(_json);
        command.Add(_markdown);
    }

    /// <summary>Writes the files that the command line names.</summary>
    /// <param name="line">The command line.</param>
    /// <param name="figures">The figures.</param>
    /// <param name="markdown">Makes the document.</param>
    public void Write<TFigures>(ParseResult line, TFigures figures, Func<TFigures, string> markdown)
    {
        if (line.GetValue(_json) is { } json)
            File.WriteAllText(json.FullName, JsonSerializer.Serialize(figures, Json.Format) + "\n");
        if (line.GetValue(_markdown) is { } document)
            File.WriteAllText(document.FullName, markdown(figures));
    }
}
