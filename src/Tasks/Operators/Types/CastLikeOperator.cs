using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Types;

/// <summary>The elements converted to the type of another tensor (ONNX operator CastLike).</summary>
[Operator("CastLike")]
[Input(0, "input", Elements.All)]
[Input(1, "target_type", Elements.All)]
[Output(0, "output")]
[Parameter("round_mode", ParameterKind.String, From = 24, Choices = ["up", "down", "nearest"])]
[Parameter("saturate", ParameterKind.Int, From = 19)]
[NotDifferentiable("changes the type: what is not float32 is not trained")]
internal sealed class CastLikeOperator : Operator
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        (TensorType x, TensorType like) = (context.Type(0), context.Type(1));
        return x.Element != ElementType.String && like.Element != ElementType.String
            ? [x.As(like.Element)]
            : throw context.Invalid($"it converts {x} to the type of {like}");
    }

    /// <inheritdoc/>
    public override bool NeedsValue(int input) => input == 0;

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs) =>
        [NumericCast.Convert(
            inputs[0]!, context.OutputTypes[0].Element, CastRounding.Saturates(context.Node), CastRounding.Of(context.Node))!];

    /// <inheritdoc/>
    public override bool IsIdentity(OperatorContext context) => true;

    /// <inheritdoc/>
    public override OperatorArithmetic Arithmetic => OperatorArithmetic.Converts;
}
