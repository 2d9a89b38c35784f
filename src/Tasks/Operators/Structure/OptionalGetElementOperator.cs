using System.Collections.Immutable;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Structure;

/// <summary>What an optional value holds; a value that is not optional is itself (ONNX operator OptionalGetElement).</summary>
[Operator("OptionalGetElement")]
[Input(0, "input", Elements.All)]
[Output(0, "output")]
internal sealed class OptionalGetElementOperator : IStructural
{
    /// <inheritdoc/>
    public ImmutableArray<ModelValue> Resolve(StructureContext context) => context.Given(0) is ModelValue.Optional optional
        ? [optional.Content ?? throw context.Invalid("its optional value is absent")]
        : [context.Given(0)];
}
