using System.CommandLine;
using OptimizerBuild.Pipeline;
using Spectre.Console;

namespace OptimizerBuild.Tool.Commands;

/// <summary>
/// Prints what a model consists of and how its layers would run, without compressing anything; what is not supported is an error for each
/// node.
/// </summary>
internal sealed class InspectCommand : ModelCommand
{
    private readonly Argument<FileInfo> _model = new Argument<FileInfo>("model") { Description = "The ONNX model" }.AcceptExistingOnly();

    /// <param name="console">Where it writes.</param>
    public InspectCommand(IAnsiConsole console)
        : base("inspect", "Prints inputs, outputs, operators, work and weights of a model, and what each layer would run as.", console) =>
        Add(_model);

    /// <inheritdoc/>
    protected override int Run(ParseResult line, CancellationToken cancellation)
    {
        SurveyedModel survey = ModelSurvey.Of(ItemOptions(line.GetRequiredValue(_model), Metadata(line)), cancellation);
        foreach (string text in survey.Head)
            Output.WriteLine(text);
        var table = new Table { Border = TableBorder.Simple };
        foreach (string title in (string[])["node", "operator", "output"])
            table.AddColumn(title);
        table.AddColumn(new TableColumn("MACs").RightAligned());
        table.AddColumn(new TableColumn("weights").RightAligned());
        table.AddColumn("runs as");
        foreach (SurveyedNode node in survey.Nodes)
            table.AddRow(
                new Text(node.Name), new Text(node.Operator), new Text(node.Output), new Text(node.MacsText), new Text(node.WeightsText),
                new Text(node.Form));
        Output.Write(table);
        return 0;
    }
}
