using System.Collections.Immutable;
using OptimizerBuild.Compression.Quantization.Outliers;
using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Quantization;

namespace OptimizerBuild.Compression.Quantization.Prequantized;

/// <summary>
/// A model that is quantised already: scales and zero points are taken from it and weights keep its integers, so that nothing is measured
/// and no data is needed. What it does not quantise stays in float32, and where numbers are rounded and no integer node reads them, they
/// still are.
/// </summary>
internal static class PrequantizedModel
{
    /// <summary>
    /// Whether a model says itself what scales some of its values have: layers, if there are any, run with them or at least read what it
    /// rounds. Bytes at the edges of a float model are not enough: its layers are quantised as those of any other.
    /// </summary>
    public static bool Is(Graph graph)
    {
        if (DynamicLayers.Has(graph))
            return true;
        if (!graph.Nodes.Any(n => n.Is<FakeQuantizeOperator>() || OwnScales.LevelsOf(OperatorContext.Of(graph, n)) is not null))
            return false;
        var known = new QuantizableGraph(graph);
        QuantizableNode[] layers = [.. known.Nodes.Where(n => n.SumsProducts)];
        var scales = new OwnScales(known, QuantizationOptions.Default);
        return layers.Length == 0 || layers.Any(l => scales.IsInteger(l.Node)
            || l.Node.Inputs.Any(i => scales.Levels.ContainsKey(i) && !scales.AreBytesOfInputs(i)));
    }

    /// <summary>The plan that the model itself gives.</summary>
    /// <param name="graph">A graph after the passes.</param>
    /// <param name="options">
    /// Which layers run in float32 all the same, and whether those with ranges that are measured at run time run in integers though float32
    /// is faster.
    /// </param>
    /// <returns>The graph without the nodes that integer nodes make superfluous, and its quantisation.</returns>
    public static (Graph Graph, GraphQuantization Quantization) Quantize(Graph graph, QuantizationOptions options)
    {
        graph = DynamicLayers.Rewrite(WideWeights.Rewrite(graph, options), options);
        var scales = new OwnScales(new(graph), options);
        var given = new Dictionary<string, ActivationQuantization>(scales.Levels, StringComparer.Ordinal);
        Graph rewritten = Rewrite(graph, scales, given);
        return (rewritten, Plan(new(rewritten), scales, given));
    }

    // Takes the FakeQuantize nodes out that integer nodes stand for: those whose input has their levels already, and those between a float
    // node and integer nodes, which a quantise step takes the place of.
    private static Graph Rewrite(Graph graph, OwnScales scales, Dictionary<string, ActivationQuantization> given)
    {
        var editor = new GraphEditor(graph);
        foreach (QuantizableNode node in scales.WithSplitActivation)
            DynamicRange.SplitActivation(editor, node);
        foreach (string name in graph.Nodes.Where(n => n.Is<FakeQuantizeOperator>()).Select(n => n.Name))
        {
            Node node = editor.Find(name)!;
            (string input, string output) = (node.Inputs[0], node.Outputs[0]);
            ActivationQuantization levels = OwnScales.LevelsOf(node);
            if (scales.IsInteger(node))
            {
                // One that cannot go is a table of the levels themselves.
                if (scales.Levels.GetValueOrDefault(input) == levels)
                    editor.TryBypass(node, input);
                continue;
            }
            // Levels that become others in float32 are no numbers that a quantise step may round instead.
            if (scales.Levels.ContainsKey(input) || scales.IsWide(input) || !MayBeQuantized(editor, scales, input, levels))
                continue;
            foreach (Node reader in editor.Consumers(output).Where(scales.IsInteger))
                editor.Replace(reader, reader with { Inputs = [.. reader.Inputs.Select(i => i == output ? input : i)] });
            given[input] = levels;
            editor.Prune(output);
        }
        return editor.ToGraph();
    }

    // A value has one quantisation; and an input of the graph that has one is bytes for whoever reads it.
    private static bool MayBeQuantized(GraphEditor editor, OwnScales scales, string value, ActivationQuantization levels) =>
        editor.Consumers(value).All(c => c.Is<FakeQuantizeOperator>() ? OwnScales.LevelsOf(c) == levels
            : scales.IsInteger(c) || editor.Producer(value) is not null);

    private static GraphQuantization Plan(
        QuantizableGraph graph, OwnScales scales, Dictionary<string, ActivationQuantization> given)
    {
        // The roundings that stood before what runs in integers have left the graph, so that nothing else may run in float32 now.
        var nodes = new IntegerNodes(graph, graph.Nodes.Where(n => !scales.IsInteger(n.Node)),
            n => scales.Reason(n.Node) ?? OwnScales.NoScaleOfResult);
        var ranges = new GivenRanges(given);
        ImmutableSortedDictionary<string, ActivationQuantization> values =
            new ValuePlanner(graph, ranges).Plan(nodes, (node, input) => Weights(node, input).Scales);
        var weights = ImmutableSortedDictionary.CreateBuilder<string, WeightQuantization>(StringComparer.Ordinal);
        foreach (QuantizableNode node in graph.Nodes.Where(n => n.Layer is not null && nodes.Contains(n)))
        {
            if (node.Form == IntegerForm.Recurrent)
            {
                // The state is rounded anew in each step, whatever the scales of values are.
                QuantizedRows rows = LevelGrid.Of(node.Layer!)!;
                weights[node.Node.Name] = new(rows.Values, rows.Scales, new int[node.Layer!.Channels]);
                continue;
            }
            ActivationQuantization input = values[node.Node.Inputs[0]];
            WeightQuantization own = Weights(node, input);
            bool isWide = values[node.Node.Outputs[0]].Type == ActivationType.S32;
            bool fits = AccumulatorBound.Holds(node.Layer!, own, input.ZeroPoint);
            weights[node.Node.Name] = own with { Layout = WeightLayout.Of(node, isWide, addsBlocks: !fits) };
        }
        return new(
            values,
            graph.Nodes.ToImmutableSortedDictionary(
                n => n.Node.Name, n => new NodePrecision(nodes.Contains(n), nodes.Reason(n), null), StringComparer.Ordinal),
            weights.ToImmutable())
        {
            HasScalesOfModel = graph.Nodes.Any(n => n.SumsProducts && nodes.Contains(n)),
        };
    }

    private static WeightQuantization Weights(QuantizableNode node, ActivationQuantization input) => WeightQuantizer.WithBias(
        node.Layer!, LevelGrid.Refined(node.Layer!, LevelGrid.Of(node.Layer!)!, input.Scale), input.Scale, null);
}
