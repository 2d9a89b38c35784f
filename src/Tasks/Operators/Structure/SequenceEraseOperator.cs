using System.Collections.Immutable;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Structure;

/// <summary>A sequence without its last element, or without the one at a constant position (ONNX operator SequenceErase).</summary>
[Operator("SequenceErase")]
[Input(0, "input_sequence", Elements.All)]
[Input(1, "position", Elements.Indices, Optional = true, Fixed = true)]
[Output(0, "output_sequence")]
internal sealed class SequenceEraseOperator : IStructural
{
    /// <inheritdoc/>
    public ImmutableArray<ModelValue> Resolve(StructureContext context)
    {
        ImmutableArray<string> elements = context.Sequence(0);
        if (elements.IsEmpty)
            throw context.Invalid("its sequence has no element to erase");
        return [new ModelValue.Sequence(elements.RemoveAt(context.Position(1, elements.Length, elements.Length - 1)))];
    }
}
