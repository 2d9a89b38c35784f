using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Movement;

namespace OptimizerBuild.Compression.Quantization.Simulation;

/// <summary>Concat: inputs whose scale differs from the output's go through a table, the others are copied.</summary>
[Simulates(IntegerForm.Rescale, typeof(ConcatOperator))]
internal sealed class IntegerConcatenation : IntegerNode
{
    private readonly int[] _outputDimensions;

    /// <summary>Prepares the node.</summary>
    public IntegerConcatenation(QuantizableNode node, IReadOnlyDictionary<string, ActivationQuantization> values, int[] outputDimensions)
        : base(node, values) => _outputDimensions = outputDimensions;

    /// <inheritdoc/>
    public override QuantizedTensor[] Evaluate(IReadOnlyList<QuantizedTensor?> inputs)
    {
        int axis = Shapes.Axis(ConcatOperator.Axis(Source.Node), _outputDimensions.Length);
        int inner = 1;
        for (int d = axis + 1; d < _outputDimensions.Length; d++)
            inner *= _outputDimensions[d];
        int row = inner * _outputDimensions[axis];
        var output = new int[_outputDimensions.Aggregate(1, (x, y) => x * y)];
        int start = 0;
        for (int i = 0; i < Source.Node.Inputs.Length; i++)
        {
            QuantizedTensor input = Operand(inputs, i);
            byte[] table = LevelTable.Rescaling(input.Quantization, OutputQuantization);
            int length = inner * input.Dimensions[axis];
            for (int n = 0; n < input.Values.Length; n++)
                output[(n / length * row) + start + (n % length)] = table[input.Values[n]];
            start += length;
        }
        return [new(output, _outputDimensions, OutputQuantization)];
    }
}
