using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;

namespace OptimizerBuild.Compression.Quantization.Simulation;

/// <summary>Add, Sub, Mul, Max and Min of two u8 tensors of different scales, with broadcasting.</summary>
[Simulates(IntegerForm.Rescale, typeof(IFunctionOfTwoValues))]
internal sealed class IntegerElementwise : IntegerNode
{
    private readonly int[] _outputDimensions;
    private readonly FixedPointMultipliers _multipliers;

    /// <summary>Prepares the node.</summary>
    public IntegerElementwise(QuantizableNode node, IReadOnlyDictionary<string, ActivationQuantization> values, int[] outputDimensions)
        : base(node, values)
    {
        _outputDimensions = outputDimensions;
        double a = InputQuantization(0).Scale;
        double b = InputQuantization(1).Scale;
        double output = OutputQuantization.Scale;
        _multipliers = node.Node.Is<MulOperator>()
            ? FixedPointMultipliers.Of(a * b / output)
            : FixedPointMultipliers.Of(a / output, b / output);
    }

    /// <inheritdoc/>
    public override QuantizedTensor[] Evaluate(IReadOnlyList<QuantizedTensor?> inputs)
    {
        QuantizedTensor first = Operand(inputs, 0);
        QuantizedTensor second = Operand(inputs, 1);
        int[] firstStrides = Shapes.BroadcastStrides(first.Dimensions, _outputDimensions);
        int[] secondStrides = Shapes.BroadcastStrides(second.Dimensions, _outputDimensions);
        int za = first.Quantization.ZeroPoint;
        int zb = second.Quantization.ZeroPoint;
        OutputLevels levels = OutputLevels;
        var output = new int[_outputDimensions.Aggregate(1, (x, y) => x * y)];
        var index = new int[_outputDimensions.Length];
        int i = 0;
        int j = 0;
        for (int n = 0; n < output.Length; n++)
        {
            output[n] = levels.Of(Combine(first.Values[i] - za, second.Values[j] - zb));
            for (int d = index.Length - 1; d >= 0; d--)
            {
                i += firstStrides[d];
                j += secondStrides[d];
                if (++index[d] < _outputDimensions[d])
                    break;
                i -= firstStrides[d] * _outputDimensions[d];
                j -= secondStrides[d] * _outputDimensions[d];
                index[d] = 0;
            }
        }
        return [new(output, _outputDimensions, OutputQuantization)];
    }

    private long Combine(long a, long b)
    {
        int[] m = _multipliers.Multipliers;
        return OperatorRegistry.Of(Source.Node) switch
        {
            AddOperator => _multipliers.Round((a * m[0]) + (b * m[1])),
            SubOperator => _multipliers.Round((a * m[0]) - (b * m[1])),
            MulOperator => _multipliers.Round(a * b * m[0]),
            MaxOperator => Math.Max(_multipliers.Apply(a, 0), _multipliers.Apply(b, 1)),
            _ => Math.Min(_multipliers.Apply(a, 0), _multipliers.Apply(b, 1)),
        };
    }
}
