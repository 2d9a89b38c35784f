using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Control;

namespace OptimizerBuild.Passes;

/// <summary>Rewrites the bodies of control flow with the passes that rewrite the graph around them.</summary>
internal static class SubGraphRewriting
{
    /// <summary>The graph with its bodies rewritten; the same object where it has none or none changes.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="rewrite">What is done to a body.</param>
    public static Graph Apply(Graph graph, Func<Graph, Graph> rewrite)
    {
        Node[] nodes = [.. graph.Nodes.Select(n => Apply(n, rewrite))];
        return nodes.SequenceEqual(graph.Nodes, ReferenceEqualityComparer.Instance) ? graph : graph with { Nodes = [.. nodes] };
    }

    private static Node Apply(Node node, Func<Graph, Graph> rewrite)
    {
        if (OperatorRegistry.Find(node) is not IControlFlow control)
            return node;
        foreach (string attribute in control.Bodies)
            if (node.SubGraph(attribute) is { } body && rewrite(body) is var rewritten && !ReferenceEquals(rewritten, body))
                node = node.With(attribute, new AttributeValue.GraphValue(rewritten));
        return node;
    }
}
