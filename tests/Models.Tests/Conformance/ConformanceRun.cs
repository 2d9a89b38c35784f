using OptimizerBuild.Compression;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering;
using OptimizerBuild.Models.Harness;
using OptimizerBuild.Onnx;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Models.Conformance;

/// <summary>What became of a case.</summary>
/// <param name="Case">The case.</param>
/// <param name="Failure">Why it failed; null where it passed.</param>
internal sealed record ConformanceResult(ConformanceCase Case, string? Failure);

/// <summary>
/// Takes cases the whole way: import, passes, lowering to float32, plan text, generated C#, compilation, execution, comparison.
/// Only a coded error counts as a failure of the case; any other exception fails the run.
/// </summary>
internal static class ConformanceRun
{
    // Large enough that the kernels are compiled a few times only, small enough for the compiler's memory.
    private const int ChunkSize = 110;

    /// <summary>Runs all cases; the results are in their order.</summary>
    /// <param name="cases">The cases.</param>
    /// <param name="absolute">The difference of real numbers that is allowed beside the relative one; null for the suite's.</param>
    public static ConformanceResult[] Run(IReadOnlyList<ConformanceCase> cases, double? absolute = null) =>
        [.. cases.Chunk(ChunkSize).SelectMany(chunk => RunChunk(chunk, absolute))];

    private static ConformanceResult[] RunChunk(ConformanceCase[] cases, double? absolute)
    {
        var results = new ConformanceResult[cases.Length];
        var prepared = new List<(int Index, PlannedModel Model, Tensor[] Inputs, Tensor[] Expected)>();
        for (int i = 0; i < cases.Length; i++)
        {
            try
            {
                prepared.Add(Prepare(cases[i], i));
            }
            catch (ModelException e) when (MoreFixed(cases[i], e) is { } other)
            {
                cases[i] = other;
                i--;
            }
            catch (ModelException e)
            {
                results[i] = new(cases[i], e.Message);
            }
        }

        if (prepared.Count == 0)
            return results;
        using GeneratedModels generated = GeneratedModels.Compile([.. prepared.Select(p => p.Model)]);
        for (int k = 0; k < prepared.Count; k++)
        {
            (int index, _, Tensor[] inputs, Tensor[] expected) = prepared[k];
            string[] names = [.. prepared[k].Model.Plan.Outputs.Select(o => o.OnnxName)];
            string? failure = Failure(expected, BoundedOutputs.Cut(names, generated.Run(k, inputs), expected), absolute);
            generated.WarmUp(k);
            results[index] = new(cases[index],
                failure ?? Failure(expected, BoundedOutputs.Cut(names, generated.Run(k, inputs), expected), absolute));
        }
        return results;
    }

    // The case with the inputs as constants that decide on shapes, where the error says that there are such.
    private static ConformanceCase? MoreFixed(ConformanceCase one, ModelException error)
    {
        ConformanceCase? other = error.Diagnostic.Descriptor == DiagnosticCatalog.DataDependentShape ? one.WithIntegersFixed()
            : error.Diagnostic.Descriptor == DiagnosticCatalog.UnknownText ? one.WithStringsFixed() : null;
        return other?.Fixed.Count > one.Fixed.Count ? other : null;
    }

    private static (int Index, PlannedModel Model, Tensor[] Inputs, Tensor[] Expected) Prepare(ConformanceCase one, int index)
    {
        Tensor[] inputs = one.ReadInputs();
        Tensor[] expected = one.ReadOutputs();
        string name = FormattableString.Invariant($"Case{index}");
        ImportedModel model = OnnxImporter.Import(one.Test.ModelPath, one.Options());
        var compressed = new CompressedModel(PassPipeline.Run(model.Graph));
        LoweredModel lowered = GraphLowerer.Lower(compressed, new BoundaryOptions { ClassName = name });
        return (index, PlannedModel.Of(lowered, name), inputs, expected);
    }

    private static string? Failure(Tensor[] expected, Tensor[] actual, double? absolute) => actual.Length < expected.Length
        ? $"{actual.Length} outputs instead of {expected.Length}"
        : expected.Select((e, o) => absolute is { } a
            ? Tolerance.Difference(e, actual[o], a)
            : Tolerance.Difference(e, actual[o])).FirstOrDefault(d => d is not null);
}
