using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Models.Conformance;

/// <summary>
/// Compares outputs as the ONNX backend test runner does: relative 1e-3 and absolute 1e-7 for real numbers, integers exactly. Real numbers
/// of 16 bits and fewer without a .NET type must be the same number.
/// </summary>
internal static class Tolerance
{
    private const double Relative = 1e-3;
    private const double Absolute = 1e-7;

    /// <summary>How an output differs from the expected one; null where it does not.</summary>
    /// <param name="expected">The expected output.</param>
    /// <param name="actual">The output.</param>
    /// <param name="absolute">The difference that is allowed beside the relative one.</param>
    public static string? Difference(Tensor expected, Tensor actual, double absolute = Absolute)
    {
        if (!expected.Dimensions.AsSpan().SequenceEqual(actual.Dimensions.AsSpan()))
            return $"shape {actual} instead of {expected}";
        if (expected.Element != actual.Element)
            return $"type {actual.Element} instead of {expected.Element}";
        bool narrow = expected.Element.IsNarrowFloat();
        if (narrow)
            (expected, actual) = (NumericCast.Convert(expected, ElementType.Float64)!, NumericCast.Convert(actual, ElementType.Float64)!);
        for (int i = 0; i < expected.Count; i++)
        {
            object e = expected.Data.GetValue(i)!;
            object a = actual.Data.GetValue(i)!;
            if (!(!narrow && expected.Element.IsFloat() ? Close(Real(e), Real(a), absolute) : e.Equals(a)))
                return FormattableString.Invariant($"element {i} is {a} instead of {e}");
        }
        return null;
    }

    private static double Real(object value) =>
        value is Half half ? (double)half : Convert.ToDouble(value, System.Globalization.CultureInfo.InvariantCulture);

    private static bool Close(double expected, double actual, double absolute) =>
        expected.Equals(actual) || (
            double.IsNaN(expected) && double.IsNaN(actual)) || Math.Abs(expected - actual) <= absolute + (Relative * Math.Abs(expected));
}
