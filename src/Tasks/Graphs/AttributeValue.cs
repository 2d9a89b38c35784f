using System.Collections.Immutable;

namespace OptimizerBuild.Graphs;

/// <summary>The value of a node's attribute: exactly one of the forms that ONNX defines.</summary>
internal abstract record AttributeValue
{
    /// <summary>An integer (INT).</summary>
    public sealed record Int(long Value) : AttributeValue;

    /// <summary>A real number (FLOAT).</summary>
    public sealed record Float(float Value) : AttributeValue;

    /// <summary>A text (STRING).</summary>
    public sealed record Text(string Value) : AttributeValue;

    /// <summary>A list of integers (INTS).</summary>
    public sealed record Ints(ImmutableArray<long> Values) : AttributeValue;

    /// <summary>A list of real numbers (FLOATS).</summary>
    public sealed record Floats(ImmutableArray<float> Values) : AttributeValue;

    /// <summary>A list of texts (STRINGS).</summary>
    public sealed record Texts(ImmutableArray<string> Values) : AttributeValue;

    /// <summary>A tensor (TENSOR).</summary>
    public sealed record TensorValue(Tensor Value) : AttributeValue;

    /// <summary>A sub-graph (GRAPH). It is closed: whatever it reads from around it is an input of its own.</summary>
    public sealed record GraphValue(Graph Value) : AttributeValue;
}
