using System.Globalization;
using System.Runtime.InteropServices;

namespace OptimizerBuild.Kernels.Tests.Cases;

/// <summary>
/// How far the float32 kernels are from their oracles where there is no fused multiply-add, and results differ by rounding.
/// </summary>
internal static class Rounding
{
    /// <summary>Prints for each float32 kernel the greatest difference from its oracle, relative to values above 1.</summary>
    public static int Run()
    {
        foreach (IGrouping<string, KernelCase> kernel in KernelCases.All.GroupBy(c => c.Kernel))
            if (kernel.Key.StartsWith("Float32", StringComparison.Ordinal))
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"rounding {kernel.Key} {kernel.Max(Largest):e1}"));
        return 0;
    }

    private static double Largest(KernelCase c)
    {
        ReadOnlySpan<byte> expected = c.Expected, actual = c.Actual();
        double largest = 0;
        for (int i = 0; i < expected.Length / sizeof(float); i++)
        {
            ReadOnlySpan<byte> e = expected.Slice(i * sizeof(float), sizeof(float)), a = actual.Slice(i * sizeof(float), sizeof(float));
            if (!e.SequenceEqual(a))
                largest = Math.Max(largest, Difference(MemoryMarshal.Read<float>(e), MemoryMarshal.Read<float>(a)));
        }

        return largest;
    }

    private static double Difference(double expected, double actual) =>
        double.IsNaN(expected) && double.IsNaN(actual) ? 0
        : double.IsFinite(expected) && double.IsFinite(actual) ? Math.Abs(actual - expected) / Math.Max(1, Math.Abs(expected))
        : double.PositiveInfinity;
}
