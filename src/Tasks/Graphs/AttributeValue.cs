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

    /// <summary>Whether two values say the same, lists and graphs item by item; two absent ones do.</summary>
    public static bool Same(AttributeValue? a, AttributeValue? b) => ReferenceEquals(a, b) || (a, b) switch
    {
        (Int x, Int y) => x.Value == y.Value,
        (Float x, Float y) => BitConverter.SingleToInt32Bits(x.Value) == BitConverter.SingleToInt32Bits(y.Value),
        (Text x, Text y) => x.Value == y.Value,
        (Ints x, Ints y) => x.Values.AsSpan().SequenceEqual(y.Values.AsSpan()),
        (Floats x, Floats y) =>
            x.Values.Select(BitConverter.SingleToInt32Bits).SequenceEqual(y.Values.Select(BitConverter.SingleToInt32Bits)),
        (Texts x, Texts y) => x.Values.AsSpan().SequenceEqual(y.Values.AsSpan()),
        (TensorValue x, TensorValue y) => x.Value.SameAs(y.Value),
        (GraphValue x, GraphValue y) => x.Value.SameAs(y.Value),
        _ => false,
    };
}
