using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Text;

/// <summary>Strings behind strings, with broadcasting (ONNX operator StringConcat).</summary>
[Operator("StringConcat")]
[Input(0, "X", Elements.String)]
[Input(1, "Y", Elements.String)]
[Output(0, "Z")]
[NotDifferentiable("works on text")]
internal sealed class StringConcatOperator : Operator, IKeepsExtent
{
    /// <inheritdoc/>
    public override int Operands(Node node) => 2;

    /// <inheritdoc/>
    public override StringUse OnStrings => StringUse.Reads;

    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context) =>
        [TensorType.Of(ElementType.String, Broadcasting.Shape(context, context.Type(0), context.Type(1)))];

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs)
    {
        (Tensor a, Tensor b) = (inputs[0]!, inputs[1]!);
        TensorType type = context.OutputTypes[0];
        var result = new string[type.Count];
        Broadcasting.Walk(a.Dimensions.AsSpan(), b.Dimensions.AsSpan(), type.Dimensions.AsSpan(), (i, iStep, j, jStep, o, length) =>
        {
            for (int p = 0; p < length; p++)
                result[o + p] = a.Values<string>()[i + (p * iStep)] + b.Values<string>()[j + (p * jStep)];
        });
        return [new(type, result)];
    }

    /// <inheritdoc/>
    public int? ResultAxis(OperatorContext context, IReadOnlyList<int?> axes) => BroadcastExtent.ResultAxis(context, axes);
}
