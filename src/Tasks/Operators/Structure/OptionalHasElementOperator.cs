using System.Collections.Immutable;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Structure;

/// <summary>
/// Whether an optional value is there: a constant (ONNX operator OptionalHasElement). An omitted input is absent, a value that is not
/// optional is there.
/// </summary>
[Operator("OptionalHasElement")]
[Input(0, "input", Elements.All, Optional = true)]
[Output(0, "output")]
internal sealed class OptionalHasElementOperator : IStructural
{
    /// <inheritdoc/>
    public ImmutableArray<ModelValue> Resolve(StructureContext context) =>
        [new ModelValue.Single(context.AddConstant("present",
            Tensor.Scalar(context.Input(0) is not (null or ModelValue.Optional { Content: null }))))];
}
