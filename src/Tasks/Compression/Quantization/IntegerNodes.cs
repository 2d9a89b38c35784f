using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Data;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Reduction;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>
/// Which nodes of a graph run in integers. Nodes only ever leave the set, each with a reason, until the rules of
/// <see cref="Settle"/> find nothing more to take out.
/// </summary>
internal sealed class IntegerNodes
{
    private readonly QuantizableGraph _graph;
    private readonly Dictionary<string, string> _reasons;

    /// <summary>The reason of nodes before trees.</summary>
    public const string ReadExactly = "trees compare its values with thresholds";

    /// <summary>
    /// Starts with every node that has an integer form; without those that would round what trees read.
    /// </summary>
    public IntegerNodes(QuantizableGraph graph)
        : this(graph, BeforeExactReaders(graph), _ => ReadExactly)
    {
    }

    /// <summary>Starts with every node that has an integer form but for some.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="without">Nodes that are taken out.</param>
    /// <param name="reason">Why each of them is.</param>
    public IntegerNodes(QuantizableGraph graph, IEnumerable<QuantizableNode> without, Func<QuantizableNode, string> reason)
    {
        _graph = graph;
        _reasons = new(StringComparer.Ordinal);
        foreach (QuantizableNode node in graph.Nodes)
            if (node.Form == IntegerForm.None)
                _reasons[node.Node.Name] = node.Obstacle;
        foreach (QuantizableNode node in without)
            Remove(node, reason(node));
    }

    /// <summary>A copy from which more nodes can be taken out.</summary>
    public IntegerNodes(IntegerNodes other)
    {
        _graph = other._graph;
        _reasons = new(other._reasons, StringComparer.Ordinal);
    }

    /// <summary>Whether a node runs in integers.</summary>
    public bool Contains(QuantizableNode node) => !_reasons.ContainsKey(node.Node.Name);

    /// <summary>Why a node runs in float32; empty for an integer node.</summary>
    public string Reason(QuantizableNode node) => _reasons.GetValueOrDefault(node.Node.Name, "");

    /// <summary>Takes a node out.</summary>
    public void Remove(QuantizableNode node, string reason) => _reasons.TryAdd(node.Node.Name, reason);

    /// <summary>Whether an integer node makes a value as integers.</summary>
    public bool Makes(string value) => _graph.Producer(value) is { } producer && Contains(producer)
        && producer.Form != IntegerForm.Recurrent;

    /// <summary>The integer nodes that read a value.</summary>
    public IEnumerable<QuantizableNode> IntegerReaders(string value) =>
        _graph.Readers(value).Where(Contains).Where(n => n.Inputs.Contains(value));

    /// <summary>
    /// Takes out the nodes whose integer form is of no value: cheap elementwise nodes before the first and behind the last integer
    /// dot product, where values are float anyway and float is exact, functions of rows of floats, and islands without any dot product.
    /// </summary>
    public void Settle()
    {
        // Statistics of a row take longer than what is converted around them, and float32 adds no noise.
        foreach (QuantizableNode node in _graph.Nodes)
            if (Contains(node) && node.Node.Is<RowNormalizationOperator>())
                Remove(node, "as fast in float32, and exact");
        int before;
        do
        {
            before = _reasons.Count;
            RemoveLeading();
            RemoveTrailing();
            RemoveRowsOfFloats();
            RemoveIslands();
        }
        while (_reasons.Count > before);
    }

    // Elementwise nodes and concatenations of which all inputs are float, together with the movements between them.
    private void RemoveLeading()
    {
        var leading = new HashSet<QuantizableNode>();
        foreach (QuantizableNode node in _graph.Nodes)
            if (Contains(node) && (IsCheap(node) || node.IsMovement)
                && node.Inputs.All(i => !Makes(i) || leading.Contains(_graph.Producer(i)!)))
                leading.Add(node);
        foreach (QuantizableNode node in _graph.Nodes.Reverse())
            if (leading.Contains(node)
                && (IsCheap(node) || node.Outputs.Any(o => _graph.Readers(o).Any(r => leading.Contains(r) && !Contains(r)))))
                Remove(node, "before the first integer dot product");
    }

    // Softmax of what a float node makes, perhaps moved: there is nothing to gain, and what a mask adds to scores reaches farther than
    // levels that hold the scores.
    private void RemoveRowsOfFloats()
    {
        foreach (QuantizableNode node in _graph.Nodes)
        {
            if (!Contains(node) || node.Form != IntegerForm.FixedPoint)
                continue;
            string value = node.Inputs[0];
            while (Makes(value) && _graph.Producer(value) is { IsMovement: true } movement)
                value = movement.Inputs[0];
            if (!Makes(value))
                Remove(node, "reads what a float node makes");
        }
    }

    // Elementwise nodes and concatenations whose outputs nobody reads in integers. A dot product before them then hands its sums
    // over with 32 bits. Nodes that make much data small (pooling) and functions in fixed point of such sums stay.
    private void RemoveTrailing()
    {
        foreach (QuantizableNode node in _graph.Nodes.Reverse())
        {
            if (!Contains(node) || node.Outputs.Any(o => IntegerReaders(o).Any()))
                continue;
            bool trailing = node.Form switch
            {
                IntegerForm.FixedPoint => !Makes(node.Inputs[0]),
                IntegerForm.Table when node.IsSigmoid => !ComesFromSums(node.Inputs[0]),
                IntegerForm.SameScale => node.IsMovement && !node.IsReshape && ComesFromSums(node.Inputs[0]),
                _ => IsCheap(node),
            };
            if (trailing)
                Remove(node, "behind the last integer dot product");
        }
    }

    /// <summary>
    /// The integer nodes between layers with weights: sets of nodes without weights that hand integers to each other, in the order
    /// of their first nodes.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<QuantizableNode>> Segments()
    {
        ValueGroups segments = Connected(n => !n.HasWeights);
        return [.. _graph.Nodes
            .Where(n => Contains(n) && !n.HasWeights)
            .GroupBy(n => segments.Find(n.Node.Name), StringComparer.Ordinal)
            .Select(g => (IReadOnlyList<QuantizableNode>)[.. g])];
    }

    private ValueGroups Connected(Func<QuantizableNode, bool> among)
    {
        var groups = new ValueGroups();
        foreach (QuantizableNode node in _graph.Nodes.Where(n => Contains(n) && among(n)))
            foreach (string input in node.Inputs)
                if (Makes(input) && _graph.Producer(input) is { } producer && among(producer))
                    groups.Join(node.Node.Name, producer.Node.Name);
        return groups;
    }

    private void RemoveIslands()
    {
        ValueGroups islands = Connected(_ => true);
        var inhabited = _graph.Nodes
            .Where(n => Contains(n) && n.SumsProducts)
            .Select(n => islands.Find(n.Node.Name))
            .ToHashSet(StringComparer.Ordinal);
        foreach (QuantizableNode node in _graph.Nodes)
            if (Contains(node) && !inhabited.Contains(islands.Find(node.Node.Name)))
                Remove(node, "no integer dot product beside it");
    }

    /// <summary>Whether a value holds the 32-bit sums of a dot product, perhaps under another shape.</summary>
    public bool ComesFromSums(string value)
    {
        while (_graph.Producer(value) is { } producer && Contains(producer))
        {
            if (producer.Form is IntegerForm.DotProduct or IntegerForm.Product)
                return producer.HasSums;
            if (!producer.IsReshape || producer.Form != IntegerForm.SameScale)
                return false;
            value = producer.Inputs[0];
        }
        return false;
    }

    /// <summary>
    /// The cheap nodes and movements of which trees read the results, perhaps behind others that hand elements on: levels have no missing
    /// values, and stand for whole intervals, in which thresholds lie.
    /// </summary>
    public static IReadOnlySet<QuantizableNode> BeforeExactReaders(QuantizableGraph graph)
    {
        var exact = new HashSet<QuantizableNode>();
        foreach (QuantizableNode node in graph.Nodes.Reverse())
            if ((IsCheap(node) || node.IsMovement || (node.Form == IntegerForm.None && MissingValues.HandsOn(graph.Graph, node.Node)))
                && node.Node.Outputs.Any(o => graph.Readers(o).Any(r => r.Node.Is<ITakesMissingValues>() || exact.Contains(r))))
                exact.Add(node);
        return exact;
    }

    /// <summary>
    /// Takes out functions of rows whose result integer nodes would read as bytes, where bytes do not hold it: each LogSoftmax, whose
    /// logarithms have an s32 form only, which nothing but shape changes may read, and each Softmax of long rows. Whatever else leaves the
    /// set, those that stay remain right.
    /// </summary>
    public void RemoveReadRows()
    {
        foreach (QuantizableNode node in _graph.Nodes)
        {
            if (!Contains(node) || node.Form != IntegerForm.FixedPoint || !node.Node.Is<AxisFunction>() || IsLast(node))
                continue;
            if (node.Node.Is<LogSoftmaxOperator>())
                Remove(node, "its logarithms would be read as bytes");
            else if (AxisFunction.Length(node.Context) > FixedPointPower.LongestRowOfBytes)
                Remove(node, $"probabilities of more than {FixedPointPower.LongestRowOfBytes} values would be read as bytes");
        }
    }

    /// <summary>Whether only shape changes read what a node makes in integers.</summary>
    public bool IsLast(QuantizableNode node)
    {
        var waiting = new Queue<string>(node.Outputs);
        while (waiting.TryDequeue(out string? value))
            foreach (QuantizableNode reader in IntegerReaders(value))
            {
                if (!reader.IsReshape || reader.Form != IntegerForm.SameScale)
                    return false;
                foreach (string output in reader.Outputs)
                    waiting.Enqueue(output);
            }
        return true;
    }

    private static bool IsCheap(QuantizableNode node) =>
        node.Form == IntegerForm.Table || (node.Form == IntegerForm.Rescale && !node.IsReduction);
}
