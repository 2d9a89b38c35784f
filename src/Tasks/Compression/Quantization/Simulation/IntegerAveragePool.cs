using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Pooling;

namespace OptimizerBuild.Compression.Quantization.Simulation;

/// <summary>AveragePool and GlobalAveragePool: the sum of <c>x − z</c> times a multiplier that contains 1/count.</summary>
[Simulates(IntegerForm.Rescale, typeof(AveragePoolOperator))]
[Simulates(IntegerForm.Rescale, typeof(GlobalAveragePoolOperator))]
internal sealed class IntegerAveragePool : IntegerNode
{
    private readonly int[] _outputDimensions;

    /// <summary>Prepares the node.</summary>
    public IntegerAveragePool(QuantizableNode node, IReadOnlyDictionary<string, ActivationQuantization> values, int[] outputDimensions)
        : base(node, values) => _outputDimensions = outputDimensions;

    /// <inheritdoc/>
    public override QuantizedTensor[] Evaluate(IReadOnlyList<QuantizedTensor?> inputs)
    {
        QuantizedTensor input = inputs[0]!;
        bool global = Source.Node.Is<IAxisReduction>();
        bool channelsLast = Source.Node.IsChannelsLast();
        int[] spatial = channelsLast ? input.Dimensions[1..^1] : input.Dimensions[2..];
        int[] kernel = global ? spatial : Array.ConvertAll(WindowAttributes.Kernel(Source.Node)!, k => checked((int)k));
        SpatialWindow window = SpatialWindow.Of(Source.Node, input.Dimensions, _outputDimensions, kernel);
        bool countPadding = AveragePoolOperator.CountsPadding(Source.Node);

        // A multiplier for each count a window can have. A global pool has only one.
        int area = window.Kernel[0] * window.Kernel[1];
        double factor = InputQuantization(0).Scale / OutputQuantization.Scale;
        int least = global ? area : 1;
        FixedPointMultipliers multipliers = FixedPointMultipliers.Of([.. Enumerable.Range(least, area - least + 1).Select(n => factor / n)]);
        OutputLevels levels = OutputLevels;
        var output = new int[_outputDimensions.Aggregate(1, (a, b) => a * b)];
        for (int image = 0; image < window.Images; image++)
            for (int y = 0; y < window.OutputHeight; y++)
                for (int x = 0; x < window.OutputWidth; x++)
                    for (int c = 0; c < window.Channels; c++)
                    {
                        (long sum, int count) = Sum(input, window, image, c, y, x, countPadding);
                        output[window.OutputIndex(image, c, y, x)] = levels.Of(multipliers.Apply(sum, Math.Max(count, 1) - least));
                    }
        return [new(output, _outputDimensions, OutputQuantization)];
    }

    private static (long Sum, int Count) Sum(QuantizedTensor input, SpatialWindow window, int image, int channel, int y, int x, bool countPadding)
    {
        long sum = 0;
        int count = 0;
        for (int ky = 0; ky < window.Kernel[0]; ky++)
            for (int kx = 0; kx < window.Kernel[1]; kx++)
            {
                int row = window.Row(y, ky);
                int column = window.Column(x, kx);
                if (window.Inside(row, column))
                {
                    sum += input.Values[window.InputIndex(image, channel, row, column)] - input.Quantization.ZeroPoint;
                    count++;
                }
                else if (countPadding && row < window.Height + window.PadsAfter[0] && column < window.Width + window.PadsAfter[1])
                {
                    // Beyond the padding lies what ceil_mode lets the last window reach: it never counts.
                    count++;
                }
            }
        return (sum, count);
    }
}
