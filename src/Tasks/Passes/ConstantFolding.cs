using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Passes;

/// <summary>Evaluates nodes whose inputs are constant, again, because other passes make constants.</summary>
internal sealed class ConstantFolding : IGraphPass
{
    /// <inheritdoc/>
    public string Name => nameof(ConstantFolding);

    /// <inheritdoc/>
    public Graph Apply(Graph graph)
    {
        if (!graph.Nodes.Any(n => IsConstant(graph, n) && n.Outputs.Any(o => !GraphIndex.Of(graph).IsOutput(o))))
            return graph;
        Graph folded = ShapeInference.Infer(graph);
        return folded.Nodes.Length == graph.Nodes.Length ? graph : folded;
    }

    private static bool IsConstant(Graph graph, Node node)
    {
        Operator op = OperatorRegistry.Of(node);
        for (int i = 0; i < node.Inputs.Length; i++)
            if (node.Inputs[i].Length > 0 && !graph.IsConstant(node.Inputs[i]) && op.NeedsValue(i))
                return false;
        return true;
    }
}
