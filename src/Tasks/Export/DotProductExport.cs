using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Linear;

namespace OptimizerBuild.Export;

/// <summary>
/// Integer convolutions and matrix products: weights as s8 with one scale for each output channel, biases as s32 in units of input
/// scale · weight scale, each behind DequantizeLinear.
/// </summary>
internal sealed class DotProductExport(Graph graph, OnnxModelBuilder builder, ExportedValues values)
{
    /// <summary>Writes a node.</summary>
    /// <param name="node">A Conv, Gemm or MatMul.</param>
    /// <param name="weights">Its rounded weights.</param>
    /// <param name="order">The order of its activations.</param>
    /// <returns>The name of its result, in real numbers.</returns>
    public string Write(Node node, WeightQuantization weights, int order)
    {
        Tensor shape = graph.Constant(node.Inputs[1])!;
        bool hasBias = weights.Bias.Any(b => b != 0);

        // MatMul has no bias. Of matrices it is the same as Gemm; else the bias is added to the product in float.
        Node product = node.Is<MatMulOperator>() && hasBias && graph.TypeOf(node.Inputs[0]).Rank == 2
            ? node.Becoming<GemmOperator>()
            : node;
        int axis = product.Is<ConvOperator>() || GemmOperator.TransposesB(product) ? 0 : 1;
        string input = values.Dequantized(node.Inputs[0], order);
        string matrix = Dequantized(
            node.Name + "/weights", new Tensor(shape.Type.As(ElementType.Int8), weights.Values), weights.Scales,
            new Tensor(TensorType.Of(ElementType.Int8, weights.Scales.Length), new sbyte[weights.Scales.Length]), axis);
        double scale = values.QuantizationOf(node.Inputs[0])!.Scale;
        string bias = hasBias
            ? Dequantized(node.Name + "/bias", Tensor.Of(weights.Bias, weights.Bias.Length), [.. weights.Scales.Select(s => s * scale)],
                null, 0)
            : "";
        // The factors of a Gemm are in the weights and the bias.
        Node plain = GemmOperator.WithoutFactors(product);
        (string, AttributeValue)[] attributes = [.. QdqExporter.OnnxAttributes(plain).Select(a => (a.Key, a.Value))];
        bool addsBias = !product.Is<MatMulOperator>();
        string[] inputs = hasBias && addsBias ? [input, matrix, bias] : [input, matrix];
        string result = builder.Add(node.Name, product.OpType, inputs, attributes);
        return hasBias && !addsBias ? builder.Add(node.Name + "/biased", "Add", [result, bias]) : result;
    }

    /// <summary>Writes integers with scales along an axis.</summary>
    /// <returns>The name of the real numbers.</returns>
    public string Dequantized(string stem, Tensor integers, IReadOnlyList<double> scales, Tensor? zeroPoints, int axis)
    {
        string[] inputs =
        [
            builder.Constant(stem + "/integers", integers),
            builder.Constant(stem + "/scales", Tensor.Of([.. scales.Select(s => (float)s)], scales.Count)),
        ];
        if (zeroPoints is not null)
            inputs = [.. inputs, builder.Constant(stem + "/zero_points", zeroPoints)];
        return builder.Add(stem, "DequantizeLinear", inputs, ("axis", new AttributeValue.Int(axis)));
    }
}
