using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Numerics;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace OptimizerBuild.Operators.Reduction;

/// <summary>x − max − log Σ exp(x − max) along one axis (ONNX operator LogSoftmax).</summary>
[Operator("LogSoftmax")]
internal sealed class LogSoftmaxOperator : AxisFunction
{
    /// <inheritdoc/>
    public override string FloatMethod => nameof(Float32Softmax.Logarithm);

    /// <inheritdoc/>
    public override string IntegerKernel => nameof(Int8LogSoftmax);

    /// <inheritdoc/>
    protected override void Row(Node node, Span<double> row)
    {
        double max = TensorPrimitives.Max<double>(row), sum = 0;
        foreach (double x in row)
            sum += ElementaryFunctions.Exp(x - max);
        TensorPrimitives.Subtract(row, max + ElementaryFunctions.Log(sum), row);
    }
}
