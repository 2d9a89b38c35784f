using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression.Quantization.Simulation;

/// <summary>A product with a constant matrix: one dot product for each row of the input and each output channel.</summary>
[Simulates(IntegerForm.DotProduct, typeof(IMatrixProduct))]
internal sealed class IntegerMatrixProduct : IntegerNode
{
    private const int RowsAtATime = 256;

    private readonly int[] _outputDimensions;
    private readonly ChannelSums _sums;
    private readonly FixedPointMultipliers _multipliers;

    /// <summary>Prepares the node.</summary>
    public IntegerMatrixProduct(
        QuantizableNode node, IReadOnlyDictionary<string, ActivationQuantization> values, WeightQuantization weights,
            int[] outputDimensions)
        : base(node, values)
    {
        _outputDimensions = outputDimensions;
        ActivationQuantization input = InputQuantization(0);
        _sums = new(node.Layer!, weights, input.ZeroPoint, 0, node.Layer!.Channels);
        _multipliers = FixedPointMultipliers.Of([.. weights.Scales.Select(s => input.Scale * s / OutputQuantization.Scale)])
            .For(AccumulatorBound.Magnitudes(node.Layer!, weights, input.ZeroPoint));
    }

    /// <inheritdoc/>
    public override QuantizedTensor[] Evaluate(IReadOnlyList<QuantizedTensor?> inputs)
    {
        int[] input = inputs[0]!.Values;
        int length = Source.Layer!.Length;
        int channels = Source.Layer.Channels;
        int rows = input.Length / length;
        OutputLevels levels = OutputLevels;
        var output = new int[rows * channels];
        var sums = new long[Math.Min(rows, RowsAtATime) * channels];
        for (int row = 0; row < rows; row += RowsAtATime)
        {
            int count = Math.Min(RowsAtATime, rows - row);
            _sums.Compute(input.AsSpan(row * length, count * length), sums);
            for (int i = 0; i < count * channels; i++)
                output[(row * channels) + i] = levels.Of(_multipliers.Apply(sums[i], i % channels));
        }
        return [new(output, _outputDimensions, OutputQuantization)];
    }
}
