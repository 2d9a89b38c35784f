using System.Collections.Immutable;
using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>A comparison of two tensors of one type, broadcast against each other; the result is boolean.</summary>
[Input(0, "A", Elements.Numbers, Variable = "T")]
[Input(1, "B", Elements.Numbers, Variable = "T")]
[Output(0, "C")]
[Parameter("axis", ParameterKind.Int, Until = 6)]
[Parameter("broadcast", ParameterKind.Int, Until = 6)]
[NotDifferentiable("compares")]
internal abstract class Comparison : Operator, IElementwise, IKeepsExtent
{
    /// <summary>The method of the kernel <c>Compare</c> that computes it.</summary>
    public abstract string KernelMethod { get; }

    /// <inheritdoc/>
    public override int Operands(Node node) => 2;

    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context) =>
        [TensorType.Of(ElementType.Bool, Broadcasting.Shape(context, context.Type(0), context.Type(1)))];

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs)
    {
        (Tensor a, Tensor b) = (inputs[0]!, inputs[1]!);
        TensorType type = context.OutputTypes[0];
        if (a.Element == ElementType.String)
            return [Strings(type, a, b)];
        // Booleans are compared as the numbers 0 and 1.
        if (a.Element == ElementType.Bool)
            (a, b) = (NumericCast.Convert(a, ElementType.UInt8)!, NumericCast.Convert(b, ElementType.UInt8)!);
        return [NumericDispatch.Run<Code, Tensor>(a.Element, new Code(this, type, a, b))];
    }

    /// <summary>The comparison.</summary>
    protected abstract bool Holds<T>(T a, T b)
        where T : unmanaged, INumber<T>;

    private static Tensor Strings(TensorType type, Tensor a, Tensor b)
    {
        string[] x = a.Values<string>(), z = b.Values<string>();
        var y = new bool[type.Count];
        Broadcasting.Walk(a.Dimensions.AsSpan(), b.Dimensions.AsSpan(), type.Dimensions.AsSpan(), (i, iStep, j, jStep, o, length) =>
        {
            for (int p = 0; p < length; p++)
                y[o + p] = string.Equals(x[i + (p * iStep)], z[j + (p * jStep)], StringComparison.Ordinal);
        });
        return new(type, y);
    }

    private readonly struct Code(Comparison comparison, TensorType type, Tensor a, Tensor b) : INumericCode<Tensor>
    {
        public Tensor Run<T>()
            where T : unmanaged, INumber<T>, IMinMaxValue<T>
        {
            T[] x = a.Values<T>(), z = b.Values<T>();
            var y = new bool[type.Count];
            Comparison self = comparison;
            Broadcasting.Walk(a.Dimensions.AsSpan(), b.Dimensions.AsSpan(), type.Dimensions.AsSpan(), (i, iStep, j, jStep, o, length) =>
            {
                for (int p = 0; p < length; p++)
                    y[o + p] = self.Holds(x[i + (p * iStep)], z[j + (p * jStep)]);
            });
            return new(type, y);
        }
    }

    /// <inheritdoc/>
    public int? ResultAxis(OperatorContext context, IReadOnlyList<int?> axes) =>
        BroadcastExtent.ResultAxis(context, axes);
}
