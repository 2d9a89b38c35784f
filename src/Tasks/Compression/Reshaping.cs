using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression;

/// <summary>
/// What becomes of a compressed model when its inputs have other shapes. The model has been imported with the main shapes and with the
/// other ones, and both graphs have been through the passes: constants and attributes in which they differ follow from the shapes,
/// everything else (what techniques did to weights, their annotations) is the compressed model's.
/// </summary>
internal sealed class Reshaping
{
    private readonly Graph _main;
    private readonly Graph _other;
    private readonly string _shapes;
    private readonly Dictionary<string, Node> _mainNodes;
    private readonly Dictionary<string, Node> _otherNodes;

    /// <summary>Compares two graphs of one model.</summary>
    /// <param name="main">The graph under the main shapes, after the passes.</param>
    /// <param name="other">The graph under the other shapes, after the passes.</param>
    /// <param name="shapes">The other shapes, for messages.</param>
    public Reshaping(Graph main, Graph other, string shapes)
    {
        _main = main;
        _other = other;
        _shapes = shapes;
        _mainNodes = main.Nodes.ToDictionary(n => n.Name, StringComparer.Ordinal);
        _otherNodes = other.Nodes.ToDictionary(n => n.Name, StringComparer.Ordinal);
        Difference = FindDifference();
    }

    /// <summary>
    /// What the graphs differ in beyond constants and attributes, in words; empty where they have the same nodes between the same values.
    /// </summary>
    public string Difference { get; }

    /// <summary>The error of shapes that cannot share the main shapes' decisions.</summary>
    /// <param name="reason">Why not.</param>
    public ModelException Error(string reason) => new(DiagnosticCatalog.ShapesNeedAnotherModel, _shapes, reason);

    /// <summary>The compressed model under the other shapes.</summary>
    /// <param name="model">The main graph after the compression techniques.</param>
    /// <exception cref="ModelException">
    /// The graphs differ in their nodes, or a technique decided something that does not hold for the other shapes.
    /// </exception>
    public CompressedModel Apply(CompressedModel model)
    {
        // Other nodes are of no harm where nothing has been decided about the main ones.
        Graph graph = Difference.Length == 0 ? Infer(Edited(model.Graph), model.Graph)
            : ReferenceEquals(model.Graph, _main) ? _other : throw Error(Difference);
        var annotations = new List<IModelAnnotation>();
        foreach (IModelAnnotation annotation in model.Annotations)
            annotations.Add(annotation.Reshaped(model.Graph, graph, out string obstacle)
                ?? throw Error(Difference.Length > 0 ? Difference : obstacle));
        return new(graph, [.. annotations]);
    }

    private string FindDifference()
    {
        if (!_main.Inputs.SequenceEqual(_other.Inputs) || !_main.Outputs.SequenceEqual(_other.Outputs))
            return "the model has other inputs or outputs with them";
        foreach (Node node in _main.Nodes)
        {
            if (!_otherNodes.TryGetValue(node.Name, out Node? other))
                return $"node '{node.Name}' ({node.OpType}) is not needed with them";
            if (node.OpType != other.OpType || node.Domain != other.Domain)
                return $"node '{node.Name}' is {other.OpType} instead of {node.OpType} with them";
            if (!node.Outputs.SequenceEqual(other.Outputs) || node.Inputs.Length != other.Inputs.Length)
                return $"node '{node.Name}' ({node.OpType}) has other inputs or outputs with them";
            for (int i = 0; i < node.Inputs.Length; i++)
                if (_main.IsConstant(node.Inputs[i]) != _other.IsConstant(other.Inputs[i])
                    || (!_main.IsConstant(node.Inputs[i]) && node.Inputs[i] != other.Inputs[i]))
                    return $"node '{node.Name}' ({node.OpType}) reads '{other.Inputs[i]}' instead of '{node.Inputs[i]}' with them";
        }
        Node? added = _other.Nodes.FirstOrDefault(n => !_mainNodes.ContainsKey(n.Name));
        return added is null ? "" : $"node '{added.Name}' ({added.OpType}) is needed with them";
    }

    // The compressed graph with what follows from the shapes; types are those of the main shapes still, but for the inputs.
    private Graph Edited(Graph compressed)
    {
        var editor = new GraphEditor(compressed);
        foreach (string input in compressed.Inputs)
            editor.SetType(input, _other.TypeOf(input));
        string[] changedOutputs = [.. compressed.Outputs.Where(o => ChangedOutput(compressed, o))];
        var added = new Dictionary<(string Own, string Main, string Other), string>();
        foreach (Node node in compressed.Nodes)
        {
            string origin = node.Origin;
            if (!_mainNodes.TryGetValue(origin, out Node? main) || main.OpType != node.OpType)
                continue;
            Node reshaped = WithConstants(WithAttributes(node, main, _otherNodes[origin]), main, _otherNodes[origin]);
            for (int i = 0; i < reshaped.Inputs.Length; i++)
                if (changedOutputs.Contains(reshaped.Inputs[i], StringComparer.Ordinal))
                    reshaped = reshaped with
                    {
                        Inputs = reshaped.Inputs.SetItem(i, editor.AddConstant(reshaped.Inputs[i], editor.Constant(reshaped.Inputs[i])!)),
                    };
            if (!ReferenceEquals(reshaped, node))
                editor.Replace(node, reshaped);
        }
        foreach (string output in changedOutputs)
            editor.SetConstant(output, _other.Constants[output]);
        return editor.ToGraph();

        Node WithConstants(Node node, Node main, Node other)
        {
            for (int i = 0; i < main.Inputs.Length; i++)
            {
                if (_main.Constant(main.Inputs[i]) is not { } before || before.SameAs(_other.Constant(other.Inputs[i])))
                    continue;
                string own = node.Input(i);
                Tensor after = _other.Constants[other.Inputs[i]];
                Tensor merged = before.SameAs(compressed.Constant(own)) ? after
                    : MergedShape(before, after, compressed.Constant(own)) ?? throw Changed(node, $"the constant '{main.Inputs[i]}'");
                if (!added.TryGetValue((own, main.Inputs[i], other.Inputs[i]), out string? name))
                    added[(own, main.Inputs[i], other.Inputs[i])] = name = editor.AddConstant(own, merged);
                node = node with { Inputs = node.Inputs.SetItem(i, name) };
            }
            return node;
        }
    }

    private Node WithAttributes(Node node, Node main, Node other)
    {
        foreach (string name in main.Attributes.Keys.Union(other.Attributes.Keys, StringComparer.Ordinal))
        {
            AttributeValue? before = main.Attributes.GetValueOrDefault(name), after = other.Attributes.GetValueOrDefault(name);
            if (AttributeValue.Same(before, after))
                continue;
            AttributeValue? own = node.Attributes.GetValueOrDefault(name);
            if (!AttributeValue.Same(own, before))
                after = MergedGraph(before, after, own) ?? throw Changed(node, $"the attribute '{name}'");
            node = after is null ? node.Without(name) : node.With(name, after);
        }
        return node;
    }

    // A graph that differs under the other shapes in the types of its values alone, and may have been changed in everything else.
    private static AttributeValue.GraphValue? MergedGraph(AttributeValue? main, AttributeValue? other, AttributeValue? own)
    {
        if (main is not AttributeValue.GraphValue { Value: var before } || other is not AttributeValue.GraphValue { Value: var after }
            || own is not AttributeValue.GraphValue { Value: var changed } || !changed.Inputs.SequenceEqual(before.Inputs)
            || !(before with { Types = after.Types }).SameAs(after))
            return null;
        Graph merged = changed;
        foreach (string input in changed.Inputs)
        {
            (TensorType a, TensorType b, TensorType c) = (before.TypeOf(input), after.TypeOf(input), changed.TypeOf(input));
            if (a.Element != b.Element || a.Rank != b.Rank || a.Rank != c.Rank
                || Merged([.. a.Dimensions.Select(d => (long)d)], [.. b.Dimensions.Select(d => (long)d)],
                    [.. c.Dimensions.Select(d => (long)d)]) is not { } dimensions)
                return null;
            merged = merged with { Types = merged.Types.SetItem(input, TensorType.Of(c.Element, [.. dimensions.Select(d => (int)d)])) };
        }
        return new(ShapeInference.Infer(merged));
    }

    // A list of numbers of places, such as a shape or the ends of a slice.
    private static Tensor? MergedShape(Tensor main, Tensor other, Tensor? own) =>
        main is { Element: ElementType.Int64, Rank: 1 } && main.Type == other.Type && main.Type == own?.Type
            && Merged(main.ToInt64(), other.ToInt64(), own.ToInt64()) is { } entries ? Tensor.Of(entries, entries.Length) : null;

    // Entry by entry what the other shapes have changed, or else what compression has; null where both have changed one.
    private static long[]? Merged(long[] main, long[] other, long[] own)
    {
        var merged = new long[main.Length];
        for (int i = 0; i < merged.Length; i++)
        {
            if (main[i] != other[i] && main[i] != own[i])
                return null;
            merged[i] = main[i] != other[i] ? other[i] : own[i];
        }
        return merged;
    }

    // An output that is a constant, and another one under the other shapes.
    private bool ChangedOutput(Graph compressed, string output)
    {
        if (_main.Constant(output) is not { } before || before.SameAs(_other.Constant(output)))
            return false;
        if (!before.SameAs(compressed.Constant(output)) || !_other.IsConstant(output))
            throw Error($"the output '{output}' is constant and has been changed by compression");
        return true;
    }

    private ModelException Changed(Node node, string what) =>
        Error($"{what} of node '{node.Name}' ({node.OpType}) follows from the shapes and has been changed by compression");

    // A value that a technique has given another type has no counterpart in the graph that was imported.
    private Graph Infer(Graph edited, Graph compressed)
    {
        Graph graph = ShapeInference.Infer(edited);
        foreach ((string value, TensorType type) in graph.Types)
            if (_other.Types.TryGetValue(value, out TensorType? expected) && expected != type
                && compressed.Types.GetValueOrDefault(value) == _main.Types.GetValueOrDefault(value))
                throw Error($"the value '{value}' would be {type} instead of {expected}");
        return graph;
    }
}
