using Google.Protobuf;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Simulation;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Fuzz.Onnx;
using OptimizerBuild.Fuzz.Running;
using OptimizerBuild.Graphs;
using OptimizerBuild.Harness;
using OptimizerBuild.Models.Harness;
using OptimizerBuild.Onnx;
using OptimizerBuild.Onnx.Schema;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Control;
using OptimizerBuild.Operators.Quantization;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Plan;
using OptimizerBuild.Reporting;

namespace OptimizerBuild.Fuzz.Targets;

/// <summary>
/// Models: refused with a code, or built; what is built gives the reference's answers in float32 and the simulation's in integers, as a
/// plan
/// and, for some, as generated code; some are built twice to the same bytes. Precision and the rest follow from the model's bytes.
/// </summary>
internal sealed class OnnxTarget() : FuzzTarget("onnx", ".onnx")
{
    // Larger models are only imported: building them takes long, and nothing new.
    private const long MostMacs = 20_000_000;
    private const long MostElements = 1_000_000;
    private const int MostNodes = 400;

    // A few of 255 steps of an output, in parts of its greatest element.
    private const double ToleranceOfSteps = 0.05;

    private const int TwiceOneIn = 4;
    private const int GeneratedOneIn = 12;

    // What the reference evaluator and the kernels compute alike, rounding included.
    private static readonly string[] ExactInFloat =
        ["Add", "Sub", "Mul", "Div", "Concat", "Reshape", "Transpose", "Slice", "Pad", "Expand", "Gather", "Clip", "MaxPool",
            "GlobalMaxPool", "Neg", "Abs", "Relu", "Identity", "Squeeze", "Unsqueeze", "Flatten"];

    private readonly TemporaryFolder _folder = new();

    /// <inheritdoc/>
    public override TimeSpan Deadline => TimeSpan.FromSeconds(90);

    /// <inheritdoc/>
    public override long MostBytes => 1L << 30;

    /// <inheritdoc/>
    public override IEnumerable<byte[]> Seeds() => SeedModels.Own();

    /// <inheritdoc/>
    public override IEnumerable<byte[]> MoreSeeds() => SeedModels.Shared();

    /// <inheritdoc/>
    public override byte[] Mutate(byte[] input, IReadOnlyList<byte[]> others, Random random)
    {
        // Most damage to bytes only breaks the framing of messages.
        if (random.Next(6) == 0 || ModelOf(input) is not { Graph: not null } model)
            return ByteMutation.Of(input, others, random);
        if (random.Next(8) == 0 && ModelOf(others[random.Next(others.Count)]) is { Graph: not null } other)
            ModelMutation.Join(model, other, random);
        else
            ModelMutation.All[random.Next(ModelMutation.All.Count)](model, random);
        return model.ToByteArray();
    }

    /// <inheritdoc/>
    public override Verdict Check(byte[] input, CancellationToken cancellation)
    {
        Random random = RandomOf(input);
        Graph imported = OnnxImporter.Import(input, "fuzz.onnx", ImportOptions.Default, cancellation).Graph;
        string operators = string.Join(' ', imported.Nodes.Select(n => n.OpType).Distinct().Order(StringComparer.Ordinal).Take(4));
        if (imported.Nodes.Length > MostNodes || imported.Types.Values.Sum(t => (long)t.Count) > MostElements
            || new GraphEvaluator(imported).MultiplyAccumulates > MostMacs)
            return new(true, "large " + operators);

        string path = Path.Combine(_folder.Path, "fuzz.onnx");
        File.WriteAllBytes(path, input);
        var options = new ModelOptions
        {
            ModelPath = path,
            Name = "fuzz",
            ClassName = "Fuzzed",
            Namespace = "Generated",
            IsPublic = true,
            Precision = random.Next(3) switch { 0 => ModelPrecision.Float32, 1 => ModelPrecision.Int8, _ => ModelPrecision.Auto },
            ExportOnnx = random.Next(6) == 0,
        };
        bool isTwice = random.Next(TwiceOneIn) == 0, isGenerated = random.Next(GeneratedOneIn) == 0;
        ModelCompiler.Compression compression = ModelCompiler.Compress(options, null, cancellation);
        CompilationOutcome outcome = ModelCompiler.Finish(compression);
        string text = PlanWriter.Write(outcome.Plan);
        if (PlanReader.Read(text) is var reading && (reading.Error is not null || !outcome.Plan.Equals(reading.Plan)))
            throw new ContractException("the plan cannot be read back: " + (reading.Error?.Detail ?? "it differs"));
        if (isTwice)
            RequireSame(outcome, ModelCompiler.Compile(options, cancellation));
        bool exact;
        try
        {
            exact = Compare(compression, outcome, isGenerated, random, cancellation);
        }
        catch (ContractException e)
        {
            e.Data["graph"] = imported.Print() + "\ncompressed as " + options.Precision + ":\n" + compression.Model.Graph.Print();
            throw;
        }
        return new(true, $"{outcome.Plan.Facts.Precision} {(exact ? "exact" : "close")} {operators}");
    }

    /// <inheritdoc/>
    public override void Dispose() => _folder.Dispose();

    private static ModelProto? ModelOf(byte[] input)
    {
        try
        {
            return ModelProto.Parser.ParseFrom(input);
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or IndexOutOfRangeException or ArgumentException)
        {
            return null;
        }
    }

    private static void RequireSame(CompilationOutcome one, CompilationOutcome other)
    {
        string? different = PlanWriter.Write(one.Plan) != PlanWriter.Write(other.Plan) ? "plan"
            : !one.Weights.AsSpan().SequenceEqual(other.Weights) ? "weights"
            : !one.QdqModel.AsSpan().SequenceEqual(other.QdqModel) ? "exported model"
            : ModelReport.Of(one).ToJson() != ModelReport.Of(other).ToJson() ? "report" : null;
        if (different is not null)
            throw new ContractException($"a second build gives another {different}");
    }

    // Whether the outputs were compared bit for bit.
    private static bool Compare(
        ModelCompiler.Compression compression, CompilationOutcome outcome, bool isGenerated, Random random, CancellationToken cancellation)
    {
        Graph imported = compression.Imported.Graph;
        Tensor[] inputs = [.. imported.Inputs.Select(i => RandomInputs.Of(imported.TypeOf(i), random))];
        Tensor[] passed = [.. inputs.Select((x, i) => x.Reshape([.. outcome.Plan.Inputs[i].Dimensions]))];
        Tensor[] actual = new PlanExecutor(outcome.Plan, outcome.Weights).Run(passed);
        if (isGenerated)
        {
            using var generated = GeneratedModels.Compile(new PlannedModel(outcome.Plan, outcome.Weights));
            if (OutputComparison.Exact(actual, generated.Run(0, passed)) is { } other)
                throw new ContractException("generated code and plan differ: " + other);
        }
        Graph graph = compression.Model.Graph;
        GraphQuantization? quantization = compression.Model.Annotation<GraphQuantization>();
        bool isInteger(Node node) => quantization?.Nodes.GetValueOrDefault(node.Name) is { Integer: true };
        bool hasBodies = graph.Nodes.Any(n => OperatorRegistry.Of(n) is IControlFlow);
        if (!graph.Nodes.Any(isInteger))
        {
            Tensor[] near = [.. inputs.Select(x => RandomInputs.Near(x, random))];
            bool isTrusted = true;
            var evaluator = new GraphEvaluator(imported);
            Tensor[] expected = evaluator.Evaluate(inputs, (_, value) => isTrusted &= IsTrusted(value), cancellation);
            // A model that is quantised already rounds to steps also where it runs in float32.
            double? tolerance = graph.Nodes.Any(n => n.Is<FakeQuantizeOperator>() || n.Is<QuantizeLinearOperator>())
                ? ToleranceOfSteps : null;
            if (isTrusted
                && OutputComparison.Close(expected, evaluator.Evaluate(near, null, cancellation), actual, tolerance) is { } difference)
                throw new ContractException("plan and reference differ: " + difference);
            return false;
        }
        var simulation = new QuantizedGraphEvaluator(graph, quantization!);
        Tensor[] simulated = simulation.Evaluate(inputs);
        if (!hasBodies && graph.Nodes.All(n => isInteger(n) || ExactInFloat.Contains(n.OpType)))
        {
            if (OutputComparison.Exact(simulated, actual) is { } difference)
                throw new ContractException("plan and simulation differ: " + difference);
            return true;
        }
        // Float nodes between integer ones round otherwise in the kernels, which the next quantisation may make a step of.
        Tensor[] simulatedNear = simulation.Evaluate([.. inputs.Select(x => RandomInputs.Near(x, random))]);
        if (simulated.All(IsTrusted) && OutputComparison.Close(simulated, simulatedNear, actual, ToleranceOfSteps) is { } distance)
            throw new ContractException("plan and simulation are far apart: " + distance);
        return false;
    }

    // Infinities and huge numbers turn into NaN in one order of operations and not in another.
    private static bool IsTrusted(Tensor value) => value.Data switch
    {
        float[] v => Array.TrueForAll(v, x => Math.Abs(x) < 1e18f),
        double[] v => Array.TrueForAll(v, x => Math.Abs(x) < 1e150),
        Half[] v => Array.TrueForAll(v, x => Math.Abs((float)x) < 30_000),
        _ => true,
    };
}
