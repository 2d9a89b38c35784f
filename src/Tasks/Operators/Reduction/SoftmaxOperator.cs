using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Operators.Numerics;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace OptimizerBuild.Operators.Reduction;

/// <summary>exp(x − max) / Σ exp(x − max) along one axis (ONNX operator Softmax).</summary>
[Operator("Softmax")]
internal sealed class SoftmaxOperator : AxisFunction, IDifferentiable
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

    /// <inheritdoc/>
    public void Backward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        if (step.Gradient(0) is not { } dx)
            return;
        T[] y = step.Output(0), dy = step.OutputGradient;
        int length = Length(context), inner = Shapes.Count(context.Type(0).Dimensions.AsSpan()[(AxisOf(context) + 1)..]);
        for (int start = 0; start < y.Length; start += length * inner)
        {
            for (int i = start; i < start + inner; i++)
            {
                T sum = T.Zero;
                for (int j = i; j < i + (length * inner); j += inner)
                    sum += dy[j] * y[j];
                for (int j = i; j < i + (length * inner); j += inner)
                    dx[j] += y[j] * (dy[j] - sum);
            }
        }
    }
}
