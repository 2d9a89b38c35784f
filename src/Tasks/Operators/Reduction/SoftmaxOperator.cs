using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Numerics;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace OptimizerBuild.Operators.Reduction;

/// <summary>exp(x − max) / Σ exp(x − max) along one axis (ONNX operator Softmax).</summary>
[Operator("Softmax")]
internal sealed class SoftmaxOperator : AxisFunction
{
    /// <inheritdoc/>
    public override string FloatMethod => nameof(Float32Softmax.Run);

    /// <inheritdoc/>
    public override string IntegerKernel => nameof(Int8Softmax);

    /// <inheritdoc/>
    protected override void Row(Node node, Span<double> row)
    {
        double max = TensorPrimitives.Max<double>(row);
        for (int i = 0; i < row.Length; i++)
            row[i] = ElementaryFunctions.Exp(row[i] - max);
        TensorPrimitives.Divide(row, LaneSums.Sum<double>(row), row);
    }
}
