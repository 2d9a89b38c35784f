using System.Collections.Immutable;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Data;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels.Tests.Cases;
using OptimizerBuild.Lowering;
using OptimizerBuild.Options;

namespace OptimizerBuild.Bench.Measurement;

/// <summary>
/// Models whose layers multiply signs by signs, and the same models with one weight of each output that is none, so that they run in int8.
/// </summary>
internal static class SignForms
{
    /// <summary>The sizes of the network that is measured as a whole: inputs and the outputs of its layers.</summary>
    public static ImmutableArray<int> Network => [784, 1024, 1024, 10];

    /// <summary>A single layer behind a Sign.</summary>
    public static (LoweredModel Signs, LoweredModel Int8) Of(ProductShape shape)
    {
        bool isMap = shape.Kernel == "Convolution";
        int pad = shape.Window / 2;
        int[] input = isMap ? [1, shape.Height, shape.Width, shape.Inputs] : [shape.Height, shape.Inputs];
        int[] weights = isMap ? [shape.Outputs, shape.Inputs, shape.Window, shape.Window] : [shape.Outputs, shape.Inputs];
        int[] output = isMap ? [1, shape.Height, shape.Width, shape.Outputs] : [shape.Height, shape.Outputs];
        Node layer = new("layer", isMap ? "Conv" : "Gemm", ["s", "w"], ["y"]);
        layer = isMap ? layer.With("channels_last", 1).With("pads", pad, pad, pad, pad) : layer.With("transB", 1);
        return Both(isBinary => new Graph
        {
            Name = "layer",
            Inputs = ["x"],
            Outputs = ["y"],
            Nodes = [new("sign", "Sign", ["x"], ["s"]), layer],
            Constants = Sorted(("w", Weights(weights, isBinary))),
            Types = Sorted(("x", TensorType.Float32(input)), ("s", TensorType.Float32(input)), ("y", TensorType.Float32(output))),
        });
    }

    /// <summary>A network of dense layers with a Sign before each.</summary>
    public static (LoweredModel Signs, LoweredModel Int8) OfNetwork() => Both(isBinary =>
    {
        var nodes = new List<Node>();
        var constants = new List<(string, Tensor)>();
        var types = new List<(string, TensorType)> { ("v0", TensorType.Float32(1, Network[0])) };
        for (int i = 1; i < Network.Length; i++)
        {
            nodes.Add(new($"sign{i}", "Sign", [$"v{i - 1}"], [$"s{i}"]));
            nodes.Add(new Node($"layer{i}", "Gemm", [$"s{i}", $"w{i}"], [$"v{i}"]).With("transB", 1));
            constants.Add(($"w{i}", Weights([Network[i], Network[i - 1]], isBinary)));
            types.Add(($"s{i}", TensorType.Float32(1, Network[i - 1])));
            types.Add(($"v{i}", TensorType.Float32(1, Network[i])));
        }
        return new Graph
        {
            Name = "network",
            Inputs = ["v0"],
            Outputs = [$"v{Network.Length - 1}"],
            Nodes = [.. nodes],
            Constants = Sorted([.. constants]),
            Types = Sorted([.. types]),
        };
    });

    private static (LoweredModel Signs, LoweredModel Int8) Both(Func<bool, Graph> graph)
    {
        return (Lower(graph(true)), Lower(graph(false)));

        static LoweredModel Lower(Graph graph)
        {
            var random = new Random(1);
            TensorType type = graph.TypeOf(graph.Inputs[0]);
            IReadOnlyList<Tensor>[] inputs = [.. Enumerable.Range(0, 3).Select(_ => (Tensor[])[
                new(type, Enumerable.Range(0, type.Count).Select(_ => random.NextSingle() - 0.5f).ToArray())])];
            var options = new QuantizationOptions { Precision = ModelPrecision.Int8, Calibration = CalibrationMethod.MinMax };
            return GraphLowerer.Lower(
                new Quantizer(options).Apply(new(graph), new SampleSet(inputs, Synthetic: true), CancellationToken.None).Model,
                new BoundaryOptions());
        }
    }

    // Powers of two, so that int8 has the same weights; one in each row is half as great where they are not to be binary.
    private static Tensor Weights(int[] dimensions, bool isBinary)
    {
        var random = new Random(dimensions[^1]);
        int length = Shapes.Count(dimensions) / dimensions[0];
        return Tensor.Of([.. Enumerable.Range(0, dimensions[0] * length)
            .Select(i => (random.Next(2) == 0 ? -1 : 1) * (isBinary || i % length > 0 ? 0.0625f : 0.03125f))], dimensions);
    }

    private static ImmutableSortedDictionary<string, T> Sorted<T>(params (string Name, T Value)[] entries) =>
        entries.ToImmutableSortedDictionary(e => e.Name, e => e.Value, StringComparer.Ordinal);
}
