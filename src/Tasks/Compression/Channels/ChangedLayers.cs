using OptimizerBuild.Graphs;

namespace OptimizerBuild.Compression.Channels;

/// <summary>The layers that a change of a model's channels concerns.</summary>
internal static class ChangedLayers
{
    /// <summary>Layers that both models have, in order of execution, whose inputs have changed or that have changed themselves.</summary>
    /// <param name="original">The model.</param>
    /// <param name="changed">The model after the change; nodes have the names that they had, others are new.</param>
    /// <param name="own">Whether layers count that have changed themselves but read what they read before.</param>
    public static IEnumerable<string> Of(Graph original, Graph changed, bool own)
    {
        Dictionary<string, Node> before = original.Nodes.ToDictionary(n => n.Name, StringComparer.Ordinal);
        var values = new HashSet<string>(StringComparer.Ordinal);
        foreach (Node node in changed.Nodes)
        {
            if (!before.TryGetValue(node.Name, out Node? old))
            {
                // What a node that has been put in gives was not there before.
                values.UnionWith(node.Outputs);
                continue;
            }
            bool reads = node.Inputs.Any(values.Contains);
            bool itself = node.Inputs.Where((name, i) => changed.Constant(name) is { } now && !now.SameAs(original.Constant(old.Input(i))))
                .Any();
            if (!reads && !itself)
                continue;
            values.UnionWith(node.Outputs);
            if ((values.Contains(node.Input(0)) || (own && itself)) && LayerMatrix.Of(changed, node) is { Rows: > 0 } layer
                && LayerMatrix.Of(original, old) is { } whole && whole.Rows == layer.Rows)
                yield return node.Name;
        }
    }
}
