using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>x where positive, else alpha·x (ONNX operator LeakyRelu).</summary>
[Operator("LeakyRelu")]
[Input(0, "X", Elements.Floats)]
[Parameter("alpha", ParameterKind.Float)]
internal sealed class LeakyReluOperator : NumericFunction, IPassesFactors
{
    /// <inheritdoc/>
    protected override void Apply<T>(Node node, ReadOnlySpan<T> x, Span<T> y)
    {
        T alpha = T.CreateSaturating(Alpha(node));
        for (int i = 0; i < x.Length; i++)
            y[i] = x[i] < T.Zero ? alpha * x[i] : x[i];
    }

    /// <inheritdoc/>
    public override double Derivative(Node node, double x) => x < 0 ? Alpha(node) : 1;

    /// <inheritdoc/>
    public override KernelCall Kernel(Node node) => new(nameof(Float32Unary), nameof(Float32Unary.LeakyRelu), ("alpha", Alpha(node)));

    /// <summary>The slope below zero (attribute <c>alpha</c>).</summary>
    public static float Alpha(Node node) => node.Float("alpha", 0.01f);
}
