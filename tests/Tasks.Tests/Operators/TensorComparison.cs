using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators;

/// <summary>Compares tensors as the ONNX test suite does: equal types, elements within |a − b| ≤ absolute + relative·|a|.</summary>
internal static class TensorComparison
{
    /// <summary>Fails with the first difference.</summary>
    public static void AssertClose(Tensor expected, Tensor actual, double relative = 1e-3, double absolute = 1e-6) =>
        Assert.Null(Difference(expected, actual, relative, absolute));

    /// <summary>The first difference in words; null where there is none.</summary>
    public static string? Difference(Tensor expected, Tensor actual, double relative, double absolute)
    {
        if (expected.Type != actual.Type)
            return $"expected {expected.Type}, found {actual.Type}";
        if (expected.Element == ElementType.String)
            return expected.Values<string>().SequenceEqual(actual.Values<string>()) ? null : "strings differ";
        double[] a = NumericCast.Convert(expected, ElementType.Float64)!.Values<double>();
        double[] b = NumericCast.Convert(actual, ElementType.Float64)!.Values<double>();
        for (int i = 0; i < a.Length; i++)
        {
            bool same = a[i].Equals(b[i]) || Math.Abs(a[i] - b[i]) <= absolute + (relative * Math.Abs(a[i]));
            if (!same)
                return $"element {i}: expected {a[i]}, found {b[i]}";
        }
        return null;
    }
}
