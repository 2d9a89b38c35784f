using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Recurrent;

namespace OptimizerBuild.Export;

/// <summary>
/// Recurrent layers as the standard's LSTM, GRU and RNN. The products with the inputs are a layer of their own in the compressed model, so
/// that weights of the inputs are written that hand each product on: ones and zeros. Rounded weights of the state stand behind
/// DequantizeLinear; that the state is rounded, too, does not show.
/// </summary>
internal sealed class RecurrentExport(Graph graph, OnnxModelBuilder builder, ExportedValues values, DotProductExport dotProducts)
{
    /// <summary>Writes a node.</summary>
    /// <param name="node">The layer.</param>
    /// <param name="weights">Its rounded weights; null where they are float32.</param>
    /// <returns>The names of its outputs; empty for omitted ones.</returns>
    public string[] Write(Node node, WeightQuantization? weights)
    {
        TensorType r = graph.TypeOf(node.Inputs[1]);
        int directions = r.Dimensions[0], rows = r.Dimensions[1], size = r.Dimensions[2];
        var handing = new float[directions * rows * directions * rows];
        for (int i = 0; i < directions * rows; i++)
            handing[(i * directions * rows) + i] = 1;
        string bias = "";
        if (node.HasInput(2))
        {
            int others = (2 * rows) - size;
            string none = builder.Constant(node.Name + "/no_bias", Tensor.Zeros(TensorType.Float32(directions, others)));
            bias = builder.Add(node.Name + "/bias", "Concat", [none, values.Real(node.Inputs[2], 0)], ("axis", new AttributeValue.Int(1)));
        }
        string[] inputs =
        [
            values.Real(node.Inputs[0], 0),
            builder.Constant(node.Name + "/input_weights", Tensor.Of(handing, directions, rows, directions * rows)),
            weights is null ? values.Real(node.Inputs[1], 0) : Rounded(node, weights, directions, rows, size),
            bias,
            .. node.Inputs.Skip(3).Select(i => i.Length == 0 ? "" : values.Real(i, 0)),
        ];
        string[] outputs = [.. node.Outputs.Select(o => o.Length == 0 ? "" : builder.Name(o + "/real"))];
        builder.Add(node.Name, node.OpType, inputs, outputs, Attributes(node, directions, size));
        return outputs;
    }

    private string Rounded(Node node, WeightQuantization weights, int directions, int rows, int size)
    {
        string matrix = dotProducts.Dequantized(
            node.Name + "/weights", new Tensor(TensorType.Of(ElementType.Int8, directions * rows, size), weights.Values), weights.Scales,
            Tensor.Zeros(TensorType.Of(ElementType.Int8, weights.Scales.Length)), 0);
        string shape = builder.Constant(node.Name + "/weights/shape", Tensor.Of([directions, rows, (long)size], 3));
        return builder.Add(node.Name + "/weights/reshaped", "Reshape", [matrix, shape]);
    }

    private static IEnumerable<(string, AttributeValue)> Attributes(Node node, int directions, int size)
    {
        RecurrentFunction[] functions = [.. Enumerable.Range(0, directions).SelectMany(d =>
            RecurrentFunction.Of(node, d, node.As<RecurrentOperator>()!.DefaultActivations.Length))];
        foreach ((string name, AttributeValue value) in QdqExporter.OnnxAttributes(node))
            if (name is not ("activation_alpha" or "activation_beta"))
                yield return (name, value);
        if (functions.Any(f => f.TakesAlpha))
            yield return ("activation_alpha", new AttributeValue.Floats([.. functions.Where(f => f.TakesAlpha).Select(f => f.Alpha)]));
        if (functions.Any(f => f.TakesBeta))
            yield return ("activation_beta", new AttributeValue.Floats([.. functions.Where(f => f.TakesBeta).Select(f => f.Beta)]));
        yield return ("hidden_size", new AttributeValue.Int(size));
    }
}
