using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Reduction;

namespace OptimizerBuild.Compression.Quantization.Simulation;

/// <summary>LogSoftmax along one axis in fixed point, as s32 logarithms of scale ln 2 · 2^−16.</summary>
[Simulates(IntegerForm.FixedPoint, typeof(LogSoftmaxOperator))]
internal sealed class IntegerLogSoftmax(QuantizableNode node, IReadOnlyDictionary<string, ActivationQuantization> values)
    : IntegerNode(node, values)
{
    /// <inheritdoc/>
    public override QuantizedTensor[] Evaluate(IReadOnlyList<QuantizedTensor?> inputs)
    {
        QuantizedTensor input = inputs[0]!;
        int axis = Shapes.Axis(AxisFunction.Axis(Source.Node), input.Dimensions.Length);
        int length = input.Dimensions[axis];
        int inner = Shapes.Count(input.Dimensions.AsSpan()[(axis + 1)..]);
        FixedPointMultipliers factor = FixedPointPower.Factor(input.Quantization.Scale);
        var output = new int[input.Values.Length];
        for (int row = 0; row < output.Length / length; row++)
        {
            int first = (row / inner * inner * length) + (row % inner);
            int[] places = [.. Enumerable.Range(0, length).Select(i => first + (i * inner))];
            long greatest = places.Max(p => (long)input.Values[p]);
            long sum = places.Sum(p => FixedPointPower.Of(greatest - input.Values[p], factor));
            foreach (int p in places)
                output[p] = (int)-(FixedPointPower.Distance(greatest - input.Values[p], factor) + FixedPointPower.LogarithmOf(sum));
        }
        return [new(output, input.Dimensions, OutputQuantization)];
    }
}
