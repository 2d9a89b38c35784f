using OptimizerBuild.Compression.Quantization.Arithmetic;
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
        WindowGeometry window = global
            ? WindowGeometry.Whole(input.Dimensions, Source.Node.IsChannelsLast())
            : WindowGeometry.OfPooling(Source.Context);
        bool countPadding = AveragePoolOperator.CountsPadding(Source.Node);

        // A multiplier for each count a window can have. A global pool has only one.
        int area = window.Taps;
        double factor = InputQuantization(0).Scale / OutputQuantization.Scale;
        int least = global ? area : 1;
        FixedPointMultipliers multipliers = FixedPointMultipliers.Of([.. Enumerable.Range(least, area - least + 1).Select(n =>
            factor / n)]);
        OutputLevels levels = OutputLevels;
        var output = new int[_outputDimensions.Aggregate(1, (a, b) => a * b)];
        var windows = new WindowTaps(window);
        int from = window.InputPixels, to = window.OutputPixels;
        for (int pixel = 0; pixel < to; pixel++)
        {
            List<WindowTap> taps = windows.Of(pixel);
            int count = countPadding ? windows.CountWithPadding(pixel) : taps.Count;
            for (int image = 0; image < window.Batch; image++)
                for (int c = 0; c < window.Channels; c++)
                {
                    long sum = 0;
                    foreach (WindowTap tap in taps)
                        sum += input.Values[window.Index(window.Channels, from, image, c, tap.Pixel)] - input.Quantization.ZeroPoint;
                    output[window.Index(window.Channels, to, image, c, pixel)] =
                        levels.Of(multipliers.Apply(sum, Math.Max(count, 1) - least));
                }
        }
        return [new(output, _outputDimensions, OutputQuantization)];
    }
}
