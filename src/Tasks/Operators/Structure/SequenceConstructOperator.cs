using System.Collections.Immutable;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Structure;

/// <summary>A sequence of its inputs (ONNX operator SequenceConstruct).</summary>
[Operator("SequenceConstruct")]
[Input(0, "inputs", Elements.All, Variadic = true)]
[Output(0, "output_sequence")]
internal sealed class SequenceConstructOperator : IStructural
{
    /// <inheritdoc/>
    public ImmutableArray<ModelValue> Resolve(StructureContext context) =>
        [new ModelValue.Sequence([.. Enumerable.Range(0, context.Inputs).Select(context.Tensor)])];
}
