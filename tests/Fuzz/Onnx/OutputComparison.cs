using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Fuzz.Onnx;

/// <summary>Compares outputs with those of the reference.</summary>
internal static class OutputComparison
{
    // As in the tests on drawn graphs: in parts of the greatest element.
    private const double Tolerance = 1e-3;

    // How far results of 16 bits and fewer may lie apart: each is rounded once.
    private const double NarrowTolerance = 2e-2;

    // A model may make much of the last digits of its inputs; so it may of the order of its sums.
    private const double Amplification = 50;

    // Beyond it float32 sums overflow in one order and not in another.
    private const double GreatestTrusted = 1e30;

    /// <summary>The first difference in bits; null where there is none.</summary>
    public static string? Exact(Tensor[] expected, Tensor[] actual) => First(expected, actual, (e, a, _) =>
    {
        for (int i = 0; i < e.Count; i++)
            if (!Equals(e.Data.GetValue(i), a.Data.GetValue(i)))
                return $"element {i} is {a.Data.GetValue(i)} instead of {e.Data.GetValue(i)}";
        return null;
    });

    /// <summary>The first difference beyond what another order of operations explains; null where there is none.</summary>
    /// <param name="expected">The reference's outputs.</param>
    /// <param name="near">The reference's outputs for inputs that differ in their last digits.</param>
    /// <param name="actual">The outputs.</param>
    /// <param name="tolerance">The tolerance in parts of the greatest element; null for the usual one.</param>
    public static string? Close(Tensor[] expected, Tensor[] near, Tensor[] actual, double? tolerance = null) =>
        First(expected, actual, (e, a, o) =>
        {
            if (e.Element == ElementType.String)
                return e.Values<string>().AsSpan().SequenceEqual(a.Values<string>()) ? null : "other texts";
            double[] x = Reals(e), y = Reals(a), n = Reals(near[o]);
            double scale = x.Where(double.IsFinite).Select(Math.Abs).DefaultIfEmpty().Max();
            double moved = x.Zip(n, (p, q) => double.IsFinite(p) && double.IsFinite(q) ? Math.Abs(p - q) : double.PositiveInfinity)
                .Zip(x, (d, p) => double.IsNaN(p) ? 0 : d).Where(d => !double.IsNaN(d)).DefaultIfEmpty().Max();
            bool isReal = e.Element is ElementType.Float32 or ElementType.Float64;
            double allowed = (tolerance ?? (isReal ? Tolerance : e.Element.IsFloat() || e.Element.IsNarrowFloat() ? NarrowTolerance : 0))
                * Math.Max(scale, 1e-3) + (Amplification * moved);
            for (int i = 0; i < x.Length; i++)
                if (!x[i].Equals(y[i]) && !(Math.Abs(x[i] - y[i]) <= allowed) && !(Math.Abs(x[i]) > GreatestTrusted))
                    return FormattableString.Invariant($"element {i} is {y[i]:R} instead of {x[i]:R} (scale {scale:R}, moved {moved:R})");
            return null;
        });

    private static string? First(Tensor[] expected, Tensor[] actual, Func<Tensor, Tensor, int, string?> difference)
    {
        if (expected.Length != actual.Length)
            return $"{actual.Length} outputs instead of {expected.Length}";
        for (int o = 0; o < expected.Length; o++)
        {
            string? found = expected[o].Count != actual[o].Count || expected[o].Element != actual[o].Element
                ? $"{actual[o].Type} instead of {expected[o].Type}" : difference(expected[o], actual[o], o);
            if (found is not null)
                return $"output {o}: {found}";
        }
        return null;
    }

    private static double[] Reals(Tensor tensor) => NumericCast.Convert(tensor, ElementType.Float64)!.Values<double>();
}
