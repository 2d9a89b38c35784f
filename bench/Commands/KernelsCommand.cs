using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using OptimizerBuild.Bench.Measurement;
using OptimizerBuild.Bench.Reporting;
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

namespace OptimizerBuild.Bench.Commands;

/// <summary>
/// <c>kernels</c>: the product kernels on the layers of the kernel tests' registry <see cref="ProductShapes"/>, each as the build lowers
/// it, against the measured peak of the instruction set's register tile.
/// </summary>
internal sealed class KernelsCommand : BenchCommand
{
    private static readonly Table<StepCost> Columns = new(
        new("kernel", c => c.Step, Width: 25),
        new("layer", c => c.Description, Width: 44),
        new("K MACs", c => c.Macs / 1e3, "F0", 6),
        new("µs", c => c.Microseconds, "F2", 7),
        new("GMAC/s", c => c.GigaMacs, "F1"),
        new("peak", c => c.ComputeShare, "P0", 5) { Title = "of the peak" });

    private readonly Option<double> _seconds;
    private readonly FigureFiles _files;

    /// <summary>Declares the command and its options.</summary>
    public KernelsCommand()
        : base("kernels", "The product kernels on the layers of the kernel tests, against the peak of the register tile")
    {
        _seconds = SecondsOption("each twenty layers");
        _files = new(this);
        Frameworks = new(this);
    }

    /// <summary>Measures every layer in int8 and in float32.</summary>
    /// <param name="seconds">How long each.</param>
    public static IEnumerable<StepCost> Measure(double seconds) =>
        ProductShapes.All.Where(s => s.Kernel != "MatMul").Select(s => Measure(s, isInteger: true, seconds))
            .Concat(ProductShapes.All.Select(s => Measure(s, isInteger: false, seconds)))
            .Concat(ProductShapes.Sparse.SelectMany(s => MeasureSparse(s, seconds)));

    /// <summary>The table of record.</summary>
    public static string Markdown(List<StepCost> costs) =>
        Document.Of("kernels", $"{Machine.Processor}, one thread. {Peaks}.", Columns.Markdown(costs));

    /// <inheritdoc/>
    protected override int Run(ParseResult line)
    {
        Console.WriteLine(Peaks);
        _files.Write(line, Columns.Print(Measure(line.GetValue(_seconds) / 20)), Markdown);
        return 0;
    }

    private static string Peaks =>
        string.Create(CultureInfo.InvariantCulture, $"Peaks of the register tiles: int8 `{KernelPath.Name}` {TilePeaks.Int8:F0} GMAC/s, ")
        + string.Create(CultureInfo.InvariantCulture, $"float32 `{Float32Path.Name}` {TilePeaks.Float32:F0} GMAC/s");

    private static StepCost Measure(ProductShape shape, bool isInteger, double seconds)
    {
        LoweredModel lowered = Lower(shape, isInteger);
        return Measure(lowered, StepOf(lowered), lowered.Weights, shape.ToString(), seconds);
    }

    // The dense kernel, then those that leave out blocks of weights.
    private static IEnumerable<StepCost> MeasureSparse(ProductShape shape, double seconds)
    {
        LoweredModel lowered = Lower(shape, isInteger: true);
        PlanCall dense = StepOf(lowered);
        yield return Measure(lowered, dense, lowered.Weights, shape + ", dense", seconds);
        foreach (int zeros in ProductShapes.Zeros)
        {
            (PlanCall sparse, byte[] weights) = SparseSteps.Of(dense, lowered, zeros);
            yield return Measure(
                lowered, sparse, weights, string.Create(CultureInfo.InvariantCulture, $"{shape}, {zeros} % zero"), seconds);
        }
    }

    private static PlanCall StepOf(LoweredModel lowered) => lowered.Calls.First(s => s.Macs > 0);

    private static StepCost Measure(LoweredModel lowered, PlanCall step, byte[] weights, string description, double seconds)
    {
        StepCall call = KernelBinder.Bind(step);
        var workspace = new Workspace(PackedWeights.Of(weights), lowered.ArenaBytes);
        double fastest = Stopwatches.Fastest(() => call(workspace), seconds);
        int index = lowered.Calls.TakeWhile(s => s.Macs == 0).Count();
        return StepCost.Of(PlanOf(lowered, weights), step with { Description = description }, index, fastest);
    }

    private static LoweredModel Lower(ProductShape shape, bool isInteger)
    {
        Graph graph = GraphOf(shape);
        var model = new CompressedModel(graph);
        if (isInteger)
        {
            var random = new Random(1);
            IReadOnlyList<Tensor>[] inputs = [.. Enumerable.Range(0, 3).Select(_ => (Tensor[])[Noise(graph.TypeOf("x"), random)])];
            SampleSet samples = new(inputs, Synthetic: true);
            var options = new QuantizationOptions
            {
                Precision = ModelPrecision.Int8,
                Calibration = CalibrationMethod.MinMax,
                SearchWeightScales = false,
            };
            model = new Quantizer(options).Apply(model, samples, CancellationToken.None).Model;
        }
        return GraphLowerer.Lower(model, new BoundaryOptions());
    }

    // The layer with a Relu; int8 outputs are made by a second layer, as a last one hands on 32-bit sums.
    private static Graph GraphOf(ProductShape s)
    {
        var random = new Random(7);
        int outputs = s.Kernel == "Depthwise" ? s.Inputs : s.Outputs;
        bool isMap = s.Kernel is "Convolution" or "Depthwise";
        TensorType input = isMap
            ? TensorType.Float32(1, s.Height * s.Stride, s.Width * s.Stride, s.Inputs)
            : TensorType.Float32(s.Height, s.Inputs);
        TensorType output = isMap ? TensorType.Float32(1, s.Height, s.Width, outputs) : TensorType.Float32(s.Height, outputs);
        int pad = s.Window / 2;
        int groups = s.Kernel == "Depthwise" ? s.Inputs : 1;
        Node node = isMap
            ? new Node("layer", "Conv", ["x", "w", "b"], ["y"]).With("channels_last", 1).With("group", groups)
                .With("pads", pad, pad, pad, pad).With("strides", s.Stride, s.Stride)
            : s.Kernel == "Dense" ? new Node("layer", "Gemm", ["x", "w", "b"], ["y"]).With("transB", 1)
            : new Node("layer", "MatMul", ["x", "w"], ["y"]);
        node = node.With("activation", new AttributeValue.Text("Clip")).With("activation_min", new AttributeValue.Float(0));
        TensorType weights =
            isMap ? TensorType.Float32(outputs, s.Kernel == "Depthwise" ? 1 : s.Inputs, s.Window, s.Window)
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

    private static ModelPlan PlanOf(LoweredModel lowered, byte[] weights) => new()
    {
        Model = "layer",
        ClassName = "Layer",
        Namespace = "",
        IsPublic = false,
        Facts = new("", "", "", 0, 0, "", null, null, 0),
        Inputs = lowered.Inputs,
        Outputs = lowered.Outputs,
        States = lowered.States,
        Strings = lowered.Strings,
        Weights = new("layer.weights", weights.Length, PackedWeights.Checksum(weights)),
        ArenaBytes = lowered.ArenaBytes,
        Buffers = lowered.Buffers,
        Values = lowered.Values,
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
