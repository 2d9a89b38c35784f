using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Power x^y with broadcasting; the exponent may be of another type, the result has the base's (ONNX operator Pow).</summary>
[Operator("Pow")]
[Input(0, "X", Elements.Numbers)]
[Input(1, "Y", Elements.Numbers)]
[Output(0, "Z")]
[Parameter("axis", ParameterKind.Int, Until = 6)]
[Parameter("broadcast", ParameterKind.Int, Until = 6)]
internal sealed class PowOperator : Operator, IFunctionOfTwoValues
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        (TensorType x, TensorType y) = (context.Type(0), context.Type(1));
        return [TensorType.Of(x.Element, Broadcasting.Shape(context, x, y))];
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs)
    {
        TensorType type = context.OutputTypes[0];
        Tensor x = inputs[0]!, y = inputs[1]!;
        // Integers keep all their 64 bits; everything else is computed in double precision.
        return [x.Element.IsFloat() || y.Element.IsFloat() ? Real(type, x, y) : Whole(type, x, y)];
    }

    /// <inheritdoc/>
    public string KernelMethod => nameof(Float32Binary.Pow);

    /// <inheritdoc/>
    public bool IsAnalytic => true;

    /// <inheritdoc/>
    public override int Operands(Node node) => 2;

    /// <inheritdoc/>
    public double Compute(Node node, double a, double b) => Power(a, b);

    /// <inheritdoc/>
    public (double A, double B) Derivatives(Node node, double a, double b) =>
        (b == 0 ? 0 : b * Power(a, b - 1), a == 0 ? 0 : Power(a, b) * ElementaryFunctions.Log(a));

    private static double Power(double x, double exponent) => exponent == 2 ? x * x : ElementaryFunctions.Pow(x, exponent);

    private static Tensor Real(TensorType type, Tensor x, Tensor y)
    {
        double[] a = NumericCast.Convert(x, ElementType.Float64)!.Values<double>(),
            b = NumericCast.Convert(y, ElementType.Float64)!.Values<double>();
        var result = new double[type.Count];
        Broadcasting.Walk(x.Dimensions.AsSpan(), y.Dimensions.AsSpan(), type.Dimensions.AsSpan(), (i, iStep, j, jStep, o, length) =>
        {
            for (int p = 0; p < length; p++)
                result[o + p] = Power(a[i + (p * iStep)], b[j + (p * jStep)]);
        });
        return NumericCast.Convert(new Tensor(type.As(ElementType.Float64), result), type.Element)!;
    }

    private static Tensor Whole(TensorType type, Tensor x, Tensor y)
    {
        bool isUnsigned = x.Element == ElementType.UInt64 && y.Element == ElementType.UInt64;
        long[] a = NumericCast.Convert(x, ElementType.Int64)!.Values<long>(), b = NumericCast.Convert(y, ElementType.Int64)!.Values<long>();
        var result = new long[type.Count];
        Broadcasting.Walk(x.Dimensions.AsSpan(), y.Dimensions.AsSpan(), type.Dimensions.AsSpan(), (i, iStep, j, jStep, o, length) =>
        {
            for (int p = 0; p < length; p++)
                result[o + p] = Power(a[i + (p * iStep)], b[j + (p * jStep)], isUnsigned);
        });
        return NumericCast.Convert(new Tensor(type.As(ElementType.Int64), result), type.Element)!;
    }

    // Square and multiply (Knuth, "The Art of Computer Programming", 4.6.3), wrapping. Negative exponents give the integer part.
    private static long Power(long x, long exponent, bool isUnsigned)
    {
        if (exponent < 0 && !isUnsigned)
            return x == 1 ? 1 : x == -1 ? ((exponent & 1) == 0 ? 1 : -1) : 0;
        long result = 1;
        for (ulong left = unchecked((ulong)exponent); left > 0; left >>= 1)
        {
            if ((left & 1) != 0)
                result = unchecked(result * x);
            x = unchecked(x * x);
        }
        return result;
    }
}
