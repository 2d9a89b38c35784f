using System.Collections.Immutable;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Structure;

/// <summary>The number of elements of a sequence: a constant (ONNX operator SequenceLength).</summary>
[Operator("SequenceLength")]
internal sealed class SequenceLengthOperator : IStructural
{
    /// <inheritdoc/>
    public ImmutableArray<ModelValue> Resolve(StructureContext context) =>
        [new ModelValue.Single(context.AddConstant("length", Tensor.Scalar((long)context.Sequence(0).Length)))];
}
