using OptimizerBuild.Diagnostics;
using OptimizerBuild.Onnx.Schema;

namespace OptimizerBuild.Onnx;

/// <summary>Brings nodes into an order of execution. ONNX demands one, but not every file keeps to it.</summary>
internal static class NodeOrder
{
    /// <summary>
    /// The nodes sorted topologically (Kahn, "Topological sorting of large networks", 1962); among those that are ready, the one
    /// that stands first in the file goes first, so that a sorted file stays as it is.
    /// </summary>
    /// <exception cref="ModelException">A value has two producers, or the nodes form a cycle.</exception>
    public static List<NodeProto> Sort(IReadOnlyList<NodeProto> nodes)
    {
        var producers = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i < nodes.Count; i++)
            foreach (string output in nodes[i].Output)
                if (output.Length > 0 && !producers.TryAdd(output, i))
                    throw Invalid(nodes[i], $"it produces '{output}', which another node produces, too");

        var dependants = new List<int>?[nodes.Count];
        var missing = new int[nodes.Count];
        for (int i = 0; i < nodes.Count; i++)
        {
            foreach (string input in Reads(nodes[i]).Distinct(StringComparer.Ordinal))
            {
                if (!producers.TryGetValue(input, out int producer))
                    continue;
                (dependants[producer] ??= []).Add(i);
                missing[i]++;
            }
        }

        var ready = new PriorityQueue<int, int>(Enumerable.Range(0, nodes.Count).Where(i => missing[i] == 0).Select(i => (i, i)));
        var sorted = new List<NodeProto>(nodes.Count);
        while (ready.TryDequeue(out int index, out _))
        {
            sorted.Add(nodes[index]);
            foreach (int next in dependants[index] ?? [])
                if (--missing[next] == 0)
                    ready.Enqueue(next, next);
        }
        if (sorted.Count < nodes.Count)
            throw Invalid(nodes[Array.FindIndex(missing, m => m > 0)], "it is part of a cycle or behind one");
        return sorted;
    }

    // Inputs and whatever the sub-graphs read from around them.
    private static IEnumerable<string> Reads(NodeProto node)
    {
        foreach (string input in node.Input)
            if (input.Length > 0)
                yield return input;
        foreach (AttributeProto attribute in node.Attribute)
            foreach (GraphProto inner in attribute.G is { } single ? [single, .. attribute.Graphs] : attribute.Graphs.AsEnumerable())
                foreach (string name in FreeNames(inner))
                    yield return name;
    }

    private static IEnumerable<string> FreeNames(GraphProto graph)
    {
        var own = new HashSet<string>(
            graph.Node.SelectMany(n => n.Output).Concat(graph.Input.Select(i => i.Name)).Concat(graph.Initializer.Select(i => i.Name)),
            StringComparer.Ordinal);
        return graph.Node.SelectMany(Reads).Concat(graph.Output.Select(o => o.Name)).Where(n => !own.Contains(n));
    }

    private static ModelException Invalid(NodeProto node, string reason) =>
        new(DiagnosticCatalog.InvalidNode, node.Name.Length > 0 ? node.Name : string.Join(",", node.Output), node.OpType, reason);
}
