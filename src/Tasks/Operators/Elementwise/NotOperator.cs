using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Negation of booleans (ONNX operator Not).</summary>
[Operator("Not")]
[Input(0, "X", Elements.Bool)]
[Output(0, "Y")]
[NotDifferentiable("works on booleans")]
internal sealed class NotOperator : Operator, IElementwise, IKeepsExtent
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context) => [context.Type(0)];

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs) =>
        [new(inputs[0]!.Type, Array.ConvertAll(inputs[0]!.Values<bool>(), b => !b))];

    /// <inheritdoc/>
    public int? ResultAxis(OperatorContext context, IReadOnlyList<int?> axes) => axes[0];
}
