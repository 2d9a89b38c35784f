using System.Collections.Immutable;
using OptimizerBuild.Compression.Quantization.Outliers;
using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Reduction;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>A float graph with what quantisation needs to know of each node and of who makes and reads each value.</summary>
internal sealed class QuantizableGraph
{
    private readonly Dictionary<string, QuantizableNode> _producers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<QuantizableNode>> _readers = new(StringComparer.Ordinal);
    private readonly HashSet<string> _outputs;
    private readonly Lazy<HashSet<string>> _outer;

    /// <summary>Examines a graph.</summary>
    public QuantizableGraph(Graph graph)
    {
        Graph = graph;
        Nodes = [.. graph.Nodes.Select(n => QuantizableNode.Of(graph, n))];
        _outputs = graph.Outputs.ToHashSet(StringComparer.Ordinal);
        _outer = new(FindOuter);
        foreach (QuantizableNode node in Nodes)
        {
            foreach (string output in node.Node.Outputs)
                _producers[output] = node;
            foreach (string input in node.Node.Inputs.Distinct(StringComparer.Ordinal))
            {
                if (!_readers.TryGetValue(input, out List<QuantizableNode>? list))
                    _readers[input] = list = [];
                list.Add(node);
            }
        }
    }

    /// <summary>The graph.</summary>
    public Graph Graph { get; }

    /// <summary>Its nodes, in an order of execution.</summary>
    public ImmutableArray<QuantizableNode> Nodes { get; }

    /// <summary>The products of one evaluation.</summary>
    public long MultiplyAccumulates => Nodes.Sum(n => n.MultiplyAccumulates);

    /// <summary>The work of one evaluation of all nodes.</summary>
    public long Work => Nodes.Sum(n => n.Work);

    /// <summary>The node that makes a value; null for inputs of the graph.</summary>
    public QuantizableNode? Producer(string value) => _producers.GetValueOrDefault(value);

    /// <summary>The nodes that read a value.</summary>
    public IReadOnlyList<QuantizableNode> Readers(string value) => _readers.TryGetValue(value, out List<QuantizableNode>? list) ? list : [];

    /// <summary>Whether a value is an output of the graph.</summary>
    public bool IsOutput(string value) => _outputs.Contains(value);

    /// <summary>
    /// Whether a value is never negative, whatever the inputs are: what is bounded by a fused activation, also divided by its extent,
    /// moved, selected or averaged.
    /// </summary>
    public bool IsNonNegative(string value)
    {
        while (Producer(value) is { } producer)
        {
            if (producer.ActivationBounds.Minimum >= 0)
                return true;
            if (!DynamicRange.IsDivided(producer.Node) && producer.Form != IntegerForm.SameScale && !producer.IsReduction)
                return false;
            value = producer.Node.Inputs[0];
        }
        return false;
    }

    /// <summary>Whether nothing but Softmax reads a value: only what lies near the greatest of a row counts.</summary>
    public bool IsScores(string value) => !IsOutput(value) && Readers(value) is { Count: > 0 } readers
        && readers.All(r => r.Form == IntegerForm.FixedPoint && r.Node.Is<SoftmaxOperator>());

    /// <summary>Whether a layer has a part in a value: a node that sums products.</summary>
    public bool ComesFromLayer(string value)
    {
        var waiting = new Stack<string>([value]);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (waiting.TryPop(out string? next))
        {
            if (!seen.Add(next) || Producer(next) is not { } producer)
                continue;
            if (producer.MultiplyAccumulates > 0)
                return true;
            foreach (string input in producer.Node.Inputs)
                waiting.Push(input);
        }
        return false;
    }

    /// <summary>Whether a layer is a first or a last one: none has a part in what it reads, or none reads what follows from it.</summary>
    public bool IsOuter(QuantizableNode layer) => _outer.Value.Contains(layer.Node.Name);

    private HashSet<string> FindOuter()
    {
        HashSet<string> outer = new(StringComparer.Ordinal), behind = new(StringComparer.Ordinal), before = new(StringComparer.Ordinal);
        foreach (QuantizableNode node in Nodes)
        {
            bool follows = node.Node.Inputs.Any(behind.Contains);
            if (node.MultiplyAccumulates > 0 && !follows)
                outer.Add(node.Node.Name);
            if (node.MultiplyAccumulates > 0 || follows)
                behind.UnionWith(node.Node.Outputs.Where(o => o.Length > 0));
        }
        foreach (QuantizableNode node in Nodes.Reverse())
        {
            bool leads = node.Node.Outputs.Any(before.Contains);
            if (node.MultiplyAccumulates > 0 && !leads)
                outer.Add(node.Node.Name);
            if (node.MultiplyAccumulates > 0 || leads)
                before.UnionWith(node.Node.Inputs.Where(i => i.Length > 0));
        }
        return outer;
    }

    /// <summary>All values that the integer form of some node would read or make.</summary>
    public IReadOnlySet<string> Candidates => Nodes.SelectMany(n => n.Inputs.Concat(n.Outputs)).ToHashSet(StringComparer.Ordinal);

    /// <summary>Whether some node multiplies activations with each other in integers.</summary>
    public bool HasProducts => Nodes.Any(n => n.Form == IntegerForm.Product);

    /// <summary>The dot products with the value each reads.</summary>
    public IReadOnlyList<(string Input, DotProductLayer Layer)> Layers =>
        [.. Nodes.Where(n => n.Form == IntegerForm.DotProduct).Select(n => (n.Node.Inputs[0], n.Layer!))];
}
