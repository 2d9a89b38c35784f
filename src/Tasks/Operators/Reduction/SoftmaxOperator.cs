using OptimizerBuild.Graphs;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace OptimizerBuild.Operators.Reduction;

/// <summary>exp(x − max) / Σ exp(x − max) along one axis (ONNX operator Softmax).</summary>
[Operator("Softmax")]
internal sealed class SoftmaxOperator : AxisFunction
{
    /// <inheritdoc/>
    public override IntegerForm IntegerForm(OperatorContext context) =>
        context.Type(0).Element == ElementType.Float32 ? Operators.IntegerForm.FixedPoint : Operators.IntegerForm.None;

    /// <inheritdoc/>
    protected override void Row(Node node, Span<double> row)
    {
        double max = TensorPrimitives.Max<double>(row);
        for (int i = 0; i < row.Length; i++)
            row[i] = Math.Exp(row[i] - max);
        TensorPrimitives.Divide(row, TensorPrimitives.Sum<double>(row), row);
    }
}
