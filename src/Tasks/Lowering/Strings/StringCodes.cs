using System.Collections.Immutable;
using OptimizerBuild.Compression;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Lowering.Strings;

/// <summary>
/// A model whose strings have become their codes, 32-bit integers: places in a table of all strings that the model holds. What moves,
/// compares or looks up strings does the same with codes, so that such kernels know nothing of strings; those that make strings find
/// them in their workspace.
/// </summary>
/// <param name="Model">The model without strings. Nodes and values have the names they had.</param>
/// <param name="Texts">The strings in the order of their codes; none where the model has no strings.</param>
/// <param name="Kept">Whether other strings get codes for the time of a prediction.</param>
internal sealed record StringCodes(CompressedModel Model, ImmutableArray<string> Texts, bool Kept)
{
    /// <summary>
    /// The string of the code 0, whether the model holds it or not: what ONNX pads with, and what memory holds that nothing has written.
    /// </summary>
    public const string First = "";

    // The generated code holds them as literals.
    private const int Maximum = 1 << 16;

    /// <summary>The codes of a model's strings.</summary>
    /// <exception cref="ModelException">There are more than generated code can hold.</exception>
    public static StringCodes Of(CompressedModel model)
    {
        if (!StringFlow.HasStrings(model.Graph))
            return new(model, [], Kept: false);
        ImmutableArray<string> texts = [First, .. StringFlow.Texts(model.Graph).Remove(First)];
        if (texts.Length > Maximum)
            throw new ModelException(DiagnosticCatalog.ModelTooLarge, "the table of the model's strings",
                $"{texts.Length} strings", Maximum);
        var codes = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i < texts.Length; i++)
            codes.Add(texts[i], i);
        return new(new CompressedModel(Coded(model.Graph, codes), model.Annotations), texts, StringFlow.MustBeKept(model.Graph));
    }

    private static Graph Coded(Graph graph, Dictionary<string, int> codes) => graph with
    {
        Constants = graph.Constants.ToImmutableSortedDictionary(c => c.Key, c => Coded(c.Value, codes), StringComparer.Ordinal),
        Types = graph.Types.ToImmutableSortedDictionary(t => t.Key,
            t => t.Value.Element == ElementType.String ? t.Value.As(ElementType.Int32) : t.Value, StringComparer.Ordinal),
        Nodes = [.. graph.Nodes.Select(n => Coded(n, codes))],
    };

    private static Node Coded(Node node, Dictionary<string, int> codes)
    {
        foreach ((string name, AttributeValue value) in node.Attributes)
        {
            if (value is AttributeValue.TensorValue { Value: { Element: ElementType.String } texts })
                node = node.With(name, new AttributeValue.TensorValue(Coded(texts, codes)));
            else if (value is AttributeValue.GraphValue { Value: var body } && StringFlow.HasStrings(body))
                node = node.With(name, new AttributeValue.GraphValue(Coded(body, codes)));
        }
        return node;
    }

    private static Tensor Coded(Tensor value, Dictionary<string, int> codes) => value.Element == ElementType.String
        ? new Tensor(value.Type.As(ElementType.Int32), Array.ConvertAll(value.Values<string>(), s => codes[s]))
        : value;
}
