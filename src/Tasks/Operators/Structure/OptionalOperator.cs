using System.Collections.Immutable;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Structure;

/// <summary>An optional value: of the input where it is given, else an absent one (ONNX operator Optional).</summary>
[Operator("Optional")]
[Input(0, "input", Elements.All, Optional = true)]
[Output(0, "output")]
[Parameter("type", ParameterKind.TypeProto)]
internal sealed class OptionalOperator : IStructural
{
    /// <inheritdoc/>
    public ImmutableArray<ModelValue> Resolve(StructureContext context) =>
        context.Input(0) is null or ModelValue.Single or ModelValue.Sequence
        ? [new ModelValue.Optional(context.Input(0))]
        : throw context.Invalid($"it is given {context.Given(0).Description}");
}
