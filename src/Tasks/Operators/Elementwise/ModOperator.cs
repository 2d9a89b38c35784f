using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>
/// Remainder of a division (ONNX operator Mod): with the divisor's sign, or with <c>fmod</c> with the dividend's, as C's function of that
/// name. What ONNX leaves open is as the kernels have it: an integer modulo zero is 0.
/// </summary>
[Operator("Mod")]
[Parameter("fmod", ParameterKind.Int)]
internal sealed class ModOperator : BinaryArithmetic, IFunctionOfTwoValues
{
    /// <inheritdoc/>
    protected override void Apply<T>(Node node, ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y)
    {
        bool truncates = IsTruncated(node);
        for (int i = 0; i < y.Length; i++)
            y[i] = Remainder.Of(a[i], b[i], truncates);
    }

    /// <inheritdoc/>
    protected override void Apply<T>(Node node, ReadOnlySpan<T> a, T b, Span<T> y)
    {
        bool truncates = IsTruncated(node);
        for (int i = 0; i < y.Length; i++)
            y[i] = Remainder.Of(a[i], b, truncates);
    }

    /// <inheritdoc/>
    protected override void Apply<T>(Node node, T a, ReadOnlySpan<T> b, Span<T> y)
    {
        bool truncates = IsTruncated(node);
        for (int i = 0; i < y.Length; i++)
            y[i] = Remainder.Of(a, b[i], truncates);
    }

    /// <inheritdoc/>
    public override string KernelMethod => nameof(Float32Binary.Mod);

    /// <inheritdoc/>
    public string KernelMethodOf(Node node) => IsTruncated(node) ? nameof(Float32Binary.Fmod) : KernelMethod;

    /// <inheritdoc/>
    public override (double A, double B) Derivatives(Node node, double a, double b) =>
        (1, -(IsTruncated(node) ? Math.Truncate(a / b) : Math.Floor(a / b)));

    private static bool IsTruncated(Node node) => node.Int("fmod", 0) != 0;
}
