using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>A function of one u8 value as a table of 256 entries.</summary>
internal sealed class IntegerTable : IntegerNode
{
    private readonly int[] _table;

    /// <summary>Computes the table.</summary>
    public IntegerTable(QuantizableNode node, IReadOnlyDictionary<string, ActivationQuantization> values)
        : base(node, values) => _table = Compute(node, InputQuantization(0), OutputQuantization);

    /// <summary>
    /// <c>table[q] = clamp(round_half_up(f(scale·(q − z)) / outputScale) + outputZ)</c>, where f is the node with all its inputs
    /// but the first as they are, applied to the 256 real values that a level can stand for.
    /// </summary>
    public static int[] Compute(QuantizableNode node, ActivationQuantization input, ActivationQuantization output)
    {
        // All 256 values at once: the node is told that its input is a vector of them. Constants of one element broadcast to it.
        var reals = new float[256];
        for (int q = 0; q < reals.Length; q++)
            reals[q] = (float)(input.Scale * (q - input.ZeroPoint));
        Tensor levels = Tensor.Of(reals, reals.Length);
        Tensor?[] arguments = [.. node.Context.InputConstants.Select(c => c is { Count: 1, Rank: > 1 } ? c.Reshape(1) : c)];
        int activation = Array.IndexOf([.. node.Node.Inputs], node.Inputs[0]);
        arguments[activation] = levels;
        var context = new OperatorContext(node.Node, [.. arguments.Select(a => a?.Type)], [.. arguments.Select((a, i) => i == activation ? null : a)]);
        float[] results = OperatorRegistry.Of(node.Node).Evaluate(context, arguments)[0].Values<float>();
        return Array.ConvertAll(results, y => float.IsNaN(y) ? output.ZeroPoint : OutputLevels.Level(output, y));
    }

    /// <inheritdoc/>
    public override QuantizedTensor[] Evaluate(IReadOnlyList<QuantizedTensor?> inputs)
    {
        QuantizedTensor input = inputs.First(i => i is not null)!;
        return [new(Array.ConvertAll(input.Values, q => _table[q]), input.Dimensions, OutputQuantization)];
    }
}
