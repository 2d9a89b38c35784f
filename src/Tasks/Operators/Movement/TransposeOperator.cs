using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Movement;

/// <summary>The dimensions in another order, reversed by default (ONNX operator Transpose).</summary>
[Operator("Transpose")]
[Input(0, "data", Elements.All)]
[Output(0, "transposed")]
[Parameter("perm", ParameterKind.Ints)]
internal sealed class TransposeOperator : MovementOperator, IKeepsExtent, IPassesFactors
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        TensorType x = context.Type(0);
        return [new(x.Element, [.. Order(context).Select(i => x.Dimensions[i])])];
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs) =>
        [TensorMove.Transpose(inputs[0]!, Order(context))];

    /// <summary>For each axis of the output the axis of the input.</summary>
    /// <exception cref="Diagnostics.ModelException">The permutation is not valid.</exception>
    public static int[] Order(OperatorContext context)
    {
        int rank = context.Type(0).Rank;
        if (Permutation(context.Node) is not { } given)
            return [.. Enumerable.Range(0, rank).Reverse()];
        if (given.Length != rank)
            throw context.Invalid($"perm [{string.Join(',', given)}] does not fit a tensor of rank {rank}");
        int[] order = [.. given.Select(p => context.Axis(p, rank))];
        return order.Distinct().Count() == rank
            ? order
            : throw context.Invalid($"perm [{string.Join(',', given)}] names a dimension twice");
    }

    /// <inheritdoc/>
    public bool PassesOffsets(OperatorContext context, ChannelPort input) => true;

    /// <inheritdoc/>
    public ChannelLinks Links(OperatorContext context, ChannelPort port)
    {
        int[] order = Order(context);
        return ChannelLinks.Of(ChannelLink.Same(
            port.IsOutput ? ChannelPort.Input(0, order[port.Axis]) : ChannelPort.Output(0, Array.IndexOf(order, port.Axis)),
            port.Extent(context)));
    }

    /// <inheritdoc/>
    public override bool IsIdentity(OperatorContext context) => Permutation(context.Node) is { } perm && IsIncreasing(perm);

    /// <summary>For each axis of the output the axis of the input, as the node gives it; null where it reverses all axes.</summary>
    public static long[]? Permutation(Node node) => node.Ints("perm");

    /// <summary>The node with another permutation.</summary>
    public static Node WithPermutation(Node node, params ReadOnlySpan<long> perm) => node.With("perm", perm);

    /// <summary>A node that transposes a value.</summary>
    /// <param name="name">The node's name.</param>
    /// <param name="input">The value.</param>
    /// <param name="output">The transposed value.</param>
    /// <param name="perm">For each axis of the output the axis of the input.</param>
    public static Node Create(string name, string input, string output, params ReadOnlySpan<long> perm) =>
        WithPermutation(NodeOperators.New<TransposeOperator>(name, [input], [output]), perm);

    private static bool IsIncreasing(long[] perm)
    {
        for (int i = 0; i < perm.Length; i++)
            if (perm[i] != i)
                return false;
        return true;
    }

    /// <inheritdoc/>
    public int? ResultAxis(OperatorContext context, IReadOnlyList<int?> axes) =>
        Array.IndexOf(Order(context), axes[0]!.Value);
}
