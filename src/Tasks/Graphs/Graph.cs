using System.Collections.Immutable;
using System.Text;

namespace OptimizerBuild.Graphs;

/// <summary>
/// A model as a directed acyclic graph in static single assignment form: every value has one producer, nodes stand in an order in
/// which every value is produced before it is used, and every value's type is known. Immutable; passes build new graphs, most
/// easily through <see cref="GraphEditor"/>.
/// </summary>
internal sealed record Graph
{
    /// <summary>The graph's name in the model file.</summary>
    public required string Name { get; init; }

    /// <summary>Names of the graph's inputs, in the model's order; constants are not among them.</summary>
    public required ImmutableArray<string> Inputs { get; init; }

    /// <summary>Names of the graph's outputs, in the model's order.</summary>
    public required ImmutableArray<string> Outputs { get; init; }

    /// <summary>The nodes, in an order of execution.</summary>
    public required ImmutableArray<Node> Nodes { get; init; }

    /// <summary>Constant values by name (ONNX initialisers and folded constants).</summary>
    public required ImmutableSortedDictionary<string, Tensor> Constants { get; init; }

    /// <summary>Types of all inputs and node outputs by name. Constants carry their own type.</summary>
    public required ImmutableSortedDictionary<string, TensorType> Types { get; init; }

    /// <summary>The type of any value of the graph.</summary>
    /// <exception cref="KeyNotFoundException">There is no such value, or its type has not been inferred.</exception>
    public TensorType TypeOf(string value) =>
        Constants.TryGetValue(value, out Tensor? constant)
        ? constant.Type
        : Types.TryGetValue(value, out TensorType? type) ? type
        : throw new KeyNotFoundException($"no value '{value}' in graph '{Name}'");

    /// <summary>The constant of that name, or null where the value is not constant.</summary>
    public Tensor? Constant(string value) => Constants.GetValueOrDefault(value);

    /// <summary>Whether the value is constant.</summary>
    public bool IsConstant(string value) => Constants.ContainsKey(value);

    /// <summary>Whether another graph has the same values, nodes and constants under the same names.</summary>
    public bool SameAs(Graph other) => ReferenceEquals(this, other) || (Print() == other.Print()
        && Constants.All(c => c.Value.SameAs(other.Constant(c.Key)))
        && Nodes.Zip(other.Nodes).All(n => n.First.Domain == n.Second.Domain && n.First.Attributes.Count == n.Second.Attributes.Count
            && n.First.Attributes.All(a => AttributeValue.Same(a.Value, n.Second.Attributes.GetValueOrDefault(a.Key)))));

    /// <summary>The whole graph as text, one value or node a line: for tests, logs and comparisons.</summary>
    public string Print()
    {
        var text = new StringBuilder();
        text.Append("graph ").Append(Name).Append('\n');
        foreach (string input in Inputs)
            text.Append("input ").Append(input).Append(": ").Append(TypeOf(input)).Append('\n');
        foreach ((string name, Tensor value) in Constants)
            text.Append("constant ").Append(name).Append(": ").Append(value.Type).Append('\n');
        foreach (Node node in Nodes)
            text.Append(node).Append(": ").AppendJoin(", ", node.Outputs.Where(o => o.Length > 0)
                .Select(o => Types.GetValueOrDefault(o)?.ToString() ?? "?")).Append('\n');
        foreach (string output in Outputs)
            text.Append("output ").Append(output).Append('\n');
        return text.ToString();
    }
}
