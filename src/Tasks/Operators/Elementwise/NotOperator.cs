using System.Collections.Immutable;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Negation of booleans (ONNX operator Not).</summary>
[Operator("Not")]
internal sealed class NotOperator : Operator, IElementwise
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context) =>
        context.Type(0).Element == ElementType.Bool
            ? [context.Type(0)]
            : throw context.Invalid($"its input is {context.Type(0)} instead of booleans");

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs) =>
        [new(inputs[0]!.Type, Array.ConvertAll(inputs[0]!.Values<bool>(), b => !b))];
}
