using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;

namespace OptimizerBuild.Passes;

/// <summary>
/// Makes one FusedElementwise node of every maximal connected group of elementwise nodes that together are a function of one value:
/// GELU in its many forms, x · sigmoid(x), 1 / sqrt(x + ε). Quantised, such a node is a single table look-up.
/// </summary>
internal sealed class ElementwiseFusion : IGraphPass
{
    private const int MaximumNodes = 64;

    /// <inheritdoc/>
    public string Name => nameof(ElementwiseFusion);

    /// <inheritdoc/>
    public Graph Apply(Graph graph)
    {
        var editor = new GraphEditor(graph);
        bool changed = false;
        // From the outputs upwards, so that a group is found at its end and is then as large as it can be.
        foreach (string name in graph.Nodes.Reverse().Select(n => n.Name))
        {
            Node? end = editor.Find(name);
            if (end is null || Group(editor, end) is not { } group)
                continue;
            Node fused = FusedElementwiseOperator.WithBody(
                NodeOperators.New<FusedElementwiseOperator>(end.Name, [group.Input], end.Outputs), Body(editor, group.Nodes, group.Input));
            editor.Replace(end, fused);
            foreach (Node node in group.Nodes)
                if (node.Name != end.Name)
                    editor.Remove(node);
            changed = true;
        }
        return changed ? editor.ToGraph() : graph;
    }

    /// <summary>The node with its body made for another type of input; other nodes as they are.</summary>
    public static Node Retyped(Node node, TensorType type)
    {
        if (FusedElementwiseOperator.BodyOf(node) is not { } body)
            return node;
        return FusedElementwiseOperator.WithBody(node, body with
        {
            Types = body.Types.Keys.ToImmutableSortedDictionary(n => n, _ => type, StringComparer.Ordinal),
        });
    }

    // Grows a group backwards from its last node, always by the node nearest to the end, and remembers the largest group that had
    // one input only. A node may join when the group is all that reads it.
    private static (List<Node> Nodes, string Input)? Group(GraphEditor editor, Node end)
    {
        if (!MayBelong(editor, end))
            return null;
        TensorType type = editor.TypeOf(end.Outputs[0]);
        var members = new List<Node> { end };
        (int Count, string Input)? best = null;
        var names = new HashSet<string>(StringComparer.Ordinal) { end.Name };
        // What members read and no member makes.
        var open = new HashSet<string>(DataInputs(editor, end), StringComparer.Ordinal);
        while (members.Count <= MaximumNodes)
        {
            if (open.Count == 1 && members.Count > 1)
                best = (members.Count, open.First());
            Node? next = open.Select(editor.Producer).Where(p => p is not null && MayBelong(editor, p)
                && editor.TypeOf(p.Outputs[0]) == type
                    && !editor.IsOutput(p.Outputs[0]) && editor.Consumers(p.Outputs[0]).All(c => names.Contains(c.Name)))
                .MaxBy(p => editor.Position(p!));
            if (next is null)
                break;
            members.Add(next);
            names.Add(next.Name);
            open.UnionWith(DataInputs(editor, next));
            open.ExceptWith(next.Outputs);
        }
        if (best is not { } found)
            return null;
        members.RemoveRange(found.Count, members.Count - found.Count);
        return ([.. members.OrderBy(editor.Position)], found.Input);
    }

    private static bool MayBelong(GraphEditor editor, Node node)
    {
        if (Elementwise.StaysApart(node))
            return false;
        if (Elementwise.ArgumentOfFunction(editor, node) is not null)
            return true;
        // Two operands of the group's shape, such as x · sigmoid(x).
        return Elementwise.IsBinary(node) && editor.TypeOf(node.Outputs[0]) is { Element: ElementType.Float32 } type
            && node.Inputs.All(i => editor.Constant(i) is null && editor.TypeOf(i) == type);
    }

    private static IEnumerable<string> DataInputs(GraphEditor editor, Node node) =>
        node.Inputs.Where(i => i.Length > 0 && editor.Constant(i) is null);

    private static Graph Body(GraphEditor editor, List<Node> nodes, string input)
    {
        TensorType type = editor.TypeOf(input);
        var names = new Dictionary<string, string>(StringComparer.Ordinal) { [input] = FusedElementwiseOperator.Input };
        var constants = ImmutableSortedDictionary.CreateBuilder<string, Tensor>(StringComparer.Ordinal);
        var body = ImmutableArray.CreateBuilder<Node>();
        foreach (Node node in nodes)
        {
            if (FusedElementwiseOperator.BodyOf(node) is { } inner)
            {
                Inline(node, inner);
                continue;
            }
            string[] inputs = [.. node.Inputs.Select(i => i.Length == 0 ? "" : names.TryGetValue(i, out string? known) ? known
                : Constant(i))];
            Add(node, inputs, node.Outputs[0]);
        }
        return new Graph
        {
            Name = "body",
            Inputs = [FusedElementwiseOperator.Input],
            Outputs = [names[nodes[^1].Outputs[0]]],
            Nodes = body.ToImmutable(),
            Constants = constants.ToImmutable(),
            Types = body.Select(n => n.Outputs[0]).Append(FusedElementwiseOperator.Input).ToImmutableSortedDictionary(n => n, _ => type,
                StringComparer.Ordinal),
        };

        void Add(Node node, string[] inputs, string output)
        {
            string name = $"v{body.Count}";
            names[output] = name;
            body.Add(node with { Name = name, Inputs = [.. inputs], Outputs = [name] });
        }

        string Constant(string name) => Keep(editor.Constant(name)!);

        string Keep(Tensor value)
        {
            string name = $"c{constants.Count}";
            // As a scalar it broadcasts to whatever layout the node's input gets later.
            constants.Add(name, Tensor.Scalar(value.Values<float>()[0]));
            return name;
        }

        void Inline(Node fused, Graph inner)
        {
            var local = new Dictionary<string, string>(StringComparer.Ordinal) { [inner.Inputs[0]] = names[fused.Input(0)] };
            foreach (Node part in inner.Nodes)
            {
                string[] inputs = [.. part.Inputs.Select(i => i.Length == 0 ? "" : local.TryGetValue(i, out string? known) ? known
                    : Keep(inner.Constant(i)!))];
                Add(part, inputs, fused.Outputs[0]);
                local[part.Outputs[0]] = names[fused.Outputs[0]];
            }
        }
    }
}
