using System.Collections.Immutable;
using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>A function of one element of any numeric type: absolute value, negation, sign.</summary>
[Input(0, "X", Elements.Numbers)]
internal abstract class NumericFunction : ElementwiseFunction
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context) => [context.Type(0)];

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs) =>
        [NumericDispatch.Run<Code, Tensor>(inputs[0]!.Element, new Code(this, context.Node, inputs[0]!))];

    /// <inheritdoc/>
    public override double Compute(Node node, double x)
    {
        double y = 0;
        Apply(node, new ReadOnlySpan<double>(in x), new Span<double>(ref y));
        return y;
    }

    /// <summary>The function over a whole tensor.</summary>
    protected abstract void Apply<T>(Node node, ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, INumber<T>, IMinMaxValue<T>;

    private readonly struct Code(NumericFunction function, Node node, Tensor x) : INumericCode<Tensor>
    {
        public Tensor Run<T>()
            where T : unmanaged, INumber<T>, IMinMaxValue<T>
        {
            var y = new T[x.Count];
            function.Apply<T>(node, x.Values<T>(), y);
            return new(x.Type, y);
        }
    }
}
