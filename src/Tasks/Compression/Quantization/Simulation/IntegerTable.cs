using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression.Quantization.Simulation;

/// <summary>A function of one u8 value as a table of 256 entries.</summary>
[Simulates(IntegerForm.Table, typeof(Operator))]
internal sealed class IntegerTable : IntegerNode
{
    private readonly byte[] _table;

    /// <summary>Computes the table.</summary>
    public IntegerTable(QuantizableNode node, IReadOnlyDictionary<string, ActivationQuantization> values)
        : base(node, values) => _table = Compute(node.Context, values[node.Inputs[0]], OutputQuantization);

    /// <summary><c>table[q] = clamp(round_half_up(f(scale·(q − z)) / outputScale) + outputZ)</c>, where f is the node in double precision.</summary>
    public static byte[] Compute(OperatorContext context, ActivationQuantization input, ActivationQuantization output)
    {
        double[] reals = [.. Enumerable.Range(0, 256).Select(q => input.Scale * (q - input.ZeroPoint))];
        return Array.ConvertAll(DoubleFunction.Apply(context, reals), y => double.IsNaN(y) ? (byte)output.ZeroPoint : (byte)OutputLevels.Level(output, y));
    }

    /// <inheritdoc/>
    public override QuantizedTensor[] Evaluate(IReadOnlyList<QuantizedTensor?> inputs)
    {
        QuantizedTensor input = inputs.First(i => i is not null)!;
        return [new(Array.ConvertAll(input.Values, q => (int)_table[q]), input.Dimensions, OutputQuantization)];
    }
}
