using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Data;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Kernels.Tests.Cases;
using OptimizerBuild.Lowering;
using OptimizerBuild.Options;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Bench;

/// <summary>
/// <c>kernels</c>: the product kernels on the layers of the kernel tests' registry <see cref="ProductShapes"/>, each as the build lowers
/// it, against the measured peak of the instruction set's register tile.
/// </summary>
internal static class KernelsCommand
{
    /// <summary>Runs the command.</summary>
    /// <returns>The process's exit code.</returns>
    public static int Run(BenchArguments arguments)
    {
        List<StepCost> costs = Measure(arguments.Seconds / 20);
        Console.WriteLine(Text(costs));
        if (arguments.Json is { } json)
            File.WriteAllText(json, JsonSerializer.Serialize(costs, Json.Format) + "\n");
        if (arguments.Markdown is { } markdown)
            File.WriteAllText(markdown, Markdown(costs));
        return 0;
    }

    /// <summary>Measures every layer in int8 and in float32.</summary>
    /// <param name="seconds">How long each.</param>
    public static List<StepCost> Measure(double seconds) =>
    [
        .. ProductShapes.All.Where(s => s.Kernel != "MatMul").Select(s => Measure(s, isInteger: true, seconds)),
        .. ProductShapes.All.Select(s => Measure(s, isInteger: false, seconds)),
    ];

    /// <summary>The table of record.</summary>
    public static string Markdown(List<StepCost> costs)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{Machine.Processor}, one thread. Peaks of the register tiles: int8 `{KernelPath.Name}` {TilePeaks.Int8:F0} GMAC/s, float32 `{Float32Path.Name}` {TilePeaks.Float32:F0} GMAC/s.\n");
        text.Append("Made by `dotnet run -c Release --project bench -- kernels --markdown FILE`.\n\n");
        text.Append("| kernel | layer | K MACs | µs | GMAC/s | of the peak |\n|---|---|---|---|---|---|\n");
        foreach (StepCost c in costs)
            text.Append(CultureInfo.InvariantCulture, $"| {c.Step} | {c.Description} | {c.Macs / 1e3:F0} | {c.Microseconds:F2} | {c.GigaMacs:F1} | {c.ComputeShare:P0} |\n");
        return text.ToString();
    }

    private static string Text(List<StepCost> costs)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"peaks of the register tiles: int8 {KernelPath.Name} {TilePeaks.Int8:F1} GMAC/s, float32 {Float32Path.Name} {TilePeaks.Float32:F1} GMAC/s\n");
        text.Append(CultureInfo.InvariantCulture, $"{"µs",9} {"K MACs",9} {"GMAC/s",8} {"peak",6}  kernel\n");
        foreach (StepCost c in costs)
            text.Append(CultureInfo.InvariantCulture, $"{c.Microseconds,9:F2} {c.Macs / 1e3,9:F0} {c.GigaMacs,8:F1} {c.ComputeShare,6:P0}  {c.Step}: {c.Description}\n");
        return text.ToString();
    }

    private static StepCost Measure(ProductShape shape, bool isInteger, double seconds)
    {
        Graph graph = GraphOf(shape);
        var model = new CompressedModel(graph);
        if (isInteger)
        {
            var random = new Random(1);
            SampleSet samples = new([.. Enumerable.Range(0, 3).Select(_ => (IReadOnlyList<Tensor>)[Noise(graph.TypeOf("x"), random)])], Synthetic: true);
            var options = new QuantizationOptions { Precision = ModelPrecision.Int8, Calibration = CalibrationMethod.MinMax, SearchWeightScales = false };
            model = new Quantizer(options).Apply(model, samples, CancellationToken.None).Model;
        }
        LoweredModel lowered = GraphLowerer.Lower(model, new BoundaryOptions());
        ModelPlan plan = PlanOf(lowered);
        int index = lowered.Steps.ToList().FindIndex(s => s.Macs > 0);
        StepCall call = KernelBinder.Bind(lowered.Steps[index]);
        var workspace = new Workspace(PackedWeights.Of(lowered.Weights), lowered.ArenaBytes);
        double fastest = Stopwatches.Fastest(() => call(workspace), seconds);
        return StepCost.Of(plan, lowered.Steps[index] with { Description = shape.ToString() }, index, fastest);
    }

    // The layer with a Relu; int8 outputs are made by a second layer, as a last one hands on 32-bit sums.
    private static Graph GraphOf(ProductShape s)
    {
        var random = new Random(7);
        int outputs = s.Kernel == "Depthwise" ? s.Inputs : s.Outputs;
        bool isMap = s.Kernel is "Convolution" or "Depthwise";
        TensorType input = isMap ? TensorType.Float32(1, s.Height * s.Stride, s.Width * s.Stride, s.Inputs) : TensorType.Float32(s.Height, s.Inputs);
        TensorType output = isMap ? TensorType.Float32(1, s.Height, s.Width, outputs) : TensorType.Float32(s.Height, outputs);
        int pad = s.Window / 2;
        Node node = isMap
            ? new Node("layer", "Conv", ["x", "w", "b"], ["y"]).With("channels_last", 1).With("group", s.Kernel == "Depthwise" ? s.Inputs : 1)
                .With("pads", pad, pad, pad, pad).With("strides", s.Stride, s.Stride)
            : s.Kernel == "Dense" ? new Node("layer", "Gemm", ["x", "w", "b"], ["y"]).With("transB", 1) : new Node("layer", "MatMul", ["x", "w"], ["y"]);
        node = node.With("activation", new AttributeValue.Text("Clip")).With("activation_min", new AttributeValue.Float(0));
        TensorType weights = isMap ? TensorType.Float32(outputs, s.Kernel == "Depthwise" ? 1 : s.Inputs, s.Window, s.Window)
            : s.Kernel == "Dense" ? TensorType.Float32(outputs, s.Inputs) : TensorType.Float32(s.Inputs, outputs);
        var constants = new Dictionary<string, Tensor> { ["b"] = Noise(TensorType.Float32(outputs), random) };
        if (s.Kernel != "MatMul")
            constants["w"] = Noise(weights, random);
        var types = new Dictionary<string, TensorType> { ["x"] = input, ["y"] = output };
        if (s.Kernel == "MatMul")
            types["w"] = weights;
        return new Graph
        {
            Name = "layer",
            Inputs = s.Kernel == "MatMul" ? ["x", "w"] : ["x"],
            Outputs = ["y"],
            Nodes = [node],
            Constants = constants.ToImmutableSortedDictionary(StringComparer.Ordinal),
            Types = types.ToImmutableSortedDictionary(StringComparer.Ordinal),
        };
    }

    private static ModelPlan PlanOf(LoweredModel lowered) => new()
    {
        Model = "layer",
        ClassName = "Layer",
        Namespace = "",
        IsPublic = false,
        Facts = new("", "", "", 0, 0, "", null, null, 0),
        Inputs = lowered.Inputs,
        Outputs = lowered.Outputs,
        Weights = new("layer.weights", lowered.Weights.Length, PackedWeights.Checksum(lowered.Weights)),
        ArenaBytes = lowered.ArenaBytes,
        Buffers = lowered.Buffers,
        Steps = lowered.Steps,
    };

    private static Tensor Noise(TensorType type, Random random)
    {
        var values = new float[type.Count];
        for (int i = 0; i < values.Length; i++)
            values[i] = random.NextSingle() - 0.5f;
        return new(type, values);
    }
}
