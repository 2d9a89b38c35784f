using System.Collections.Immutable;
using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Arithmetic that combines two numeric tensors of one type, broadcast against each other, or more of them one by one.</summary>
[Input(0, "A", Elements.Numbers, Variable = "T")]
[Input(1, "B", Elements.Numbers, Variable = "T")]
[Output(0, "C")]
internal abstract class BroadcastArithmetic : Operator, IElementwise, IKeepsExtent
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        TensorType a = context.Type(0), b = context.Type(1);
        FusedActivation.Check(context);
        return [TensorType.Of(a.Element, Broadcasting.Shape(context, a, b))];
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs) =>
        [FusedActivation.Apply(context.Node, Compute(context, inputs[0]!, inputs[1]!))];

    /// <inheritdoc/>
    public override int Operands(Node node) => node.Inputs.Length;

    /// <summary>The operation on two numbers.</summary>
    public double Compute(Node node, double a, double b)
    {
        double y = 0;
        Apply(node, new ReadOnlySpan<double>(in a), new ReadOnlySpan<double>(in b), new Span<double>(ref y));
        return y;
    }

    /// <summary>The operation on two tensors of one numeric type.</summary>
    protected Tensor Compute(OperatorContext context, Tensor a, Tensor b)
    {
        int[] shape = Broadcasting.Shape(context, a.Type, b.Type);
        return NumericDispatch.Run<Code, Tensor>(a.Element, new Code(this, context.Node, a, b, shape));
    }

    /// <summary>The operation on runs of equal length.</summary>
    protected abstract void Apply<T>(Node node, ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y)
        where T : unmanaged, INumber<T>, IMinMaxValue<T>;

    /// <summary>The operation on a run and one element.</summary>
    protected abstract void Apply<T>(Node node, ReadOnlySpan<T> a, T b, Span<T> y)
        where T : unmanaged, INumber<T>, IMinMaxValue<T>;

    /// <summary>The operation on one element and a run.</summary>
    protected abstract void Apply<T>(Node node, T a, ReadOnlySpan<T> b, Span<T> y)
        where T : unmanaged, INumber<T>, IMinMaxValue<T>;

    private readonly struct Code(BroadcastArithmetic operation, Node node, Tensor a, Tensor b, int[] shape) : INumericCode<Tensor>
    {
        public Tensor Run<T>()
            where T : unmanaged, INumber<T>, IMinMaxValue<T>
        {
            Tensor result = Tensor.Zeros(TensorType.Of(a.Element, shape));
            T[] x = a.Values<T>(), z = b.Values<T>(), y = result.Values<T>();
            BroadcastArithmetic self = operation;
            Node n = node;
            Broadcasting.Walk(a.Dimensions.AsSpan(), b.Dimensions.AsSpan(), shape, (i, iStep, j, jStep, o, length) =>
            {
                Span<T> to = y.AsSpan(o, length);
                if (iStep == 0)
                    self.Apply(n, x[i], z.AsSpan(j, length), to);
                else if (jStep == 0)
                    self.Apply(n, x.AsSpan(i, length), z[j], to);
                else
                    self.Apply<T>(n, x.AsSpan(i, length), z.AsSpan(j, length), to);
            });
            return result;
        }
    }

    /// <inheritdoc/>
    public int? ResultAxis(OperatorContext context, IReadOnlyList<int?> axes) =>
        BroadcastExtent.ResultAxis(context, axes);
}
