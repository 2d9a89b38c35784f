using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Compression.Quantization.Simulation;

/// <summary>An elementwise operation on two u8 tensors of different scales, with broadcasting.</summary>
/// <param name="node">The node.</param>
/// <param name="values">The quantisations of the values around it.</param>
/// <param name="outputDimensions">The output's dimensions.</param>
internal abstract class IntegerPair(
    QuantizableNode node, IReadOnlyDictionary<string, ActivationQuantization> values, int[] outputDimensions) : IntegerNode(node, values)
{
    private PairArithmetic? _arithmetic;

    /// <summary>What the operation does with two levels of these quantisations.</summary>
    protected abstract PairArithmetic Arithmetic(
        ActivationQuantization first, ActivationQuantization second, ActivationQuantization output);

    /// <inheritdoc/>
    public override QuantizedTensor[] Evaluate(IReadOnlyList<QuantizedTensor?> inputs)
    {
        PairArithmetic arithmetic = _arithmetic ??= Arithmetic(InputQuantization(0), InputQuantization(1), OutputQuantization);
        QuantizedTensor first = Operand(inputs, 0);
        QuantizedTensor second = Operand(inputs, 1);
        int[] firstStrides = Shapes.BroadcastStrides(first.Dimensions, outputDimensions);
        int[] secondStrides = Shapes.BroadcastStrides(second.Dimensions, outputDimensions);
        OutputLevels levels = OutputLevels;
        var output = new int[outputDimensions.Aggregate(1, (x, y) => x * y)];
        var index = new int[outputDimensions.Length];
        int i = 0;
        int j = 0;
        for (int n = 0; n < output.Length; n++)
        {
            output[n] = levels.Of(arithmetic.Of(first.Values[i], second.Values[j]));
            for (int d = index.Length - 1; d >= 0; d--)
            {
                i += firstStrides[d];
                j += secondStrides[d];
                if (++index[d] < outputDimensions[d])
                    break;
                i -= firstStrides[d] * outputDimensions[d];
                j -= secondStrides[d] * outputDimensions[d];
                index[d] = 0;
            }
        }
        return [new(output, outputDimensions, OutputQuantization)];
    }
}
