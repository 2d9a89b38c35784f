using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Movement;

namespace OptimizerBuild.Compression.Quantization.Simulation;

/// <summary>
/// An operation that moves or selects values (Reshape, Transpose, MaxPool, …). It is carried out by the float operator on the whole
/// numbers <c>q − z</c>, all of which float32 represents exactly (32-bit values pass through operations on shapes only, which do not
/// look at them): zeros that the operator adds of its own stand for the real 0, as they should.
/// </summary>
[Simulates(IntegerForm.SameScale, typeof(Operator))]
internal sealed class IntegerMovement(QuantizableNode node, IReadOnlyDictionary<string, ActivationQuantization> values)
    : IntegerNode(node, values)
{
    /// <inheritdoc/>
    public override QuantizedTensor[] Evaluate(IReadOnlyList<QuantizedTensor?> inputs)
    {
        QuantizedTensor input = inputs[0]!;
        ActivationQuantization quantization = InputQuantization(0);
        Node node = Source.Node;

        // Two halves of 16 bits are exact each; u8 values need the lower one only.
        bool wide = quantization.Type == ActivationType.S32;
        Tensor[] low = Run(Array.ConvertAll(input.Values, q => (float)(wide ? q & 0xFFFF : q - quantization.ZeroPoint)), quantization);
        Tensor[]? high = wide ? Run(Array.ConvertAll(input.Values, q => (float)(q >> 16)), quantization) : null;

        // Operators may compute outputs that the node leaves out.
        var results = new QuantizedTensor[node.Outputs.Length];
        for (int i = 0; i < results.Length; i++)
        {
            float[] lower = low[i].Values<float>();
            float[]? upper = high?[i].Values<float>();
            var output = new int[lower.Length];
            for (int j = 0; j < output.Length; j++)
                output[j] = upper is null
                    ? (int)Math.Clamp(lower[j] + quantization.ZeroPoint, 0, 255)
                    : ((int)upper[j] << 16) | (int)lower[j];
            results[i] = new(output, [.. low[i].Dimensions], node.Outputs[i].Length > 0 ? Values[node.Outputs[i]] : quantization);
        }
        return results;
    }

    private Tensor[] Run(float[] data, ActivationQuantization quantization)
    {
        Tensor?[] arguments = [.. Source.Context.InputConstants];
        arguments[0] = Tensor.Of(data, Source.Context.Type(0).Dimensions.AsSpan());

        // The value that Pad fills in is a real number; in steps it is that many times the scale.
        if (Source.Node.Is<PadOperator>() && arguments.Length > 2 && arguments[2] is { Element: ElementType.Float32 } fill)
            arguments[2] = new Tensor(
                fill.Type, new[] { (float)(NearestLevels.Of(quantization, fill.Values<float>()[0]) - quantization.ZeroPoint) });
        return OperatorRegistry.Of(Source.Node).Evaluate(Source.Context, arguments);
    }
}
