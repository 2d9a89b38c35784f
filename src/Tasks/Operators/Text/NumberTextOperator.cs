using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;

namespace OptimizerBuild.Operators.Text;

/// <summary>Numbers written as text (internal operator, which Cast and CastLike to strings become).</summary>
[Operator(Type, Domain = Node.InternalDomain)]
[Input(0, "X", Elements.Numbers | Elements.Bool)]
[Output(0, "Y")]
[NotDifferentiable("works on text")]
internal sealed class NumberTextOperator : Operator, IKeepsExtent
{
    /// <summary>The operator's name.</summary>
    public const string Type = "NumberText";

    /// <inheritdoc/>
    public override StringUse OnStrings => StringUse.Reads;

    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context) => [context.Type(0).As(ElementType.String)];

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs) => [TextCast.Format(inputs[0]!)];

    /// <inheritdoc/>
    public int? ResultAxis(OperatorContext context, IReadOnlyList<int?> axes) => axes[0];
}
