using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression.Quantization.Simulation;

/// <summary>
/// One node of a quantised graph in the integer arithmetic of docs/arithmetic.md, as plain 64-bit code that shares nothing with the
/// kernels: the oracle of accuracy during quantisation and of bytes for what Lowering makes of the node. Prepared once, then
/// applied to any number of samples, on several threads if wanted.
/// </summary>
internal abstract class IntegerNode
{
    /// <summary>What is known of the node.</summary>
    protected QuantizableNode Source { get; }

    /// <summary>The quantisations of the values around the node.</summary>
    protected IReadOnlyDictionary<string, ActivationQuantization> Values { get; }

    /// <param name="source">The node.</param>
    /// <param name="values">The quantisations of the values around it.</param>
    protected IntegerNode(QuantizableNode source, IReadOnlyDictionary<string, ActivationQuantization> values)
    {
        Source = source;
        Values = values;
    }

    /// <summary>The quantisation of an input.</summary>
    protected ActivationQuantization InputQuantization(int index) => Values[Source.Node.Inputs[index]];

    /// <summary>The quantisation of the first output.</summary>
    protected ActivationQuantization OutputQuantization => Values[Source.Node.Outputs[0]];

    /// <summary>The levels of the first output, bounded by the fused activation.</summary>
    protected OutputLevels OutputLevels => new(OutputQuantization, Source.ActivationBounds);

    /// <summary>Computes the node's outputs.</summary>
    /// <param name="inputs">The inputs in the node's order; null where an input is omitted or is not a quantised value.</param>
    public abstract QuantizedTensor[] Evaluate(IReadOnlyList<QuantizedTensor?> inputs);

    /// <summary>Prepares a node.</summary>
    /// <param name="graph">The graph around it, for its outputs' dimensions.</param>
    /// <param name="node">The node; its form is not <see cref="IntegerForm.None"/>.</param>
    /// <param name="values">The quantisations of its inputs, outputs and rescaled constants.</param>
    /// <param name="weights">Its weights, where it is a dot product.</param>
    public static IntegerNode Create(Graph graph, QuantizableNode node, IReadOnlyDictionary<string, ActivationQuantization> values, WeightQuantization? weights)
    {
        int[][] outputs = [.. node.Node.Outputs.Select(o => o.Length == 0 ? Array.Empty<int>() : [.. graph.TypeOf(o).Dimensions])];
        return (node.Form, node.Node.OpType) switch
        {
            (IntegerForm.DotProduct, "Conv") when node.Layer!.Groups == node.Layer.Channels && node.Layer.Groups == node.Layer.InputChannels =>
                new IntegerDepthwise(node, values, weights!, outputs[0]),
            (IntegerForm.DotProduct, "Conv") => new IntegerConvolution(node, values, weights!, outputs[0]),
            (IntegerForm.DotProduct, _) => new IntegerMatrixProduct(node, values, weights!, outputs[0]),
            (IntegerForm.Table, _) => new IntegerTable(node, values),
            (IntegerForm.SameScale, _) => new IntegerMovement(node, values),
            (IntegerForm.FixedPoint, "Softmax") => new IntegerSoftmax(node, values),
            (IntegerForm.FixedPoint, "LogSoftmax") => new IntegerLogSoftmax(node, values),
            (IntegerForm.FixedPoint, _) => new IntegerSigmoid(node, values),
            (_, "Concat") => new IntegerConcatenation(node, values, outputs[0]),
            (_, "AveragePool" or "GlobalAveragePool") => new IntegerAveragePool(node, values, outputs[0]),
            (_, "ReduceMean" or "ReduceSum") => new IntegerReduction(node, values, outputs[0]),
            _ => new IntegerElementwise(node, values, outputs[0]),
        };
    }

    /// <summary>The integers of an input or of a constant that takes its place, quantised as Lowering does it.</summary>
    protected QuantizedTensor Operand(IReadOnlyList<QuantizedTensor?> inputs, int index) => inputs[index]
        ?? QuantizedTensor.Of(Source.Context.InputConstants[index]!, InputQuantization(index));
}
