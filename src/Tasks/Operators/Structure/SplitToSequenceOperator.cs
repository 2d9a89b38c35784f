using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Movement;

namespace OptimizerBuild.Operators.Structure;

/// <summary>
/// A tensor cut along an axis into a sequence (ONNX operator SplitToSequence): Split, and Squeeze where each part is one slice whose
/// dimension is dropped.
/// </summary>
[Operator("SplitToSequence")]
[Input(0, "input", Elements.All)]
[Input(1, "split", Elements.Indices, Optional = true, Fixed = true)]
[Output(0, "output_sequence")]
[Parameter("axis", ParameterKind.Int)]
[Parameter("keepdims", ParameterKind.Int)]
internal sealed class SplitToSequenceOperator : IStructural
{
    // More parts than any model has would only fill the graph.
    private const int MaximumParts = 1 << 14;

    /// <inheritdoc/>
    public ImmutableArray<ModelValue> Resolve(StructureContext context)
    {
        string tensor = context.Tensor(0);
        TensorType type = context.TypeOf(tensor);
        long given = context.Node.Int("axis", 0);
        if (given < -type.Rank || given >= type.Rank)
            throw context.Invalid($"axis {given} lies outside a tensor of rank {type.Rank}");
        int axis = Shapes.Axis(given, type.Rank);
        long[] sizes = Sizes(context, type.Dimensions[axis]);
        string lengths = context.AddConstant("split", Tensor.Of(sizes, sizes.Length));
        ImmutableArray<string> parts = sizes.Length == 0
            ? []
            : context.Add<SplitOperator>([tensor, lengths], sizes.Length, n => SplitOperator.WithAxis(n, axis));
        if (context.Input(1) is null && context.Node.Int("keepdims", 1) == 0 && parts.Length > 0)
        {
            string axes = context.AddConstant("axes", Tensor.Of([(long)axis], 1));
            parts = [.. parts.Select(p => context.Add<SqueezeOperator>([p, axes], 1)[0])];
        }
        return [new ModelValue.Sequence(parts)];
    }

    // One number is the size of all parts but the last; a list says each size; without either every slice is a part.
    private static long[] Sizes(StructureContext context, int length)
    {
        bool isNumber = context.Input(1) is not null && context.TypeOf(context.Tensor(1)).Rank == 0;
        long[] sizes = context.Integers(1) ?? [1];
        if (context.Input(1) is null || isNumber)
        {
            long size = sizes[0];
            if (size < 1 || (length + size - 1) / size > MaximumParts)
                throw context.Invalid($"{length} elements cannot be cut into parts of {size}");
            return [.. Enumerable.Range(0, (int)((length + size - 1) / size)).Select(i => Math.Min(size, length - (i * size)))];
        }
        return sizes.All(s => s >= 0 && s <= length) && sizes.Sum() == length && sizes.Length <= MaximumParts
            ? sizes
            : throw context.Invalid($"its sizes [{string.Join(',', sizes)}] do not add up to {length}");
    }
}
