using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Movement;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Export;

/// <summary>
/// The two orders of a feature map's axes: the graph's, with channels last, and that of ONNX, with channels second. Convolutions and
/// pools of an ONNX model know only the latter; other nodes follow their inputs where they can.
/// </summary>
internal static class ChannelOrder
{
    /// <summary>The permutation from channels last to channels second.</summary>
    /// <param name="rank">3 or 4.</param>
    public static int[] ToSecond(int rank) => rank == 4 ? [0, 3, 1, 2] : [0, 2, 1];

    /// <summary>The permutation from channels second to channels last.</summary>
    /// <param name="rank">3 or 4.</param>
    public static int[] ToLast(int rank) => rank == 4 ? [0, 2, 3, 1] : [0, 2, 1];

    /// <summary>Where an axis of the order with channels last lies in the order with channels second.</summary>
    public static int AxisInSecond(int axis, int rank) => Array.IndexOf(ToSecond(rank), axis);

    /// <summary>A constant whose axes are brought from one order into the other, dimensions of size one added in front.</summary>
    /// <param name="value">The constant.</param>
    /// <param name="rank">The rank of the feature map that it meets.</param>
    public static Tensor WithChannelsSecond(Tensor value, int rank)
    {
        if (value.Count <= 1)
            return value;
        Tensor full = value.Reshape([.. Enumerable.Repeat(1, rank - value.Rank), .. value.Dimensions]);
        return TensorMove.Transpose(full, ToSecond(rank));
    }

    /// <summary>
    /// Whether a node computes each element from the elements of the same place, with broadcasting, or joins along an axis.
    /// </summary>
    public static bool Follows(Node node) => node.Is<IElementwise>() || node.Is<ConcatOperator>() || node.Is<IdentityOperator>();
}
