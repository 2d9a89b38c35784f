using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Structure;

namespace OptimizerBuild.Operators.Movement;

/// <summary>Its input unchanged, which may be a value of any kind (ONNX operator Identity).</summary>
[Operator("Identity")]
[Input(0, "input", Elements.All)]
[Output(0, "output")]
internal sealed class IdentityOperator : ReshapingOperator, IStructural
{
    /// <inheritdoc/>
    public ImmutableArray<ModelValue> Resolve(StructureContext context) => [context.Given(0)];

    /// <inheritdoc/>
    protected override int[] Dimensions(OperatorContext context) => [.. context.Type(0).Dimensions];
}
