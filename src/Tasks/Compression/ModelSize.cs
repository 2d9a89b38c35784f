using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression;

/// <summary>How large a model is before it is lowered: cheap enough to be asked for after every technique.</summary>
/// <param name="Bytes">The bytes of its constants in the form in which they are stored, without padding, multipliers and tables.</param>
/// <param name="Macs">The multiply-accumulates of one prediction.</param>
/// <param name="Parameters">The number of real numbers among its constants.</param>
internal sealed record ModelSize(long Bytes, long Macs, long Parameters)
{
    /// <summary>The size of a model. Constants that several nodes read count once.</summary>
    public static ModelSize Of(CompressedModel model)
    {
        Graph graph = model.Graph;
        long macs = graph.Nodes.Sum(n => OperatorRegistry.Of(n).MultiplyAccumulates(OperatorContext.Of(graph, n)));
        string[] real = [.. graph.Constants.Where(c => c.Value.Element.IsFloat()).Select(c => c.Key)];
        return new(real.Sum(model.StoredBytes), macs, real.Sum(c => (long)graph.Constants[c].Count));
    }
}
