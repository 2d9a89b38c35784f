using System.Collections.Immutable;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Types;

/// <summary>The elements converted to another type (ONNX operator Cast).</summary>
[Operator("Cast")]
[Input(0, "input", Elements.All)]
[Output(0, "output")]
[Parameter("round_mode", ParameterKind.String, From = 24, Choices = ["up", "down", "nearest"])]
[Parameter("saturate", ParameterKind.Int, From = 19)]
[Parameter("to", ParameterKind.Int, Required = true)]
[NotDifferentiable("changes the type: what is not float32 is not trained")]
internal sealed class CastOperator : Operator, IKeepsExtent
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        TensorType x = context.Type(0);
        long to = context.Node.Int("to", 0);
        var element = (ElementType)Math.Clamp(to, 0, 1000);
        if (!Enum.IsDefined(element) || element == ElementType.String || x.Element == ElementType.String)
            throw new ModelException(DiagnosticCatalog.UnsupportedElementType, context.Node.Name,
                $"a conversion from {x.Element} to type {to}",
                "Cast converts between all types of numbers and bool");
        return [x.As(element)];
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs) =>
        [NumericCast.Convert(
            inputs[0]!, context.OutputTypes[0].Element, CastRounding.Saturates(context.Node), CastRounding.Of(context.Node))!];

    /// <inheritdoc/>
    public override bool IsIdentity(OperatorContext context) => true;

    /// <summary>The node with the element type that it converts to.</summary>
    public static Node WithType(Node node, ElementType type) => node.With("to", (long)type);

    /// <inheritdoc/>
    public override OperatorArithmetic Arithmetic => OperatorArithmetic.Converts;

    /// <inheritdoc/>
    public int? ResultAxis(OperatorContext context, IReadOnlyList<int?> axes) => axes[0];
}
