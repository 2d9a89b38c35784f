using System.Collections.Immutable;
using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Operators.Numerics;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Elements limited to a range whose bounds are optional inputs (ONNX operator Clip).</summary>
[Operator("Clip")]
[Input(0, "input", Elements.Numbers, Variable = "T")]
[Input(1, "min", Elements.Numbers, Variable = "T", Optional = true, From = 11)]
[Input(2, "max", Elements.Numbers, Variable = "T", Optional = true, From = 11)]
[Output(0, "output")]
[Parameter("min", ParameterKind.Float, Until = 10)]
[Parameter("max", ParameterKind.Float, Until = 10)]
internal sealed class ClipOperator : Operator, IFunctionOfOneValue, IKeepsExtent, IDifferentiable
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        TensorType x = context.Type(0);
        for (int i = 1; i <= 2; i++)
            if (context.Has(i) && context.Type(i).Count != 1)
                throw context.Invalid($"its bound {context.Type(i)} is not one element");
        return [x];
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs) =>
        [NumericDispatch.Run<Code, Tensor>(inputs[0]!.Element, new Code(inputs[0]!, inputs.ElementAtOrDefault(1),
            inputs.ElementAtOrDefault(2)))];

    /// <inheritdoc/>
    public override IntegerForm IntegerForm(OperatorContext context) =>
        context.Type(0).Element == ElementType.Float32 && Fixed(context, 1) && Fixed(context, 2)
            ? Operators.IntegerForm.Table
            : Operators.IntegerForm.None;

    /// <inheritdoc/>
    public double Compute(OperatorContext context, double x)
    {
        (double minimum, double maximum) = Bounds(context);
        return Math.Min(Math.Max(x, minimum), maximum);
    }

    /// <inheritdoc/>
    public double Derivative(OperatorContext context, double x)
    {
        (double minimum, double maximum) = Bounds(context);
        return x > minimum && x < maximum ? 1 : 0;
    }

    // The bounds as constants; without one it is infinite.
    private static (double Minimum, double Maximum) Bounds(OperatorContext context)
    {
        return (Bound(1, double.NegativeInfinity), Bound(2, double.PositiveInfinity));

        double Bound(int input, double otherwise) => !context.Has(input)
            ? otherwise
            : NumericCast.Convert(context.InputConstants[input] ?? throw context.Invalid($"its bound {input} is not constant"),
                ElementType.Float64)!.Values<double>()[0];
    }

    private static bool Fixed(OperatorContext context, int input) => !context.Has(input) || context.InputConstants[input] is not null;

    private readonly struct Code(Tensor x, Tensor? minimum, Tensor? maximum) : INumericCode<Tensor>
    {
        public Tensor Run<T>()
            where T : unmanaged, INumber<T>, IMinMaxValue<T>
        {
            var y = new T[x.Count];
            x.Values<T>().CopyTo(y, 0);
            // First the lower, then the upper bound: where they cross, the upper one wins.
            if (minimum is not null)
                TensorPrimitives.Max(y, minimum.Values<T>()[0], y);
            if (maximum is not null)
                TensorPrimitives.Min(y, maximum.Values<T>()[0], y);
            return new(x.Type, y);
        }
    }

    /// <inheritdoc/>
    public int? ResultAxis(OperatorContext context, IReadOnlyList<int?> axes) => axes[0];

    /// <inheritdoc/>
    public void Backward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        // The bounds may be values of the model; they count as constant.
        T minimum = context.Has(1) ? step.Input(1)[0] : T.NegativeInfinity;
        T maximum = context.Has(2) ? step.Input(2)[0] : T.PositiveInfinity;
        T[] x = step.Input(0), dy = step.OutputGradient;
        if (step.Gradient(0) is { } dx)
            for (int i = 0; i < x.Length; i++)
                dx[i] += x[i] > minimum && x[i] < maximum ? dy[i] : T.Zero;
    }
}
