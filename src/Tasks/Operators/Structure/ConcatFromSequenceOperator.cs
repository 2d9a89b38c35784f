using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Movement;

namespace OptimizerBuild.Operators.Structure;

/// <summary>
/// The elements of a sequence one after the other along an axis, or along a new one (ONNX operator ConcatFromSequence): Concat.
/// </summary>
[Operator("ConcatFromSequence")]
[Input(0, "input_sequence", Elements.All)]
[Output(0, "concat_result")]
[Parameter("axis", ParameterKind.Int, Required = true)]
[Parameter("new_axis", ParameterKind.Int)]
internal sealed class ConcatFromSequenceOperator : IStructural
{
    /// <inheritdoc/>
    public ImmutableArray<ModelValue> Resolve(StructureContext context)
    {
        ImmutableArray<string> elements = context.Sequence(0);
        if (elements.IsEmpty)
            throw context.Invalid("its sequence is empty");
        long axis = context.Node.Int("axis", 0);
        if (context.Node.Int("new_axis", 0) != 0)
            elements = Unsqueezed(context, elements, axis);
        return [new ModelValue.Single(context.Add<ConcatOperator>(elements, 1, n => ConcatOperator.WithAxis(n, axis))[0])];
    }

    /// <summary>Tensors with one more dimension of 1 each.</summary>
    /// <param name="context">The node that needs them.</param>
    /// <param name="tensors">The tensors.</param>
    /// <param name="axis">Where the dimension stands in the result.</param>
    public static ImmutableArray<string> Unsqueezed(StructureContext context, ImmutableArray<string> tensors, long axis)
    {
        string axes = context.AddConstant("axes", Tensor.Of([axis], 1));
        return [.. tensors.Select(t => context.Add<UnsqueezeOperator>([t, axes], 1)[0])];
    }
}
