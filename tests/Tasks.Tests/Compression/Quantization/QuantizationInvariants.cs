using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>Asserts what <see cref="GraphQuantization"/> promises to Lowering.</summary>
internal static class QuantizationInvariants
{
    /// <summary>Checks every promise.</summary>
    public static void Check(Graph graph, GraphQuantization quantization)
    {
        Assert.Equal(graph.Nodes.Select(n => n.Name).Order(StringComparer.Ordinal), quantization.Nodes.Keys);
        foreach ((string name, ActivationQuantization value) in quantization.Values)
        {
            Assert.True(value.Scale > 0 && double.IsFinite(value.Scale) && value.Scale == (float)value.Scale, $"scale of {name}");
            Assert.InRange(value.ZeroPoint, 0, value.Type == ActivationType.U8 ? 255 : 0);
        }
        var nodes = graph.Nodes.ToDictionary(n => n.Name, n => QuantizableNode.Of(graph, n));
        var used = new HashSet<string>(StringComparer.Ordinal);
        foreach (Node node in graph.Nodes)
        {
            NodePrecision precision = quantization.Nodes[node.Name];
            Assert.Equal(precision.Integer, precision.Reason.Length == 0);
            QuantizableNode known = nodes[node.Name];
            if (!precision.Integer)
            {
                Assert.False(quantization.Weights.ContainsKey(node.Name));
                continue;
            }
            Assert.NotEqual(IntegerForm.None, known.Form);
            foreach (string value in known.Inputs.Concat(known.Outputs).Concat(known.Constants))
            {
                Assert.True(quantization.Values.ContainsKey(value), $"{node} has no quantisation of {value}");
                used.Add(value);
            }
            foreach (string constant in known.Constants)
                Assert.Equal(ActivationType.U8, quantization.Values[constant].Type);
            if (known.Form == IntegerForm.SameScale)
                Assert.All(known.Outputs, o => Assert.Equal(quantization.Values[known.Inputs[0]], quantization.Values[o]));
            Assert.Equal(known.HasWeights, quantization.Weights.ContainsKey(node.Name));
            CheckWide(graph, quantization, nodes, known);
        }
        Assert.Equal(used.Order(StringComparer.Ordinal), quantization.Values.Keys);
        foreach ((string name, WeightQuantization weights) in quantization.Weights)
        {
            DotProductLayer layer = nodes[name].Layer!;
            Assert.Equal(layer.Weights.Length, weights.Values.Length);
            Assert.Equal(layer.Channels, weights.Scales.Length);
            Assert.Equal(layer.Channels, weights.Bias.Length);
            if (!quantization.HasScalesOfModel)
                Assert.DoesNotContain(sbyte.MinValue, weights.Values);
            Assert.All(weights.Scales, s => Assert.True(s > 0 && s == (float)s));
        }
    }

    // 32-bit values: made by sums of products without an activation and fixed-point functions, handed on by changes of shape only.
    private static void CheckWide(Graph graph, GraphQuantization quantization, Dictionary<string, QuantizableNode> nodes,
        QuantizableNode node)
    {
        foreach (string output in node.Outputs)
        {
            if (quantization.Values[output].Type != ActivationType.S32)
                continue;
            Assert.True(
                node.HasSums || node.Form == IntegerForm.FixedPoint || node.IsReshape || node.IsSigmoid || node.IsResampling,
                $"{node.Node} makes 32-bit values");
            foreach (Node reader in graph.Nodes.Where(n =>
                nodes[n.Name].Inputs.Contains(output) && quantization.Nodes[n.Name].Integer))
                Assert.True(
                    nodes[reader.Name].IsReshape || nodes[reader.Name].Form == IntegerForm.FixedPoint || nodes[reader.Name].IsSigmoid
                        || nodes[reader.Name].IsResampling,
                    $"{reader} reads 32-bit values");
        }
    }
}
