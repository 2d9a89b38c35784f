using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression.Quantization.Outliers;

/// <summary>The dot products that the means against outliers apply to.</summary>
internal static class NoisyProducts
{
    /// <summary>
    /// The noisy integer dot products under a plan whose inputs are made in float, so that rewriting what comes before them costs no
    /// precision.
    /// </summary>
    /// <param name="graph">The graph.</param>
    /// <param name="plan">A plan for it.</param>
    /// <param name="quiet">The signal-to-noise ratio, in dB, from which on a product is not to blame for noisy outputs.</param>
    public static IEnumerable<QuantizableNode> Of(QuantizableGraph graph, GraphQuantization plan, double quiet)
    {
        foreach (QuantizableNode node in graph.Nodes)
        {
            NodePrecision precision = plan.Nodes[node.Node.Name];
            if (precision.Integer && precision.SignalToNoise < quiet && node.Form == IntegerForm.DotProduct
                && IsMadeInFloat(graph, plan, node.Node.Inputs[0]))
                yield return node;
        }
    }

    // By a float node, perhaps under another shape; an input of the graph is left alone, because callers may pass it as bytes.
    private static bool IsMadeInFloat(QuantizableGraph graph, GraphQuantization plan, string value)
    {
        while (graph.Producer(value) is { } producer)
        {
            if (!plan.Nodes[producer.Node.Name].Integer || producer.Form == IntegerForm.Recurrent)
                return true;
            if (!producer.IsMovement)
                return false;
            value = producer.Inputs[0];
        }
        return false;
    }
}
