using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression.Quantization.Simulation;

/// <summary>The product of two tensors of u8 matrices, whose batches broadcast.</summary>
/// <param name="node">The node.</param>
/// <param name="values">The quantisations of the values around it.</param>
/// <param name="outputDimensions">The output's dimensions.</param>
[Simulates(IntegerForm.Product, typeof(IMatrixProduct))]
internal sealed class IntegerActivationProduct(
    QuantizableNode node, IReadOnlyDictionary<string, ActivationQuantization> values, int[] outputDimensions) : IntegerNode(node, values)
{
    /// <inheritdoc/>
    public override QuantizedTensor[] Evaluate(IReadOnlyList<QuantizedTensor?> inputs)
    {
        QuantizedTensor a = inputs[0]!, b = inputs[1]!;
        (int za, int zb) = (a.Quantization.ZeroPoint, b.Quantization.ZeroPoint);
        (int rows, int inner, int columns) = (a.Dimensions[^2], a.Dimensions[^1], b.Dimensions[^1]);
        int[] batch = outputDimensions[..^2];
        int[] stepsA = Shapes.BroadcastStrides(a.Dimensions[..^2], batch), stepsB = Shapes.BroadcastStrides(b.Dimensions[..^2], batch);
        FixedPointMultipliers multiplier = FixedPointMultipliers.Of(
            InputQuantization(0).Scale * InputQuantization(1).Scale / OutputQuantization.Scale);
        OutputLevels levels = OutputLevels;
        var output = new int[Shapes.Count(outputDimensions)];
        var index = new int[batch.Length];
        var sums = new long[columns];
        for (int at = 0; at < output.Length; Advance(index, batch))
        {
            int firstA = 0, firstB = 0;
            for (int d = 0; d < index.Length; d++)
            {
                firstA += index[d] * stepsA[d];
                firstB += index[d] * stepsB[d];
            }
            (firstA, firstB) = (firstA * rows * inner, firstB * inner * columns);
            for (int i = 0; i < rows; i++)
            {
                Array.Clear(sums);
                for (int k = 0; k < inner; k++)
                {
                    int x = a.Values[firstA + (i * inner) + k] - za;
                    int from = firstB + (k * columns);
                    for (int j = 0; j < columns; j++)
                        sums[j] += x * (b.Values[from + j] - zb);
                }
                foreach (long sum in sums)
                    output[at++] = levels.Of(multiplier.Apply(sum));
            }
        }
        return [new(output, outputDimensions, OutputQuantization)];
    }

    private static void Advance(int[] index, int[] extents)
    {
        for (int d = index.Length - 1; d >= 0 && ++index[d] == extents[d]; d--)
            index[d] = 0;
    }
}
