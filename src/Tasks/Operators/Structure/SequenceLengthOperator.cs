using System.Collections.Immutable;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Structure;

/// <summary>The number of elements of a sequence: a constant (ONNX operator SequenceLength).</summary>
[Operator("SequenceLength")]
[Input(0, "input_sequence", Elements.All)]
[Output(0, "length")]
internal sealed class SequenceLengthOperator : IStructural
{
    /// <inheritdoc/>
    public ImmutableArray<ModelValue> Resolve(StructureContext context) =>
        [new ModelValue.Single(context.AddConstant("length", Tensor.Scalar((long)context.Sequence(0).Length)))];
}
