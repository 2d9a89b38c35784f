using System.Collections.Immutable;
using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Recurrent;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>
/// The outcome of quantisation: for every node whether it runs in integers, for every value between integer nodes its scale and
/// zero point, for every integer dot product its quantised weights. The graph itself stays as it was; <c>Lowering</c> reads both.
/// </summary>
/// <remarks>
/// Invariants, which <c>Lowering</c> relies on and the quantiser's tests assert:
/// <list type="bullet">
/// <item>Every non-constant float32 input and output of an integer node has an entry in <see cref="Values"/>, but for nodes of the form
/// <see cref="IntegerForm.Recurrent"/>, which read and make float32 values.</item>
/// <item>Constant inputs of <see cref="IntegerForm.Rescale"/> nodes have an entry in <see cref="Values"/> (u8), from which Lowering
/// quantises them.</item>
/// <item>An integer node of form <see cref="IntegerForm.SameScale"/> has equal quantisation on its data input and outputs.</item>
/// <item><see cref="ActivationType.S32"/> occurs only on outputs of dot products and of Softmax-like nodes, and is read only by
/// Softmax-like nodes (<see cref="IntegerForm.FixedPoint"/>), by shape-only nodes on the way, by float nodes and by the graph's
/// outputs; and on outputs of resamplings, read only by resamplings along the next axis instead.</item>
/// <item>A value that a float node makes and an integer node reads has an entry; Lowering puts a quantise step between. The other way round
/// a dequantise step.</item>
/// <item>Every value with an entry that is a graph input is quantised by the input's binding.</item>
/// </list>
/// </remarks>
/// <param name="Values">Scale and zero point by value name.</param>
/// <param name="Nodes">Precision by node name; every node of the graph has an entry.</param>
/// <param name="Weights">Quantised weights by node name, for each integer node of form DotProduct or Recurrent.</param>
internal sealed record GraphQuantization(
    ImmutableSortedDictionary<string, ActivationQuantization> Values,
    ImmutableSortedDictionary<string, NodePrecision> Nodes,
    ImmutableSortedDictionary<string, WeightQuantization> Weights) : IModelAnnotation
{
    /// <summary>
    /// The signal-to-noise ratio of the noisiest output on the calibration samples, in dB; null where none was measured or there is no
    /// noise.
    /// </summary>
    public double? OutputSignalToNoise { get; init; }

    /// <summary>Whether scales and zero points are those that the model, quantised already, says itself.</summary>
    public bool HasScalesOfModel { get; init; }

    /// <inheritdoc/>
    public string Technique => QuantizationTechnique.TechniqueName;

    /// <summary>
    /// Scales and rounded weights belong to one graph: they stay where nodes and constants are the same objects (values may have been
    /// renamed to nothing else), and go otherwise, since any other constant or node would need other ones.
    /// </summary>
    public IModelAnnotation? For(Graph before, Graph after) =>
        before.Nodes.Length == after.Nodes.Length && before.Nodes.Zip(after.Nodes).All(n => ReferenceEquals(n.First, n.Second))
        && after.Constants.All(c => ReferenceEquals(before.Constant(c.Key), c.Value))
            ? this
            : null;

    /// <summary>
    /// Ranges, precisions and rounded weights stay. Constants that follow from the shapes, a table of positions for example, get a range of
    /// their own; weights must not.
    /// </summary>
    public IModelAnnotation? Reshaped(Graph before, Graph after, out string obstacle)
    {
        obstacle = "";
        if (Nodes.Values.FirstOrDefault() is { } any && Nodes.Values.All(n => !n.Integer))
            return this with
            {
                Nodes = after.Nodes.ToImmutableSortedDictionary(
                    n => n.Name, n => Nodes.GetValueOrDefault(n.Name, any), StringComparer.Ordinal),
            };
        var values = Values.ToBuilder();
        Dictionary<string, Node> earlier = before.Nodes.ToDictionary(n => n.Name, StringComparer.Ordinal);
        if (after.Nodes.Length != before.Nodes.Length
            || !after.Nodes.All(n => IsBetweenTheSameValues(n, earlier.GetValueOrDefault(n.Name))))
        {
            obstacle = "it has other nodes with them";
            return null;
        }
        foreach (Node node in after.Nodes)
        {
            if (!Nodes[node.Name].Integer)
                continue;
            QuantizableNode known = QuantizableNode.Of(after, node);
            if (known.Form != QuantizableNode.Of(before, earlier[node.Name]).Form)
                obstacle = $"node '{node.Name}' has another integer form" + (known.Obstacle.Length > 0 ? $" ({known.Obstacle})" : "");
            else if (Weights.ContainsKey(node.Name) && node.Inputs.Zip(earlier[node.Name].Inputs).Any(i =>
                after.Constant(i.First) is { } constant && !constant.SameAs(before.Constant(i.Second))))
                obstacle = $"the weights of node '{node.Name}' depend on the shapes";
            if (obstacle.Length > 0)
                return null;
            foreach (string constant in known.Constants.Where(c => !values.ContainsKey(c)))
                values[constant] = ValuePlanner.OfConstant(after.Constant(constant)!);
        }
        return this with { Values = values.ToImmutable() };

        bool IsBetweenTheSameValues(Node node, Node? same) => same is not null && same.OpType == node.OpType
            && same.Outputs.SequenceEqual(node.Outputs) && same.Inputs.Length == node.Inputs.Length
            && same.Inputs.Zip(node.Inputs).All(i => before.IsConstant(i.First) ? after.IsConstant(i.Second) : i.First == i.Second);
    }

    /// <inheritdoc/>
    public long? StoredBytes(Graph graph, string constant)
    {
        // One copy for integer readers of each kind, another for float readers.
        int count = graph.Constants[constant].Count;
        long bytes = 0;
        bool integers = false, floats = false;
        foreach (Node node in GraphIndex.Of(graph).Readers(constant))
        {
            int place = node.Inputs.IndexOf(constant);
            if (!Nodes[node.Name].Integer)
                floats = true;
            else if (node.Is<RecurrentOperator>() && place != 1)
                floats = true;
            else if (Weights.ContainsKey(node.Name))
                bytes = Math.Max(bytes, (place == 2 ? sizeof(int) : sizeof(sbyte)) * (long)count);
            else
                integers = true;
        }
        bytes = Math.Max(bytes, integers ? count : 0);
        return bytes == 0 ? null : bytes + (floats ? sizeof(float) * (long)count : 0);
    }

    /// <summary>The share of the graph's multiply-accumulates that run in integers; 1 where there are none.</summary>
    public double IntegerMacShare(Graph graph)
    {
        long all = 0;
        long integer = 0;
        foreach (Node node in graph.Nodes)
        {
            long macs = OperatorRegistry.Of(node).MultiplyAccumulates(OperatorContext.Of(graph, node));
            all += macs;
            integer += Nodes[node.Name].Integer ? macs : 0;
        }
        return all == 0 ? 1 : (double)integer / all;
    }
}

/// <summary>The integer type that holds a quantised activation.</summary>
internal enum ActivationType
{
    /// <summary>Unsigned 8-bit, asymmetric: real = scale · (q − zero point).</summary>
    U8,

    /// <summary>Signed 32-bit, symmetric (zero point 0): logits and probabilities on their way to an output.</summary>
    S32,
}

/// <summary>real = Scale · (q − ZeroPoint), one pair for the whole tensor.</summary>
/// <param name="Type">The integer type.</param>
/// <param name="Scale">The size of one step; positive, finite, exactly representable as float32.</param>
/// <param name="ZeroPoint">The integer that stands for 0: 0…255 for u8, 0 for s32.</param>
internal sealed record ActivationQuantization(ActivationType Type, double Scale, int ZeroPoint);

/// <summary>How a node runs.</summary>
/// <param name="Integer">Whether it runs in integers.</param>
/// <param name="Reason">For a float node: why, in a phrase for the report ("no integer form", "signal to noise 12.3 dB below 20 dB",
/// "Precision=Float32"). Else empty.</param>
/// <param name="SignalToNoise">Signal-to-quantisation-noise ratio of the node's own quantisation on the calibration data, in dB; null where
/// not measured.</param>
internal sealed record NodePrecision(bool Integer, string Reason, double? SignalToNoise);

/// <summary>Weights of one dot product in s8, symmetric for each output channel.</summary>
/// <param name="Values">The weights in the order of the node's weight tensor, so that <c>Lowering</c> packs them: OIHW for Conv, as stored
/// for Gemm (mind transB) and MatMul.</param>
/// <param name="Scales">One scale for each output channel.</param>
/// <param name="Bias">The bias of each output channel in units of input scale · weight scale, without any zero-point correction; zeros
/// where the node has no bias.</param>
/// <param name="Layout">The kernel form and the order in which <c>Lowering</c> packs them; null until the quantiser has settled it, and for
/// recurrent layers, which have one form only.</param>
internal sealed record WeightQuantization(sbyte[] Values, double[] Scales, int[] Bias, WeightLayout? Layout = null)
{
    /// <summary>
    /// Input channels whose weights of an output are multiples of up to 7 of one factor of up to 9 (<see cref="Weights.GroupFactors"/>);
    /// 0 where the layer has no such groups.
    /// </summary>
    public int GroupInputs { get; init; }

    /// <summary>
    /// Whether two neighbouring products always add up within 16 bits, by intent (<see cref="Weights.PairBound"/>) or by accident, as far
    /// as the quantiser can see: a map that is a slice of a wider one has other neighbours. <c>Lowering</c> proves it from its own bytes.
    /// </summary>
    public bool PairSumsBounded => Layout is not null && PairSums16.Fit(Layout.Pack(Values));
}
