using System.Collections.Immutable;

namespace OptimizerBuild.Graphs;

/// <summary>
/// One application of an operator. Values are referred to by name; the empty name is an omitted optional input or output.
/// </summary>
/// <param name="Name">The node's name, unique in its graph; the ONNX name where the model gives one.</param>
/// <param name="OpType">The operator's type, for example <c>Conv</c>.</param>
/// <param name="Inputs">Names of the input values, in the operator's order.</param>
/// <param name="Outputs">Names of the output values, in the operator's order.</param>
internal sealed record Node(string Name, string OpType, ImmutableArray<string> Inputs, ImmutableArray<string> Outputs)
{
    /// <summary>Names of the input values, in the operator's order.</summary>
    public ImmutableArray<string> Inputs
    {
        get
        {
            NodeReads.Count++;
            return field;
        }
        init;
    } = Inputs;

    /// <summary>
    /// The operator's domain: empty for <c>ai.onnx</c>, <see cref="InternalDomain"/> for operators that only passes create.
    /// </summary>
    public string Domain { get; init; } = "";

    /// <summary>
    /// The name of the node of which this one is a copy; empty for others. Whatever follows from shapes, such as padding, is the same in
    /// both.
    /// </summary>
    public string CopyOf { get; init; } = "";

    /// <summary>The node of the model that it stands for, where it is a copy, else its own name: what users and attributes mean.</summary>
    public string Origin => CopyOf.Length > 0 ? CopyOf : Name;

    /// <summary>The attributes by name.</summary>
    public ImmutableSortedDictionary<string, AttributeValue> Attributes { get; init; } = NoAttributes;

    /// <summary>The domain of operators that no model file contains and only the passes create.</summary>
    public const string InternalDomain = "optimizerbuild";

    private static readonly ImmutableSortedDictionary<string, AttributeValue> NoAttributes =
        ImmutableSortedDictionary.Create<string, AttributeValue>(StringComparer.Ordinal);

    /// <summary>The node with one attribute set.</summary>
    public Node With(string attribute, AttributeValue value) => this with { Attributes = Attributes.SetItem(attribute, value) };

    /// <summary>The node with an integer attribute set.</summary>
    public Node With(string attribute, long value) => With(attribute, new AttributeValue.Int(value));

    /// <summary>The node with an integer-list attribute set.</summary>
    public Node With(string attribute, params ReadOnlySpan<long> values) => With(attribute, new AttributeValue.Ints([.. values]));

    /// <summary>The node without an attribute.</summary>
    public Node Without(string attribute) => this with { Attributes = Attributes.Remove(attribute) };

    /// <summary>Whether an attribute is present.</summary>
    public bool Has(string attribute) => Attributes.ContainsKey(attribute);

    /// <summary>An integer attribute, or its default.</summary>
    public long Int(string attribute, long otherwise) =>
        Attributes.GetValueOrDefault(attribute) is AttributeValue.Int v ? v.Value : otherwise;

    /// <summary>A real attribute, or its default.</summary>
    public float Float(string attribute, float otherwise) =>
        Attributes.GetValueOrDefault(attribute) is AttributeValue.Float v ? v.Value : otherwise;

    /// <summary>A text attribute, or its default.</summary>
    public string Text(string attribute, string otherwise) =>
        Attributes.GetValueOrDefault(attribute) is AttributeValue.Text v ? v.Value : otherwise;

    /// <summary>An integer-list attribute, or null where it is absent.</summary>
    public long[]? Ints(string attribute) => Attributes.GetValueOrDefault(attribute) is AttributeValue.Ints v ? [.. v.Values] : null;

    /// <summary>A text-list attribute, or null where it is absent.</summary>
    public string[]? Texts(string attribute) => Attributes.GetValueOrDefault(attribute) is AttributeValue.Texts v ? [.. v.Values] : null;

    /// <summary>A real-list attribute, or null where it is absent.</summary>
    public float[]? Floats(string attribute) => Attributes.GetValueOrDefault(attribute) is AttributeValue.Floats v ? [.. v.Values] : null;

    /// <summary>A tensor attribute, or null where it is absent.</summary>
    public Tensor? TensorOf(string attribute) =>
        Attributes.GetValueOrDefault(attribute) is AttributeValue.TensorValue v ? v.Value : null;

    /// <summary>A sub-graph attribute, or null where it is absent.</summary>
    public Graph? SubGraph(string attribute) => Attributes.GetValueOrDefault(attribute) is AttributeValue.GraphValue v ? v.Value : null;

    /// <summary>The name of an input, or the empty name where it is omitted or beyond the list.</summary>
    public string Input(int index) => index < Inputs.Length ? Inputs[index] : "";

    /// <summary>Whether an optional input is given.</summary>
    public bool HasInput(int index) => Input(index).Length > 0;

    /// <inheritdoc/>
    public override string ToString() => $"{string.Join(", ", Outputs)} = {OpType}({string.Join(", ", Inputs)}) \"{Name}\"";
}

/// <summary>Counts how often a thread looks at nodes, by which tests see that the work of a build grows as its graph does.</summary>
internal static class NodeReads
{
    /// <summary>How often the calling thread has read the inputs of some node.</summary>
    [ThreadStatic]
    public static long Count;
}
