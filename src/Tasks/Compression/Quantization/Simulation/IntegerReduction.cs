using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Reduction;

namespace OptimizerBuild.Compression.Quantization.Simulation;

/// <summary>ReduceMean and ReduceSum over any axes.</summary>
[Simulates(IntegerForm.Rescale, typeof(ReduceOperator))]
internal sealed class IntegerReduction : IntegerNode
{
    private readonly int[] _outputDimensions;

    /// <summary>Prepares the node.</summary>
    public IntegerReduction(QuantizableNode node, IReadOnlyDictionary<string, ActivationQuantization> values, int[] outputDimensions)
        : base(node, values) => _outputDimensions = outputDimensions;

    /// <inheritdoc/>
    public override QuantizedTensor[] Evaluate(IReadOnlyList<QuantizedTensor?> inputs)
    {
        QuantizedTensor input = inputs[0]!;
        int[] dimensions = input.Dimensions;
        int[] axes = Source.Node.As<IAxisReduction>()!.ReducedAxes(Source.Context);
        bool[] reduced = [.. Enumerable.Range(0, dimensions.Length).Select(axes.Contains)];

        // Each input element adds to the output element with the same position along the axes that stay.
        int[] kept = [.. dimensions.Select((d, i) => reduced[i] ? 1 : d)];
        int[] strides = Shapes.BroadcastStrides(kept, dimensions);
        int count = dimensions.Where((_, i) => reduced[i]).Aggregate(1, (a, b) => a * b);
        var sums = new long[_outputDimensions.Aggregate(1, (a, b) => a * b)];
        var index = new int[dimensions.Length];
        int position = 0;
        for (int n = 0; n < input.Values.Length; n++)
        {
            sums[position] += input.Values[n] - input.Quantization.ZeroPoint;
            for (int d = index.Length - 1; d >= 0; d--)
            {
                position += strides[d];
                if (++index[d] < dimensions[d])
                    break;
                position -= strides[d] * dimensions[d];
                index[d] = 0;
            }
        }
        double factor = InputQuantization(0).Scale / OutputQuantization.Scale;
        FixedPointMultipliers multiplier = FixedPointMultipliers.Of(Source.Node.As<IAxisReduction>()!.IsMean ? factor / count : factor);
        OutputLevels levels = OutputLevels;
        return [new(Array.ConvertAll(sums, s => levels.Of(multiplier.Apply(s))), _outputDimensions, OutputQuantization)];
    }
}
