using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;

namespace OptimizerBuild.Operators.Types;

/// <summary>The number of elements of its input (ONNX operator Size); always constant.</summary>
[Operator("Size")]
[Input(0, "data", Elements.All)]
[Output(0, "size")]
[NotDifferentiable("reads nothing but a type")]
internal sealed class SizeOperator : Operator, IFoldsFromTypes
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context) => [TensorType.Of(ElementType.Int64)];

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs) => Fold(context);

    /// <inheritdoc/>
    public Tensor[] Fold(OperatorContext context) => [Tensor.Scalar((long)context.Type(0).Count)];

    /// <inheritdoc/>
    public override OperatorArithmetic Arithmetic => OperatorArithmetic.Converts;
}
