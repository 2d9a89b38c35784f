using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Linear;

namespace OptimizerBuild.Export.Forms;

/// <summary>
/// Resampling along an axis as a product with a matrix [inputs, outputs] of the weights, between transpositions that bring the axis to the
/// end: Resize has no way to say weights, and its cubic and antialiased ones differ between runtimes.
/// </summary>
internal sealed class AxisResamplingForm : OnnxForm
{
    /// <inheritdoc/>
    public override Type Operator => typeof(AxisResamplingOperator);

    /// <inheritdoc/>
    public override string[] Write(ExportedNode node)
    {
        int rank = node.Type(0).Rank, last = rank - 1, axis = Shapes.Axis(AxisResamplingOperator.Axis(node.Node), rank);
        int count = node.Type(0).Dimensions[axis];
        (int outputs, int taps) = (node.Type(1).Dimensions[0], node.Type(1).Dimensions[1]);
        (int[] places, float[] weights) = (node.Constant(1)!.Values<int>(), node.Constant(2)!.Values<float>());
        var matrix = new float[count * outputs];
        for (int j = 0; j < outputs; j++)
            for (int t = 0; t < taps; t++)
                matrix[(places[(j * taps) + t] * outputs) + j] += weights[(j * taps) + t];

        // Exchanging the axis with the last one is its own inverse.
        AttributeValue.Ints exchange = new([.. Enumerable.Range(0, rank).Select(a => (long)(a == axis ? last : a == last ? axis : a))]);
        string rows = axis == last ? node.Input(0) : node.Add("Transpose", [node.Input(0)], ("perm", exchange));
        string result = node.Add("MatMul", [rows, node.Add("matrix", Tensor.Of(matrix, count, outputs))]);
        return [axis == last ? result : node.Add("Transpose", [result], ("perm", exchange))];
    }
}
