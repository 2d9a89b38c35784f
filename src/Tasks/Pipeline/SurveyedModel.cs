using System.Globalization;

namespace OptimizerBuild.Pipeline;

/// <summary>What a model consists of and how it would run.</summary>
/// <param name="Head">Lines about the whole model: its files, inputs, outputs, operators and work.</param>
/// <param name="Nodes">Its nodes after fusion, in order of execution.</param>
internal sealed record SurveyedModel(IReadOnlyList<string> Head, IReadOnlyList<SurveyedNode> Nodes)
{
    /// <summary>Lines of text, those of nodes in columns.</summary>
    public IEnumerable<string> Lines()
    {
        int name = Width(n => n.Title), output = Width(n => n.Output), macs = Width(n => n.MacsText), weights = Width(n => n.WeightsText);
        return Head.Concat(Nodes.Select(n => $"  {n.Title.PadRight(name)}  {n.Output.PadRight(output)}  "
            + $"{n.MacsText.PadLeft(macs)} MACs  {n.WeightsText.PadLeft(weights)} weights  {n.Form}"));
    }

    private int Width(Func<SurveyedNode, string> text) => Nodes.Select(n => text(n).Length).DefaultIfEmpty(0).Max();
}

/// <summary>One node of a model after fusion.</summary>
/// <param name="Name">The node's name.</param>
/// <param name="Operator">Its operator.</param>
/// <param name="Output">The type of its first output.</param>
/// <param name="Macs">Its multiply-accumulates.</param>
/// <param name="Weights">The number of its constant elements.</param>
/// <param name="Form">What it would run as, and why.</param>
internal sealed record SurveyedNode(string Name, string Operator, string Output, long Macs, long Weights, string Form)
{
    /// <summary>Name and operator.</summary>
    public string Title => $"{Name} ({Operator})";

    /// <summary>The multiply-accumulates with separated thousands.</summary>
    public string MacsText => Macs.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>The number of weights with separated thousands.</summary>
    public string WeightsText => Weights.ToString("N0", CultureInfo.InvariantCulture);
}
