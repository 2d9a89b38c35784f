using System.Globalization;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels.Tests.Cases;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;

namespace OptimizerBuild.Bench.Measurement;

/// <summary>
/// Layers of 1 to 512 channels, windows of 1 to 39 and products of one to many rows, and every elementwise function: where kernels are
/// far from their bound without a model's telling it.
/// </summary>
internal static class KernelSweep
{
    /// <summary>The most multiply-accumulates of a layer: about a millisecond, as a rule, and quickly calibrated.</summary>
    private const long MostMacs = 10_000_000;

    private static readonly double[] Exponents = [2, 3, 0.5, -1, -0.5, 1.7, 2.4, 0.3, 10, -2];

    /// <summary>The layers.</summary>
    public static IEnumerable<ProductShape> Shapes()
    {
        int[] channels = [1, 2, 3, 4, 8, 16, 24, 64, 128, 512];
        int[] windows = [3, 5, 7, 11, 39];
        IEnumerable<ProductShape> pointwise =
            from inputs in channels from outputs in channels select new ProductShape("Convolution", 14, 14, inputs, outputs);
        IEnumerable<ProductShape> spatial =
            from window in windows
            from size in (int[])[1, 3, 8, 16, 64]
            from outputs in (int[])[1, 8, size]
            select new ProductShape("Convolution", 16, 16, size, outputs, window);
        IEnumerable<ProductShape> depthwise =
            from window in windows
            from size in (int[])[8, 24, 64, 144, 512]
            from stride in (int[])[1, 2]
            select new ProductShape("Depthwise", 14, 14, size, 1, window, stride);
        IEnumerable<ProductShape> dense =
            from rows in (int[])[1, 2, 8, 64]
            from inputs in (int[])[8, 64, 300, 1280]
            from outputs in (int[])[1, 10, 64, 1000]
            select new ProductShape("Dense", rows, 1, inputs, outputs);
        return pointwise.Concat(spatial).Concat(depthwise).Concat(dense).Where(s => s.Macs <= MostMacs).Distinct();
    }

    /// <summary>The elementwise functions, in float32.</summary>
    /// <param name="seconds">How long each is measured.</param>
    public static IEnumerable<StepCost> Functions(double seconds)
    {
        foreach ((string domain, string type) in OperatorRegistry.All)
        {
            Node node = new("function", type, ["x"], ["y"]) { Domain = domain };
            if (OperatorRegistry.Of(node) is FloatFunction && SingleLayer.Function(node, NoConstants, type, seconds) is { } cost)
                yield return cost;
            node = node with { Inputs = ["x", "x"] };
            if (OperatorRegistry.Of(node) is IFunctionOfTwoValues && SingleLayer.Function(node, NoConstants, type, seconds) is { } both)
                yield return both;
        }
        foreach (double exponent in Exponents)
        {
            var constants = new Dictionary<string, Tensor> { ["c"] = new(TensorType.Float32(), new[] { (float)exponent }) };
            string description = string.Create(CultureInfo.InvariantCulture, $"Pow, exponent {exponent}");
            if (SingleLayer.Function(new("function", "Pow", ["x", "c"], ["y"]), constants, description, seconds) is { } cost)
                yield return cost;
        }
    }

    private static Dictionary<string, Tensor> NoConstants { get; } = [];
}
