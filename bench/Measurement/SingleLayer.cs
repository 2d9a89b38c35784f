using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
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

namespace OptimizerBuild.Bench.Measurement;

/// <summary>Models of one layer or one function, lowered as the build lowers them, whose kernel is measured alone.</summary>
internal static class SingleLayer
{
    /// <summary>How often int8 and float32 take turns, so that what else the machine does meets both.</summary>
    private const int Turns = 4;

    /// <summary>Measures a layer in int8 or in float32.</summary>
    public static StepCost Measure(ProductShape shape, bool isInteger, double seconds)
    {
        LoweredModel lowered = Lower(GraphOf(shape), isInteger);
        return Measure(lowered, StepOf(lowered), lowered.Weights, shape.ToString(), seconds);
    }

    /// <summary>Measures a layer in int8 and in float32 by turns.</summary>
    /// <param name="shape">The layer.</param>
    /// <param name="seconds">How long each.</param>
    public static LayerComparison Compare(ProductShape shape, double seconds)
    {
        LoweredModel integers = Lower(GraphOf(shape), isInteger: true);
        LoweredModel floats = Lower(GraphOf(shape), isInteger: false);
        StepCost[] int8 = new StepCost[Turns];
        StepCost[] float32 = new StepCost[Turns];
        for (int turn = 0; turn < Turns; turn++)
        {
            int8[turn] = Measure(integers, StepOf(integers), integers.Weights, shape.ToString(), seconds / Turns);
            float32[turn] = Measure(floats, StepOf(floats), floats.Weights, shape.ToString(), seconds / Turns);
        }
        return new(shape.ToString(), int8.MinBy(c => c.Microseconds)!, float32.MinBy(c => c.Microseconds)!);
    }

    /// <summary>Measures a function of one or two values in float32, with all steps that lowering makes of it.</summary>
    /// <param name="node">The node, which reads <c>x</c> and whose other inputs are constants.</param>
    /// <param name="constants">These.</param>
    /// <param name="description">What the figures say of it.</param>
    /// <param name="seconds">How long.</param>
    /// <returns>The cost, or null where lowering finds no float32 kernel for it.</returns>
    public static StepCost? Function(Node node, IReadOnlyDictionary<string, Tensor> constants, string description, double seconds)
    {
        // Few enough values that a slow function's run is seldom interrupted, enough that the clock's time is nothing beside a quick one's.
        TensorType type = TensorType.Float32(1, 32, 32, 8);
        var graph = new Graph
        {
            Name = "function",
            Inputs = ["x"],
            Outputs = ["y"],
            Nodes = [node],
            Constants = constants.ToImmutableSortedDictionary(StringComparer.Ordinal),
            Types = new Dictionary<string, TensorType> { ["x"] = type, ["y"] = type }.ToImmutableSortedDictionary(StringComparer.Ordinal),
        };
        LoweredModel lowered = Lower(graph, isInteger: false);
        (PlanCall Step, int Index)[] steps =
            [.. lowered.Calls.Select((s, i) => (s, i)).Where(s => s.s.Kernel.StartsWith("Float32", StringComparison.Ordinal))];
        if (steps.Length == 0)
            return null;
        StepCall[] calls = [.. steps.Select(s => KernelBinder.Bind(s.Step))];
        var workspace = new Workspace(PackedWeights.Of(lowered.Weights), lowered.ArenaBytes);
        double fastest = StepTime.Fastest(RunAll, seconds, Filling(workspace, lowered.ArenaBytes));

        // The shares of steps in the same time add up.
        ModelPlan plan = PlanOf(lowered, lowered.Weights);
        StepCost[] costs = [.. steps.Select(s => StepCost.Of(plan, s.Step with { Description = description }, s.Index, fastest))];
        return costs[0] with
        {
            Step = string.Join(", ", costs.Select(c => c.Step)),
            Bytes = costs.Sum(c => c.Bytes),
            TransferShare = costs.Sum(c => c.TransferShare),
        };

        void RunAll()
        {
            foreach (StepCall call in calls)
                call(workspace);
        }
    }

    /// <summary>The dense kernel of a layer, then those that leave out blocks of weights.</summary>
    public static IEnumerable<StepCost> MeasureSparse(ProductShape shape, bool isInteger, double seconds)
    {
        LoweredModel lowered = Lower(GraphOf(shape), isInteger);
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
        double fastest = StepTime.Fastest(() => call(workspace), seconds);
        int index = lowered.Calls.TakeWhile(s => s.Macs == 0).Count();
        return StepCost.Of(PlanOf(lowered, weights), step with { Description = description }, index, fastest);
    }

    // Functions may be quicker at zero: their arguments are filled in, between 0 and 1, and again before each run, since a step whose
    // output takes its input's place would soon work on 0, 1, infinity or denormal numbers.
    private static Action Filling(Workspace workspace, int bytes)
    {
        var random = new Random(3);
        var values = new float[bytes / sizeof(float)];
        for (int i = 0; i < values.Length; i++)
            values[i] = random.NextSingle();
        return () => MemoryMarshal.AsBytes(values.AsSpan()).CopyTo(MemoryMarshal.CreateSpan(ref workspace.Arena(0), bytes));
    }

    /// <summary>Lowers a layer in int8.</summary>
    public static LoweredModel Lower(ProductShape shape) => Lower(GraphOf(shape), isInteger: true);

    private static LoweredModel Lower(Graph graph, bool isInteger)
    {
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
