using OptimizerBuild.Graphs;

namespace OptimizerBuild.Passes;

/// <summary>A pass that looks at one node and its neighbours at a time, from the inputs towards the outputs, until nothing
/// changes.</summary>
internal abstract class LocalRewrite : IGraphPass
{
    // Each rewrite below makes the graph smaller or moves a node in one direction only; the bound turns a mistake into a stop.
    private const int MaximumSweeps = 100;

    /// <inheritdoc/>
    public string Name => GetType().Name;

    /// <inheritdoc/>
    public Graph Apply(Graph graph)
    {
        var editor = new GraphEditor(graph);
        bool changed = false;
        for (int sweep = 0; sweep < MaximumSweeps; sweep++)
        {
            bool again = false;
            foreach (Node node in editor.Nodes)
                if (IsCurrent(editor, node) && TryRewrite(editor, node))
                    again = true;
            if (!again)
                break;
            changed = true;
        }
        return changed ? editor.ToGraph() : graph;
    }

    /// <summary>Rewrites the surroundings of a node. Nodes that are no longer needed are removed at once, so that uses can be
    /// counted.</summary>
    /// <returns>Whether anything was changed.</returns>
    protected abstract bool TryRewrite(GraphEditor editor, Node node);

    // An earlier rewrite of this sweep may have removed or replaced the node.
    private static bool IsCurrent(GraphEditor editor, Node node)
    {
        foreach (string output in node.Outputs)
            if (output.Length > 0)
                return ReferenceEquals(editor.Producer(output), node);
        return false;
    }
}
