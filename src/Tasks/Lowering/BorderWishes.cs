using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Lowering;

/// <summary>
/// The border that the convolutions reading a value want around it, so that the value's producer can leave room: the largest that any
/// of them reaches into. Poolings want none, because padding takes no part in them.
/// </summary>
internal static class BorderWishes
{
    /// <summary>The wishes by value name; values that nobody wants a border around are missing.</summary>
    public static Dictionary<string, Border> Of(Graph graph)
    {
        var wishes = new Dictionary<string, Border>(StringComparer.Ordinal);
        foreach (Node node in graph.Nodes)
        {
            if (!node.Is<IConvolution>() || !WindowGeometry.IsMap(graph, node))
                continue;
            var reach = Border.Under(WindowGeometry.OfConvolution(OperatorContext.Of(graph, node)));
            if (!reach.IsNone)
                wishes[node.Inputs[0]] = wishes.GetValueOrDefault(node.Inputs[0]).Union(reach);
        }
        return wishes;
    }
}
