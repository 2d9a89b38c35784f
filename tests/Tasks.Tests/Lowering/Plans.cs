using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Data;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Options;
using OptimizerBuild.Passes;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Lowering;

/// <summary>Plans around lowered models, for tests that run them.</summary>
internal static class Plans
{
    /// <summary>A plan of a lowered model.</summary>
    public static ModelPlan Of(LoweredModel lowered) => new()
    {
        Model = "test",
        ClassName = "Model",
        Namespace = "",
        IsPublic = false,
        Facts = new("test.onnx", "", "", 0, 0, "", null, null, 0),
        Inputs = lowered.Inputs,
        Outputs = lowered.Outputs,
        States = lowered.States,
        Strings = lowered.Strings,
        KeepsStrings = lowered.KeepsStrings,
        Weights = new("test.weights", lowered.Weights.Length, PackedWeights.Checksum(lowered.Weights)),
        ArenaBytes = lowered.ArenaBytes,
        Buffers = lowered.Buffers,
        Values = lowered.Values,
        Steps = lowered.Steps,
    };

    /// <summary>An executor of a lowered model, whose outputs depend on nothing but the inputs.</summary>
    public static PlanExecutor Execute(LoweredModel lowered)
    {
        var executor = new PlanExecutor(Of(lowered), lowered.Weights);
        MemoryVerifier.Verify(executor);
        return executor;
    }

    /// <summary>A graph quantised on seeded samples, every node that can be in integers.</summary>
    public static CompressedModel Quantize(Graph graph)
    {
        var random = new Random(11);
        SampleSet samples = new([.. Enumerable.Range(0, 4).Select(_ =>
            (IReadOnlyList<Tensor>)[.. graph.Inputs.Select(i => RandomTensors.Of(random, graph.TypeOf(i)))])], false);
        return new Quantizer(new QuantizationOptions { Precision = ModelPrecision.Int8 }).Apply(new CompressedModel(graph), samples,
            CancellationToken.None).Model;
    }
}
