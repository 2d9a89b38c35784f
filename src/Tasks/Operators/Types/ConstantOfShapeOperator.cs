using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Types;

/// <summary>A tensor of the given dimensions filled with one value, 0 by default (ONNX operator ConstantOfShape).</summary>
[Operator("ConstantOfShape")]
[Input(0, "input", Elements.Int64, Fixed = true)]
[Output(0, "output")]
[Parameter("value", ParameterKind.Tensor)]
[NotDifferentiable("reads nothing but a shape")]
internal sealed class ConstantOfShapeOperator : Operator
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        long[] shape = context.RequiredInts(0);
        if (context.Type(0).Rank != 1 || shape.Any(d => d < 0))
            throw context.Invalid($"its shape is [{string.Join(',', shape)}]");
        return [TensorType.Of(Value(context).Element, [.. shape.Select(d => checked((int)d))])];
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs) =>
        [TensorMove.Expand(Value(context).Reshape(), context.OutputTypes[0].Dimensions.AsSpan())];

    private static Tensor Value(OperatorContext context)
    {
        if (context.Node.Attributes.GetValueOrDefault("value") is not AttributeValue.TensorValue { Value: var value })
            return Tensor.Scalar(0f);
        return value.Count == 1 ? value : throw context.Invalid($"its value is {value.Type} instead of one element");
    }
}
