using System.Collections.Immutable;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>A function of one floating-point element: sigmoid, exponential, square root and their like.</summary>
[Input(0, "X", Elements.Floats)]
internal abstract class FloatFunction : ElementwiseFunction
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context) => [context.Type(0)];

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs)
    {
        Tensor x = inputs[0]!;
        switch (x.Data)
        {
            case float[] v:
                var y = new float[v.Length];
                Apply(context.Node, v, y);
                return [new(x.Type, y)];
            case double[] v:
                return [new(x.Type, Array.ConvertAll(v, e => Compute(context.Node, e)))];
            default:
                return [new(x.Type, Array.ConvertAll(x.Values<Half>(), e => (Half)Compute(context.Node, (double)e)))];
        }
    }

    /// <summary>The function over a whole tensor; overridden where a vectorised form exists.</summary>
    protected virtual void Apply(Node node, ReadOnlySpan<float> x, Span<float> y)
    {
        for (int i = 0; i < x.Length; i++)
            y[i] = (float)Compute(node, x[i]);
    }
}
