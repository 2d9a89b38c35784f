using OptimizerBuild.Graphs;

namespace OptimizerBuild.Passes;

/// <summary>Drops nodes, constants and types that no output depends on. The model's inputs stay: they are its interface.</summary>
internal sealed class DeadCodeRemoval : IGraphPass
{
    /// <inheritdoc/>
    public string Name => nameof(DeadCodeRemoval);

    /// <inheritdoc/>
    public Graph Apply(Graph graph)
    {
        Graph live = new GraphEditor(graph).ToGraph();
        return live.Nodes.Length == graph.Nodes.Length && live.Constants.Count == graph.Constants.Count
            && live.Types.Count == graph.Types.Count ? graph : live;
    }
}
