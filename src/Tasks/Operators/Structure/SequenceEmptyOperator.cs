using System.Collections.Immutable;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Structure;

/// <summary>A sequence without elements (ONNX operator SequenceEmpty). Which type they would have does not matter.</summary>
[Operator("SequenceEmpty")]
[Output(0, "output")]
[Parameter("dtype", ParameterKind.Int)]
internal sealed class SequenceEmptyOperator : IStructural
{
    /// <inheritdoc/>
    public ImmutableArray<ModelValue> Resolve(StructureContext context) => [new ModelValue.Sequence([])];
}
