using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Operators.Numerics;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace OptimizerBuild.Operators.Reduction;

/// <summary>x − max − log Σ exp(x − max) along one axis (ONNX operator LogSoftmax).</summary>
[Operator("LogSoftmax")]
internal sealed class LogSoftmaxOperator : AxisFunction, IDifferentiable
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
                    sum += dy[j];
                for (int j = i; j < i + (length * inner); j += inner)
                    dx[j] += dy[j] - (sum * T.CreateTruncating(ElementaryFunctions.Exp(double.CreateTruncating(y[j]))));
            }
        }
    }
}
