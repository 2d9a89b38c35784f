using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Reduction;

namespace OptimizerBuild.Compression.Quantization.Simulation;

/// <summary>Normalisation of rows: exact sums of each row, then single operations of float64 and float32.</summary>
[Simulates(IntegerForm.Rescale, typeof(RowNormalizationOperator))]
internal sealed class IntegerLayerNormalization(
    QuantizableNode node, IReadOnlyDictionary<string, ActivationQuantization> values, int[] outputDimensions) : IntegerNode(node, values)
{
    /// <inheritdoc/>
    public override QuantizedTensor[] Evaluate(IReadOnlyList<QuantizedTensor?> inputs)
    {
        QuantizedTensor input = inputs[0]!;
        NormalizedRows constants = NormalizedRows.Of(Source.Context, InputQuantization(0), OutputQuantization);
        OutputLevels levels = OutputLevels;
        var output = new int[input.Values.Length];
        for (int row = 0; row < output.Length; row += constants.Length)
        {
            ReadOnlySpan<int> x = input.Values.AsSpan(row, constants.Length);
            long sum = 0, squares = 0;
            foreach (int q in x)
                (sum, squares) = (sum + q, squares + ((long)q * q));
            if (constants.Centre >= 0)
            {
                // The mean of the squares of q − z, and z in place of the mean.
                long z = constants.Centre, n = constants.Length;
                (squares, sum) = (squares - (2 * z * sum) + (n * z * z), 0);
            }
            double root = Math.Sqrt(((constants.Length * squares) - (sum * sum)) + (double)constants.Epsilon);
            float mean = constants.Centre >= 0 ? constants.Centre : (float)(sum * (1.0 / constants.Length));
            float inverse = root > 0 ? (float)(constants.Length / root) : 0f;
            for (int i = 0; i < x.Length; i++)
            {
                float normal = (x[i] - mean) * inverse;
                float scaled = normal * constants.Factors[i];
                float value = Math.Clamp(scaled + constants.Addends[i], levels.Minimum, levels.Maximum);
                output[row + i] = (int)(value + 0.5f);
            }
        }
        return [new(output, outputDimensions, OutputQuantization)];
    }
}
