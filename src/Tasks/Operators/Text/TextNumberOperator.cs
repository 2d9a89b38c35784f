using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;

namespace OptimizerBuild.Operators.Text;

/// <summary>Text read as numbers (internal operator, which Cast and CastLike of strings become).</summary>
[Operator(Type, Domain = Node.InternalDomain)]
[Input(0, "X", Elements.String)]
[Output(0, "Y")]
[Parameter("to", ParameterKind.Int, Required = true)]
[NotDifferentiable("works on text")]
internal sealed class TextNumberOperator : Operator, IKeepsExtent
{
    /// <summary>The operator's name.</summary>
    public const string Type = "TextNumber";

    /// <inheritdoc/>
    public override StringUse OnStrings => StringUse.Reads;

    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context) =>
        [context.Type(0).As((ElementType)context.Node.Int("to", 0))];

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs) =>
        [TextCast.Parse(inputs[0]!, context.OutputTypes[0].Element)];

    /// <inheritdoc/>
    public int? ResultAxis(OperatorContext context, IReadOnlyList<int?> axes) => axes[0];
}
