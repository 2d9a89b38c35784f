using OptimizerBuild.Compression.Quantization.Calibration;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;

namespace OptimizerBuild.Compression.Quantization.Outliers;

/// <summary>
/// Splits a dot product whose input has rare, far outliers into two of the same weights: one over the input clipped to where nearly all
/// values lie, which 256 levels cover finely, and one over what the clipping cut off, which is 0 nearly everywhere and may be coarse.
/// Both run in integers; their sum is that of the original. The decomposition is that of LLM.int8() (T. Dettmers et al. 2022,
/// arXiv 2208.07339), by value instead of by column. It doubles the work of the layer, so it is the last means, and only for inputs
/// that are made in float anyway, where splitting costs no precision.
/// </summary>
internal static class OutlierSplitting
{
    // The share of the values that the first part covers.
    private const double Covered = 0.99;

    // The range has to be this many times the covered one: with less, the second product is not worth its work.
    private const double LeastExcess = 3;

    // In dB.
    private const double Quiet = 32;

    /// <summary>Splits the noisy dot products that read float values under a plan; null where there is none.</summary>
    public static Graph? Apply(QuantizableGraph graph, GraphQuantization plan, ActivationStatistics statistics)
    {
        var editor = new GraphEditor(graph.Graph);
        bool changed = false;
        foreach (QuantizableNode node in NoisyProducts.Of(graph, plan, Quiet))
        {
            Histogram values = statistics.Histogram(node.Node.Inputs[0]);
            ActivationRange covered = new PercentileObserver(Covered).Choose(values);
            if (values.High - values.Low < LeastExcess * (covered.High - covered.Low) || covered.High <= covered.Low)
                continue;
            Split(editor, node.Node, covered);
            changed = true;
        }
        return changed ? editor.ToGraph() : null;
    }

    private static void Split(GraphEditor editor, Node node, ActivationRange covered)
    {
        TensorType inputType = editor.TypeOf(node.Inputs[0]);
        TensorType outputType = editor.TypeOf(node.Outputs[0]);
        string low = editor.AddConstant(node.Name + ".low", Tensor.Scalar((float)covered.Low));
        string high = editor.AddConstant(node.Name + ".high", Tensor.Scalar((float)covered.High));
        string inner = editor.AddValue(node.Inputs[0] + ".inner", inputType);
        string outer = editor.AddValue(node.Inputs[0] + ".outliers", inputType);
        string fine = editor.AddValue(node.Outputs[0] + ".inner", outputType);
        string coarse = editor.AddValue(node.Outputs[0] + ".outliers", outputType);
        Node plain = node.WithoutActivation();
        Node sum = NodeOperators.New<AddOperator>(editor.UniqueName(node.Name + ".sum"), [fine, coarse], node.Outputs)
            .WithActivationOf(node);
        editor.Replace(
            node,
            NodeOperators.New<ClipOperator>(editor.UniqueName(node.Name + ".clip"), [node.Inputs[0], low, high], [inner]),
            NodeOperators.New<SubOperator>(editor.UniqueName(node.Name + ".rest"), [node.Inputs[0], inner], [outer]),
            plain with { Inputs = plain.Inputs.SetItem(0, inner), Outputs = [fine] },
            plain with
            {
                Name = editor.UniqueName(node.Name + ".outliers"),
                CopyOf = node.Origin,
                Inputs = [outer, node.Inputs[1]],
                Outputs = [coarse],
            },
            sum);
    }
}
