using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Weights;
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
    /// <summary>How often the forms of a layer take turns, so that what else the machine does meets all of them.</summary>
    private const int Turns = 4;

    /// <summary>The most turns of a layer whose int8 form seems slower: what runs beside it may have met that form alone.</summary>
    private const int MostTurns = 12;

    /// <summary>Measures a layer in int8 or in float32.</summary>
    public static StepCost Measure(ProductShape shape, bool isInteger, double seconds)
    {
        LoweredModel lowered = Lower(GraphOf(shape), isInteger ? PairSums.Bounded : null);
        return Measure(lowered, StepOf(lowered), lowered.Weights, shape.ToString(), seconds);
    }

    /// <summary>Measures a layer in int8 and in float32 by turns.</summary>
    /// <param name="shape">The layer.</param>
    /// <param name="seconds">How long each.</param>
    /// <param name="withAnyWeights">Whether int8 with weights whose pair sums are not bounded is measured, too.</param>
    public static LayerComparison Compare(ProductShape shape, double seconds, bool withAnyWeights)
    {
        Graph graph = GraphOf(shape);
        var bounded = new Turn(Lower(graph, PairSums.Bounded), shape);
        var float32 = new Turn(Lower(graph, null), shape);
        Turn? free = withAnyWeights ? new Turn(Lower(graph, PairSums.Free), shape) : null;
        for (int turn = 0; turn < Turns || (turn < MostTurns && Comparison().IsSlower); turn++)
        {
            bounded.Take(seconds / Turns);
            float32.Take(seconds / Turns);
            free?.Take(seconds / Turns);
        }
        return Comparison();

        LayerComparison Comparison() => new(shape.ToString(), shape.Products, bounded.Least!, float32.Least!, free?.Least);
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
        LoweredModel lowered = Lower(graph, null);
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
        LoweredModel lowered = Lower(GraphOf(shape), isInteger ? PairSums.Bounded : null);
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
    public static LoweredModel Lower(ProductShape shape) => Lower(GraphOf(shape), PairSums.Bounded);

    /// <summary>Lowers a graph.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="pairSums">
    /// Whether int8 weights are lowered as far as the quantiser's bound on pair sums asks for (<see cref="PairBound"/>), whatever it
    /// costs: random weights are spread more evenly than trained ones, so that the bound would be left out where a model's keep it. Null
    /// for float32.
    /// </param>
    private static LoweredModel Lower(Graph graph, PairSums? pairSums)
    {
        var model = new CompressedModel(graph);
        if (pairSums is { } bound)
        {
            var random = new Random(1);
            IReadOnlyList<Tensor>[] inputs = [.. Enumerable.Range(0, 3).Select(_ => (Tensor[])[Noise(graph.TypeOf("x"), random)])];
            SampleSet samples = new(inputs, Synthetic: true);
            var options = new QuantizationOptions
            {
                Precision = ModelPrecision.Int8,
                Calibration = CalibrationMethod.MinMax,
                SearchWeightScales = false,
                PairSums = bound,
                GreatestLossOfPairSums = double.PositiveInfinity,
            };
            model = new Quantizer(options).Apply(model, samples, CancellationToken.None).Model;
        }
        return GraphLowerer.Lower(model, new BoundaryOptions());
    }

    // A form of a layer, and the least of the times that its turns took.
    private sealed class Turn(LoweredModel lowered, ProductShape shape)
    {
        public StepCost? Least { get; private set; }

        public void Take(double seconds)
        {
            StepCost cost = Measure(lowered, StepOf(lowered), lowered.Weights, shape.ToString(), seconds);
            Least = Least is null || cost.Microseconds < Least.Microseconds ? cost : Least;
        }
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
