using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;
using OptimizerBuild.Operators.Movement;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Compression.Students;

/// <summary>
/// Layers beside a shortcut, y = s(x) + f(x) (K. He et al. 2016, arXiv 1512.03385, section 3.2): without f the model is still one of the
/// same types, and often not far from what it was (A. Veit, M. Wilber and S. Belongie 2016, arXiv 1605.06431, section 4.1).
/// </summary>
/// <param name="Sum">The name of the node that adds both.</param>
/// <param name="Shortcut">The value s(x), which takes the sum's place.</param>
/// <param name="Nodes">The names of the nodes of f, which nothing else reads.</param>
/// <param name="MultiplyAccumulates">The work of f.</param>
internal sealed record ResidualBlock(string Sum, string Shortcut, ImmutableArray<string> Nodes, long MultiplyAccumulates)
{
    /// <summary>The blocks of a graph that have layers, in its order. Of two sides that both could go the one with more work is the
    /// block.</summary>
    /// <param name="graph">The graph, whose nodes are in order of execution.</param>
    public static ImmutableArray<ResidualBlock> Of(Graph graph)
    {
        GraphIndex index = GraphIndex.Of(graph);
        return
        [
            .. graph.Nodes.Where(n => n.Is<AddOperator>() && n.Inputs.Length == 2 && n.Inputs[0] != n.Inputs[1])
                .Select(sum => Enumerable.Range(0, 2).Select(i => Beside(graph, index, sum, i)).OfType<ResidualBlock>()
                    .MaxBy(b => b.MultiplyAccumulates))
                .OfType<ResidualBlock>(),
        ];
    }

    /// <summary>A graph without some of its blocks.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="blocks">Blocks of it.</param>
    /// <returns>The graph, to be normalised.</returns>
    public static Graph Without(Graph graph, IReadOnlyCollection<ResidualBlock> blocks)
    {
        Dictionary<string, ResidualBlock> gone = blocks.ToDictionary(b => b.Sum, StringComparer.Ordinal);
        var constants = graph.Constants.ToBuilder();
        Graph changed = graph with
        {
            Nodes = [.. graph.Nodes.Select(n => gone.TryGetValue(n.Name, out ResidualBlock? block) ? Passed(n, block.Shortcut) : n)],
        };
        return new DeadCodeRemoval().Apply(changed with { Constants = constants.ToImmutable() });

        // The shortcut alone, with the activation that is part of the sum.
        Node Passed(Node sum, string value)
        {
            string name = sum.Name + "/shortcut";
            (float minimum, float maximum) = sum.ActivationBounds();
            if (!sum.HasActivation())
                return NodeOperators.New<IdentityOperator>(name, [value], sum.Outputs);
            return minimum == 0 && float.IsPositiveInfinity(maximum) ? NodeOperators.New<ReluOperator>(name, [value], sum.Outputs)
                : NodeOperators.New<ClipOperator>(name, [value, Bound("min", minimum), Bound("max", maximum)], sum.Outputs);

            string Bound(string bound, float limit)
            {
                if (float.IsInfinity(limit))
                    return "";
                constants[$"{name}/{bound}"] = Tensor.Scalar(limit);
                return $"{name}/{bound}";
            }
        }
    }

    // The block whose result is an input of a sum; null where it is none: what it begins with has to be among what the other side is made
    // of.
    private static ResidualBlock? Beside(Graph graph, GraphIndex index, Node sum, int input)
    {
        (string result, string shortcut) = (sum.Inputs[input], sum.Inputs[1 - input]);
        if (graph.IsConstant(shortcut) || graph.TypeOf(shortcut) != graph.TypeOf(sum.Outputs[0])
            || graph.TypeOf(result) != graph.TypeOf(shortcut))
            return null;
        var inside = new HashSet<Node>();
        for (int n = graph.Nodes.IndexOf(sum) - 1; n >= 0; n--)
        {
            Node node = graph.Nodes[n];
            if (node.Outputs.All(o => o.Length == 0 || (!index.IsOutput(o)
                && index.Readers(o).All(r => inside.Contains(r) || (ReferenceEquals(r, sum) && o == result))))
                && node.Outputs.Any(o => o.Length > 0 && index.Readers(o).Count > 0))
                inside.Add(node);
        }
        string[] begins = [.. inside.SelectMany(n => n.Inputs).Where(i => i.Length > 0 && !graph.IsConstant(i)
            && !(index.Producer(i) is { } producer && inside.Contains(producer))).Distinct()];
        HashSet<string> before = Before(index, shortcut);
        if (!inside.Any(n => n.Is<IDotProduct>()) || begins.Length == 0 || !begins.All(before.Contains))
            return null;
        return new(sum.Name, shortcut, [.. graph.Nodes.Where(inside.Contains).Select(n => n.Name)],
            inside.Sum(n => OperatorRegistry.Of(n).MultiplyAccumulates(OperatorContext.Of(graph, n))));
    }

    // The value with all that it is computed from.
    private static HashSet<string> Before(GraphIndex index, string value)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<string>([value]);
        while (open.TryPop(out string? next))
            if (next.Length > 0 && found.Add(next))
                foreach (string input in index.Producer(next)?.Inputs ?? [])
                    open.Push(input);
        return found;
    }
}
