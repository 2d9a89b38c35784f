using OptimizerBuild.Compression.Quantization.Outliers;
using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;
using OptimizerBuild.Operators.Movement;
using OptimizerBuild.Operators.Quantization;
using OptimizerBuild.Operators.Reduction;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.Quantization.Prequantized;

/// <summary>
/// The layers of a dynamically quantised model: their weights are integers, and what they read is rounded to levels with a scale that is
/// measured at run time. They get a dynamic range of the build's own kind (<see cref="DynamicRange"/>), which takes the place of the
/// rounding: as many levels, for each row instead of for the whole tensor.
/// </summary>
internal static class DynamicLayers
{
    /// <summary>Whether a graph has such layers.</summary>
    public static bool Has(Graph graph) => graph.Nodes.Any(n => IsMeasured(graph, n));

    /// <summary>Gives the layers their dynamic ranges.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="options">
    /// Which layers run in float32, and which get such a range though their products are so few that they run faster in float32.
    /// </param>
    public static Graph Rewrite(Graph graph, QuantizationOptions options)
    {
        var known = new QuantizableGraph(graph);
        var editor = new GraphEditor(graph);
        var layers = new HashSet<string>(StringComparer.Ordinal);
        foreach (Node node in graph.Nodes.Where(n => IsMeasured(graph, n)))
        {
            var found = new List<QuantizableNode>();
            if (!Readers(known, node.Outputs[0], options, found))
                continue;
            string real = known.Producer(node.Inputs[0])!.Node.Inputs[0];
            editor.Remove(node);
            editor.ReplaceUses(node.Outputs[0], real);
            layers.UnionWith(found.Select(l => l.Node.Name));
        }
        if (layers.Count == 0)
            return graph;
        Graph bare = editor.ToGraph();
        return DynamicRange.Apply(new(bare), n => layers.Contains(n.Node.Name));
    }

    /// <summary>
    /// The names of those of such layers that would get a range if their weights were not too wide for 8 bits (<see cref="WideWeights"/>).
    /// </summary>
    /// <param name="graph">The graph.</param>
    /// <param name="options">As for <see cref="Rewrite"/>.</param>
    public static IReadOnlySet<string> WithWideWeights(QuantizableGraph graph, QuantizationOptions options)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (QuantizableNode node in graph.Nodes.Where(n => IsMeasured(graph.Graph, n.Node)))
        {
            var found = new List<QuantizableNode>();
            if (Readers(graph, node.Node.Outputs[0], options, found, mayBeWide: true))
                names.UnionWith(found.Where(l => LevelGrid.Of(l.Layer!) is null).Select(l => l.Node.Name));
        }
        return names;
    }

    // A DequantizeLinear of bytes that QuantizeLinear has rounded with the same scale, which follows from the range of what is rounded.
    private static bool IsMeasured(Graph graph, Node node)
    {
        if (!node.Is<DequantizeLinearOperator>() || graph.IsConstant(node.Inputs[1]) || graph.TypeOf(node.Inputs[1]).Count != 1
            || graph.TypeOf(node.Outputs[0]).Element != ElementType.Float32
            || graph.TypeOf(node.Inputs[0]).Element is not (ElementType.UInt8 or ElementType.Int8))
            return false;
        return GraphIndex.Of(graph).Producer(node.Inputs[0]) is { } rounding && rounding.Is<QuantizeLinearOperator>()
            && rounding.Inputs.Skip(1).SequenceEqual(node.Inputs.Skip(1))
            && graph.TypeOf(rounding.Inputs[0]).Element == ElementType.Float32 && IsRangeOf(graph, node.Inputs[1], rounding.Inputs[0]);
    }

    // Whether a number is computed from the greatest and the least element of a tensor and from nothing else. Any other scale may cut
    // numbers off, which is part of the model.
    private static bool IsRangeOf(Graph graph, string scale, string tensor)
    {
        var index = GraphIndex.Of(graph);
        string measured = Unmoved(tensor);
        bool hasGreatest = false, hasLeast = false;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<string>([scale]);
        while (open.TryPop(out string? value))
        {
            if (value.Length == 0 || graph.IsConstant(value) || !seen.Add(value))
                continue;
            if (graph.TypeOf(value).Count != 1 || index.Producer(value) is not { } node)
                return false;
            bool isGreatest = node.Is<ReduceMaxOperator>();
            if ((isGreatest || node.Is<ReduceMinOperator>()) && graph.TypeOf(node.Inputs[0]).Count != 1)
            {
                string of = Unmoved(node.Inputs[0]);
                bool isMagnitude = isGreatest && index.Producer(of) is { } function && function.Is<AbsOperator>()
                    && Unmoved(function.Inputs[0]) == measured;
                if (of != measured && !isMagnitude)
                    return false;
                hasGreatest |= isGreatest;
                hasLeast |= !isGreatest || isMagnitude;
                continue;
            }
            foreach (string input in node.Inputs)
                open.Push(input);
        }
        return hasGreatest && hasLeast;

        string Unmoved(string value)
        {
            while (index.Producer(value) is { } node && (node.Is<IKeepsElementOrder>() || node.Is<TransposeOperator>()))
                value = node.Inputs[0];
            return value;
        }
    }

    // Collects the layers that read a value, perhaps behind nodes that only move elements; false where anything else does.
    private static bool Readers(
        QuantizableGraph graph, string start, QuantizationOptions options, List<QuantizableNode> found, bool mayBeWide = false)
    {
        var open = new Stack<string>([start]);
        while (open.TryPop(out string? value))
        {
            if (graph.IsOutput(value))
                return false;
            foreach (QuantizableNode reader in graph.Readers(value))
            {
                if (reader.Form == IntegerForm.DotProduct && reader.Node.Inputs[0] == value
                    && (LevelGrid.Of(reader.Layer!) is not null || (mayBeWide && WideWeights.Splits(reader)))
                    && options.ReasonForFloat(reader.Node) is null
                    && (options.Precision == ModelPrecision.Int8 || options.IsFixed(reader.Node) || DynamicRange.IsWorthIt(reader)))
                    found.Add(reader);
                else if (!reader.IsMovement)
                    return false;
                else
                    foreach (string output in reader.Outputs)
                        open.Push(output);
            }
        }
        return true;
    }
}
