using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Linear;
using OptimizerBuild.Operators.Movement;
using OptimizerBuild.Operators.Reduction;
using OptimizerBuild.Operators.Types;

namespace OptimizerBuild.Passes;

/// <summary>
/// Moves transpositions towards the outputs, through every node that computes the same on permuted axes, until they meet another one
/// and are merged with it. Transpositions never move upwards, so that this ends.
/// </summary>
internal sealed class TransposeSinking : LocalRewrite
{
    /// <inheritdoc/>
    protected override bool TryRewrite(GraphEditor editor, Node node)
    {
        if (node.Is<TransposeOperator>())
            return TryMerge(editor, node);
        if (FirstPermutation(editor, node) is not { } perm)
            return false;
        if (Elementwise.IsUnary(node) || node.Is<CastOperator>())
            return node.Inputs.Skip(1).All(i => i.Length == 0 || editor.Constant(i) is { Count: 1 })
                && Sink(editor, node, [Source(editor, node.Input(0), perm)!, .. node.Inputs.Skip(1)], perm, node);
        if (Elementwise.IsBinary(node))
            return TryJoined(editor, node, perm, node);
        return node.As<Operator>() switch
        {
            ConcatOperator => TryJoined(editor, node, perm,
                ConcatOperator.WithAxis(node, perm[Shapes.Axis(ConcatOperator.Axis(node), perm.Length)])),
            AxisFunction => Sink(editor, node, [Source(editor, node.Input(0), perm)!], perm,
                AxisFunction.WithAxis(node, perm[Shapes.Axis(AxisFunction.Axis(node), perm.Length)])),
            AxisResamplingOperator => Sink(editor, node, [Source(editor, node.Input(0), perm)!, .. node.Inputs.Skip(1)], perm,
                AxisResamplingOperator.WithAxis(node, perm[Shapes.Axis(AxisResamplingOperator.Axis(node), perm.Length)])),
            PadOperator => TryPad(editor, node, perm),
            SliceOperator => TrySlice(editor, node, perm),
            ReduceOperator => TryReduce(editor, node, perm),
            _ => false,
        };
    }

    /// <summary>The type of a transposed value.</summary>
    public static TensorType Permuted(TensorType type, ReadOnlySpan<long> perm)
    {
        var dimensions = new int[perm.Length];
        for (int i = 0; i < dimensions.Length; i++)
            dimensions[i] = type.Dimensions[(int)perm[i]];
        return TensorType.Of(type.Element, dimensions);
    }

    /// <summary>The permutation that undoes another.</summary>
    public static long[] Inverse(ReadOnlySpan<long> perm)
    {
        var inverse = new long[perm.Length];
        for (int i = 0; i < perm.Length; i++)
            inverse[perm[i]] = i;
        return inverse;
    }

    // Two in a row are one, or none.
    private static bool TryMerge(GraphEditor editor, Node node)
    {
        if (Permutation(editor, node.Input(0)) is not { } first || TransposeOperator.Permutation(node) is not { } second)
            return false;
        Node before = editor.Producer(node.Input(0))!;
        long[] both = [.. second.Select(axis => first[axis])];
        editor.Replace(node, TransposeOperator.WithPermutation(node, both) with { Inputs = [before.Input(0)] });
        editor.Prune(before.Outputs[0]);
        return true;
    }

    private static bool TryJoined(GraphEditor editor, Node node, long[] perm, Node changed)
    {
        if (editor.TypeOf(node.Outputs[0]).Rank != perm.Length)
            return false;
        if (!node.Inputs.All(i => CanPermute(editor, i, perm)))
            return false;
        return Sink(editor, node, [.. node.Inputs.Select(i => Source(editor, i, perm) ?? Permute(editor, node, i, perm))], perm, changed);
    }

    private static bool TryPad(GraphEditor editor, Node node, long[] perm)
    {
        int rank = perm.Length;
        if (node.HasInput(3) || editor.Constant(node.Input(1))?.ToInt64() is not { } pads || pads.Length != 2 * rank)
            return false;
        var moved = new long[pads.Length];
        for (int i = 0; i < rank; i++)
            (moved[perm[i]], moved[rank + perm[i]]) = (pads[i], pads[rank + i]);
        string constant = editor.AddConstant(node.Input(1), Tensor.Of(moved, moved.Length));
        return Sink(editor, node, [Source(editor, node.Input(0), perm)!, constant, .. node.Inputs.Skip(2)], perm, node);
    }

    private static bool TrySlice(GraphEditor editor, Node node, long[] perm)
    {
        if (editor.Constant(node.Input(1)) is not { } starts || editor.Constant(node.Input(2)) is null
            || (node.HasInput(4) && editor.Constant(node.Input(4)) is null)
            || (node.HasInput(3) && editor.Constant(node.Input(3)) is null))
            return false;
        long[] axes = node.HasInput(3) ? editor.Constant(node.Input(3))!.ToInt64()
            : [.. Enumerable.Range(0, starts.Count).Select(i => (long)i)];
        string moved = editor.AddConstant(node.Name + ".axes", Ints([.. axes.Select(a => perm[Shapes.Axis(a, perm.Length)])],
            starts.Element));
        return Sink(editor, node, [Source(editor, node.Input(0), perm)!, node.Input(1), node.Input(2), moved, .. node.Inputs.Skip(4)],
            perm, node);
    }

    private static bool TryReduce(GraphEditor editor, Node node, long[] perm)
    {
        if (editor.Constant(node.Input(1))?.ToInt64() is not { Length: > 0 } given)
            return false;
        int[] axes = [.. given.Select(a => Shapes.Axis(a, perm.Length))];
        long[] moved = [.. axes.Select(a => perm[a])];
        long[] after = perm;
        if (!ReduceOperator.KeepsDimensions(node))
        {
            // The axes that remain, numbered anew among those that remain on the other side.
            long[] kept = [.. perm.Where((_, i) => !axes.Contains(i))];
            long[] sorted = [.. kept.Order()];
            after = [.. kept.Select(a => (long)Array.IndexOf(sorted, a))];
        }
        return Sink(editor, node, [Source(editor, node.Input(0), perm)!, editor.AddConstant(node.Input(1),
            Tensor.Of(moved, moved.Length))], after, node);
    }

    private static Tensor Ints(long[] values, ElementType element) =>
        element == ElementType.Int32 ? Tensor.Of(Array.ConvertAll(values, v => (int)v), values.Length) : Tensor.Of(values, values.Length);

    // Puts the node before the transposition.
    private static bool Sink(GraphEditor editor, Node node, string[] inputs, long[] perm, Node changed)
    {
        TensorType type = editor.TypeOf(node.Outputs[0]);
        string value = editor.AddValue(node.Name + ".untransposed", Permuted(type, Inverse(perm)));
        editor.Replace(node, ElementwiseFusion.Retyped(changed, editor.TypeOf(value)) with { Inputs = [.. inputs], Outputs = [value] },
            TransposeOperator.Create(editor.UniqueName(node.Name + ".transpose"), value, node.Outputs[0], perm));
        foreach (string input in node.Inputs)
            editor.Prune(input);
        return true;
    }

    private static long[]? FirstPermutation(GraphEditor editor, Node node)
    {
        if (node.Outputs.Length != 1)
            return null;
        int operands = Math.Min(OperatorRegistry.Of(node).Operands(node), node.Inputs.Length);
        for (int i = 0; i < operands; i++)
            if (Permutation(editor, node.Input(i)) is { } perm)
                return perm;
        return null;
    }

    private static long[]? Permutation(GraphEditor editor, string value) =>
        editor.Producer(value) is { } node && node.Is<TransposeOperator>() && editor.Constant(node.Input(0)) is null
            ? TransposeOperator.Permutation(node)
            : null;

    // What stands before the transposition, where the value comes from one of the same permutation.
    private static string? Source(GraphEditor editor, string value, long[] perm) =>
        Permutation(editor, value) is { } own && own.AsSpan().SequenceEqual(perm) ? editor.Producer(value)!.Input(0) : null;

    // Constants are transposed at build time; values where only dimensions of size one move are reshaped.
    private static bool CanPermute(GraphEditor editor, string value, long[] perm)
    {
        if (Source(editor, value, perm) is not null)
            return true;
        TensorType type = editor.TypeOf(value);
        return type.Rank <= perm.Length && (editor.Constant(value) is not null || MovesOnlyOnes(Padded(type, perm.Length), Inverse(perm)));
    }

    private static string Permute(GraphEditor editor, Node node, string value, long[] perm)
    {
        long[] inverse = Inverse(perm);
        TensorType padded = Padded(editor.TypeOf(value), perm.Length);
        if (editor.Constant(value) is { } constant)
        {
            return constant.Count == 1 && !node.Is<ConcatOperator>() ? value
                : editor.AddConstant(value, ConstantArithmetic.Transpose(constant.Reshape(padded.Dimensions.AsSpan()),
                Array.ConvertAll(inverse, a => (int)a)));
        }
        string moved = editor.AddValue(value + ".moved", Permuted(padded, inverse));
        editor.InsertBefore(node, ReshapeMerging.Reshape(editor, editor.UniqueName(node.Name + ".operand"), value, moved));
        return moved;
    }

    private static TensorType Padded(TensorType type, int rank) =>
        new(type.Element, [.. Enumerable.Repeat(1, rank - type.Rank), .. type.Dimensions]);

    private static bool MovesOnlyOnes(TensorType type, long[] perm)
    {
        ImmutableArray<int> dimensions = type.Dimensions;
        long[] moving = [.. perm.Where(a => dimensions[(int)a] != 1)];
        return moving.AsSpan().SequenceEqual([.. moving.Order()]);
    }
}
