using OptimizerBuild.Compression;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Kernels;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Build;

/// <summary>What a compiler would make of any model: enough for the tasks, which only pass it on.</summary>
internal static class SmallOutcome
{
    public static byte[] QdqModel => [8, 10, 58, 0];

    public static CompilationOutcome Of(ModelOptions options)
    {
        byte[] weights = [.. Enumerable.Range(0, 100).Select(i => (byte)i)];
        return new CompilationOutcome(
            Plan(options, weights),
            weights,
            SourceBytes: 456,
            ExternalDataFiles: [],
            [new LayerOutcome("conv", "Conv", "int8", "", 900, 31.5),
                new LayerOutcome("exotic", "Erf", "float32", "no integer form", 100, null)],
            [new("Quantization", ["quantised 1 of 2 nodes"], new ModelSize(400, 1000, 100), new ModelSize(100, 1000, 100))],
            [Diagnostic.Of(DiagnosticCatalog.NameChanged, null, "output", "a b", "AB")],
            options.ExportOnnx ? QdqModel : null);
    }

    public static ModelPlan Plan(ModelOptions options, byte[] weights) => new()
    {
        Model = options.Name,
        ClassName = options.ClassName,
        Namespace = options.Namespace,
        IsPublic = options.IsPublic,
        Facts = new PlanFacts(Path.GetFileName(options.ModelPath), new string('a', 64), "mixed", 1000, 400, "Top-1", 0.923, 0.915, 10000),
        Inputs = new([new PlanInput("x", "x", BoundaryType.Float32, new([1, 4]), null)]),
        Outputs = new([new PlanOutput("y", "Y", "y", BoundaryType.Float32, new([1, 3]), 0)]),
        Weights = new PlanWeights(options.ResourceName, weights.Length, PackedWeights.Checksum(weights)),
        ArenaBytes = 128,
        Buffers = EquatableList<PlanBuffer>.Empty,
        Steps = EquatableList<PlanStep>.Empty,
    };
}
