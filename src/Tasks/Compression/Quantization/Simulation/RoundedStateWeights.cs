using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Recurrent;

namespace OptimizerBuild.Compression.Quantization.Simulation;

/// <summary>
/// A recurrent layer whose weights of the state are s8 and whose state is rounded anew in each step (docs/arithmetic.md, Recurrent layers),
/// as
/// plain code that shares nothing with the kernels. Activations are those of the reference, which differ from the kernels' in the last
/// bits.
/// </summary>
internal sealed class RoundedStateWeights : IStateWeights
{
    private readonly QuantizableNode _node;
    private readonly sbyte[] _weights;
    private readonly float[] _scales;
    private readonly int _rows;
    private readonly int _levels;

    /// <summary>Prepares a layer.</summary>
    /// <param name="node">A node of the form <see cref="IntegerForm.Recurrent"/>.</param>
    /// <param name="weights">Its rounded weights.</param>
    public RoundedStateWeights(QuantizableNode node, WeightQuantization weights)
    {
        _node = node;
        _weights = weights.Values;
        _scales = [.. weights.Scales.Select(s => (float)s)];
        _rows = node.Context.Type(1).Dimensions[1];
        _levels = StateLevels.Greatest(weights.Values, node.Layer!.Length);
    }

    /// <summary>Computes the node's outputs.</summary>
    /// <param name="inputs">Its inputs; null where one is omitted.</param>
    public Tensor[] Evaluate(IReadOnlyList<Tensor?> inputs) => _node.Node.As<RecurrentOperator>()!.Evaluate(_node.Context, inputs, this);

    /// <inheritdoc/>
    public void Add(int direction, int first, ReadOnlySpan<float> state, Span<float> sums)
    {
        (int[] rounded, float unit) = StateLevels.Round(state, _levels);
        for (int r = 0; r < sums.Length; r++)
        {
            int row = (direction * _rows) + first + r;
            ReadOnlySpan<sbyte> weights = _weights.AsSpan(row * rounded.Length, rounded.Length);
            long sum = 0;
            for (int k = 0; k < rounded.Length; k++)
                sum += (long)rounded[k] * weights[k];
            sums[r] = MathF.FusedMultiplyAdd(checked((int)sum), _scales[row] * unit, sums[r]);
        }
    }
}
