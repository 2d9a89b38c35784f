using System.Collections.Immutable;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Structure;

/// <summary>The element of a sequence at a constant position (ONNX operator SequenceAt).</summary>
[Operator("SequenceAt")]
[Input(0, "input_sequence", Elements.All)]
[Input(1, "position", Elements.Indices, Fixed = true)]
[Output(0, "tensor")]
internal sealed class SequenceAtOperator : IStructural
{
    /// <inheritdoc/>
    public ImmutableArray<ModelValue> Resolve(StructureContext context)
    {
        context.Given(1);
        ImmutableArray<string> elements = context.Sequence(0);
        return [new ModelValue.Single(elements[context.Position(1, elements.Length, 0)])];
    }
}
