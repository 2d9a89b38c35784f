using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression.Quantization.Simulation;

/// <summary>A function of one u8 value as a table of 256 entries.</summary>
[Simulates(IntegerForm.Table, typeof(Operator))]
internal sealed class IntegerTable : IntegerNode
{
    private readonly byte[] _table;

    /// <summary>Computes the table.</summary>
    public IntegerTable(QuantizableNode node, IReadOnlyDictionary<string, ActivationQuantization> values)
        : base(node, values) => _table = LevelTable.Of(node.Context, values[node.Inputs[0]], OutputQuantization);

    /// <inheritdoc/>
    public override QuantizedTensor[] Evaluate(IReadOnlyList<QuantizedTensor?> inputs)
    {
        QuantizedTensor input = inputs.First(i => i is not null)!;
        return [new(Array.ConvertAll(input.Values, q => (int)_table[q]), input.Dimensions, OutputQuantization)];
    }
}
