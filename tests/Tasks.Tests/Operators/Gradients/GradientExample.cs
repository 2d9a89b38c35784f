using System.Collections.Immutable;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Gradients;

/// <summary>A node whose gradient is checked, with its inputs.</summary>
/// <param name="OpType">The operator.</param>
/// <param name="Inputs">The inputs; null where one is omitted. Float32 ones are graph inputs whose gradients are checked, others
/// constants.</param>
/// <param name="Attributes">The node's attributes.</param>
internal sealed record GradientExample(string OpType, Tensor?[] Inputs, params (string Name, object Value)[] Attributes)
{
    /// <summary>The operator's domain.</summary>
    public string Domain { get; init; } = "";

    /// <summary>The number of outputs.</summary>
    public int Outputs { get; init; } = 1;

    /// <summary>Inputs of float32 that are constants, because shapes or the derivative follow from them.</summary>
    public int[] Fixed { get; init; } = [];

    /// <summary>The activation that is fused into the node; null for none.</summary>
    public (float Minimum, float Maximum)? Activation { get; init; }

    /// <summary>The names of the inputs whose gradients are checked.</summary>
    public string[] Variables => [.. Enumerable.Range(0, Inputs.Length).Where(IsVariable).Select(Name)];

    /// <summary>A graph of the node alone.</summary>
    public Graph Graph()
    {
        var node = new Node("node", OpType, [.. Inputs.Select((t, i) => t is null ? "" : Name(i))],
            [.. Enumerable.Range(0, Outputs).Select(i => $"y{i}")]) { Domain = Domain };
        foreach ((string name, object value) in Attributes)
            node = node.With(name, value switch
            {
                int v => new AttributeValue.Int(v),
                float v => new AttributeValue.Float(v),
                string v => new AttributeValue.Text(v),
                long[] v => new AttributeValue.Ints([.. v]),
                float[] v => new AttributeValue.Floats([.. v]),
                string[] v => new AttributeValue.Texts([.. v]),
                Graph v => new AttributeValue.GraphValue(v),
                _ => throw new ArgumentException(name),
            });
        if (Activation is var (minimum, maximum))
            node = node.WithActivation(minimum, maximum);
        Graph graph = ShapeInference.Infer(new()
        {
            Name = "gradient",
            Inputs = [.. Variables],
            Outputs = node.Outputs,
            Nodes = [node],
            Constants = Enumerable.Range(0, Inputs.Length).Where(i => Inputs[i] is not null && !IsVariable(i))
                .ToImmutableSortedDictionary(Name, i => Inputs[i]!, StringComparer.Ordinal),
            Types = Enumerable.Range(0, Inputs.Length).Where(IsVariable)
                .ToImmutableSortedDictionary(Name, i => Inputs[i]!.Type, StringComparer.Ordinal),
        });

        // Places have no gradient.
        return graph with { Outputs = [.. graph.Outputs.Where(o => graph.TypeOf(o).Element == ElementType.Float32)] };
    }

    /// <inheritdoc/>
    public override string ToString() =>
        $"{OpType}({string.Join(", ", Inputs.Select(t => t?.ToString() ?? "-"))}) {string.Join(' ', Attributes.Select(Text))}";

    private static string Text((string Name, object Value) attribute) =>
        $"{attribute.Name}={attribute.Value switch
        {
            Array v => string.Join(',', v.Cast<object>()),
            Graphs.Graph => "…",
            var v => v,
        }}";

    private bool IsVariable(int i) => Inputs[i]?.Element == ElementType.Float32 && !Fixed.Contains(i);

    private static string Name(int input) => $"x{input}";
}
