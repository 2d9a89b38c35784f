using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Recurrent;

/// <summary>Weights in float32: each sum takes one fused multiply-add for each element of the state, in order.</summary>
internal sealed class FloatStateWeights : IStateWeights
{
    private readonly float[][] _columns;
    private readonly int _rows;

    /// <summary>Takes the weights of all directions.</summary>
    /// <param name="weights">[directions, rows, size].</param>
    public FloatStateWeights(Tensor weights)
    {
        (_rows, int size) = (weights.Dimensions[1], weights.Dimensions[2]);
        float[] values = weights.Values<float>();
        _columns = [.. Enumerable.Range(0, weights.Dimensions[0]).Select(d => Columns(values.AsSpan(d * _rows * size), _rows, size))];
    }

    /// <inheritdoc/>
    public void Add(int direction, int first, ReadOnlySpan<float> state, Span<float> sums) => MatrixProduct.Accumulate(
        1, sums.Length, state.Length, state, state.Length, 1, _columns[direction].AsSpan(first), _rows, 1, sums, sums.Length);

    // The weights of one element of the state side by side.
    private static float[] Columns(ReadOnlySpan<float> weights, int rows, int size)
    {
        var columns = new float[rows * size];
        for (int r = 0; r < rows; r++)
            for (int k = 0; k < size; k++)
                columns[(k * rows) + r] = weights[(r * size) + k];
        return columns;
    }
}
