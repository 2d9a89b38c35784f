using System.Collections.Immutable;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Structure;

/// <summary>A sequence with one more element, at its end or at a constant position (ONNX operator SequenceInsert).</summary>
[Operator("SequenceInsert")]
[Input(0, "input_sequence", Elements.All)]
[Input(1, "tensor", Elements.All)]
[Input(2, "position", Elements.Indices, Optional = true, Fixed = true)]
[Output(0, "output_sequence")]
internal sealed class SequenceInsertOperator : IStructural
{
    /// <inheritdoc/>
    public ImmutableArray<ModelValue> Resolve(StructureContext context)
    {
        ImmutableArray<string> elements = context.Sequence(0);
        // A position may be the place behind the last element, but those from the end count from the last element.
        int position = context.Integers(2) is [< 0]
            ? context.Position(2, elements.Length, 0)
            : context.Position(2, elements.Length + 1, elements.Length);
        return [new ModelValue.Sequence(elements.Insert(position, context.Tensor(1)))];
    }
}
