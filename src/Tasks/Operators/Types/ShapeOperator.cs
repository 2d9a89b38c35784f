using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;

namespace OptimizerBuild.Operators.Types;

/// <summary>The dimensions of its input from <c>start</c> to before <c>end</c> (ONNX operator Shape); always constant.</summary>
[Operator("Shape")]
[Input(0, "data", Elements.All)]
[Output(0, "shape")]
[Parameter("end", ParameterKind.Int, From = 15)]
[Parameter("start", ParameterKind.Int, From = 15)]
[NotDifferentiable("reads nothing but a type")]
internal sealed class ShapeOperator : Operator, IFoldsFromTypes
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context) =>
        [TensorType.Of(ElementType.Int64, Dimensions(context).Length)];

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs) => Fold(context);

    /// <inheritdoc/>
    public Tensor[] Fold(OperatorContext context)
    {
        long[] dimensions = Dimensions(context);
        return [Tensor.Of(dimensions, dimensions.Length)];
    }

    private static long[] Dimensions(OperatorContext context)
    {
        TensorType x = context.Type(0);
        int start = Bound(context.Node.Int("start", 0)), end = Bound(context.Node.Int("end", x.Rank));
        return [.. x.Dimensions.Skip(start).Take(Math.Max(0, end - start)).Select(d => (long)d)];

        int Bound(long axis) => (int)Math.Clamp(axis < 0 ? axis + x.Rank : axis, 0, x.Rank);
    }

    /// <inheritdoc/>
    public override OperatorArithmetic Arithmetic => OperatorArithmetic.Converts;
}
