using System.IO.Compression;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Models.Harness;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Plan;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Models.Compression;

/// <summary>Every two techniques on a real model: refused with a coded error, or built, the same bytes each time, and run.</summary>
public sealed class TechniquePairTests(ITestOutputHelper output) : IDisposable
{
    // Images of 28×28 bytes behind a header of 16; few, since what is proved here does not depend on how well the model does.
    private const int Images = 32;
    private const int HeaderBytes = 16;
    private const int ImageBytes = 28 * 28;

    private readonly string _data = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + "-idx3-ubyte");

    /// <summary>Each pair is in one of the items, or among those that are refused: nothing is left out in silence.</summary>
    [Fact]
    public void EveryPairIsCoveredOrRefused()
    {
        List<AskedTechnique[]> items = TechniquePairs.Covering();
        output.WriteLine($"{TechniquePairs.Pairs().Count()} pairs, {items.Count} items");
        foreach ((AskedTechnique first, AskedTechnique second) in TechniquePairs.Pairs())
            Assert.True(
                TechniquePairs.IsRefused(first, second) != items.Any(i => i.Contains(first) && i.Contains(second)),
                $"{first.Name} with {second.Name}");
        // Alternatives by the same metadata exclude each other as every metadata has one value.
        Assert.All(items, i => Assert.DoesNotContain(i, a => i.Any(a.IsAlternativeTo)));
    }

    /// <summary>What is refused says so with its code, at the metadata that has to go; all items are accepted.</summary>
    [Fact]
    public void WhatIsRefusedIsRefusedWithItsCode()
    {
        foreach ((string first, string second, string named) in TechniquePairs.Refused)
        {
            AskedTechnique[] pair = [.. TechniquePairs.All.Where(t => t.Name == first || t.Name == second)];
            Assert.Equal(2, pair.Length);
            ModelException error = Assert.Throws<ModelException>(() => Parse("model.onnx", TechniquePairs.Complete(pair)));
            Diagnostic diagnostic = Assert.Single(error.Diagnostics);
            Assert.Equal("OPT0010", diagnostic.Descriptor.Code);
            Assert.Contains(named, diagnostic.Text, StringComparison.Ordinal);
        }
        foreach (AskedTechnique[] item in TechniquePairs.Covering())
            Parse("model.onnx", item);
    }

    /// <summary>
    /// Each item of the covering array, on a student of mnist-lenet5: builds twice to the same plan and the same bytes, with all steps that
    /// were asked for, and the generated code gives bit by bit what the executor gives.
    /// </summary>
    [Fact]
    public void EveryPairBuildsAndRuns()
    {
        SharedAssets.Require();
        WriteImages();
        string model = SharedAssets.Path("models/trained/mnist-lenet5.onnx");
        var built = new List<(string Name, CompilationOutcome Outcome)>();
        foreach (AskedTechnique[] item in TechniquePairs.Covering())
        {
            string name = string.Join(", ", item.Select(t => t.Name));
            TimeSpan before = Environment.CpuUsage.TotalTime;
            CompilationOutcome outcome = Build(model, item, name), again = Build(model, item, name);
            output.WriteLine(FormattableString.Invariant(
                $"{(Environment.CpuUsage.TotalTime - before).TotalSeconds:F1} s, {outcome.Weights.Length} bytes: {name}"));
            Assert.True(outcome.Weights.AsSpan().SequenceEqual(again.Weights), "other bytes in the second build: " + name);
            Assert.True(PlanWriter.Write(outcome.Plan) == PlanWriter.Write(again.Plan), "another plan in the second build: " + name);
            foreach (string step in item.Select(t => t.Step).OfType<string>())
                Assert.True(outcome.Techniques.Any(t => t.Technique == step), $"no {step}: {name}");
            built.Add((name, outcome));
        }
        using var models = GeneratedModels.Compile(
            [.. built.Select((b, i) => PlannedModel.Of(b.Outcome, FormattableString.Invariant($"M{i}")))]);
        for (int i = 0; i < built.Count; i++)
        {
            (string name, CompilationOutcome outcome) = built[i];
            Tensor[] inputs = [.. outcome.Plan.Inputs.Select(CodedWeightsTests.Pattern)];
            Tensor[] expected = new PlanExecutor(outcome.Plan, outcome.Weights).Run(inputs);
            foreach ((Tensor right, Tensor actual) in expected.Zip(models.Run(i, inputs)))
                Assert.True(Same(right, actual), "the generated code gives something else: " + name);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => File.Delete(_data);

    private static bool Same(Tensor a, Tensor b) => PlanExecutor.Bytes(a).SequenceEqual(PlanExecutor.Bytes(b));

    private static CompilationOutcome Build(string model, AskedTechnique[] item, string name, string data)
    {
        try
        {
            return ModelCompiler.Compile(Parse(model, item, data), CancellationToken.None);
        }
        catch (ModelException e)
        {
            throw new InvalidOperationException("does not build: " + name, e);
        }
    }

    private CompilationOutcome Build(string model, AskedTechnique[] item, string name) => Build(model, item, name, _data);

    // No layer goes back to float32 for its noise: with so few bits and samples it would, and then the pair would not be tried.
    private static ModelOptions Parse(string model, AskedTechnique[] item, string data = "data")
    {
        var metadata = item.SelectMany(t => t.Metadata).DistinctBy(m => m.Name).ToDictionary(m => m.Name, m => m.Value);
        metadata["CalibrationData"] = "image=" + data;
        metadata["CalibrationSamples"] = "8";
        metadata["InputScale"] = "1/255";
        metadata["InputType"] = "UInt8";
        metadata["MinSignalToNoise"] = "0";
        metadata["MinOutputSignalToNoise"] = "0";
        if (item.Any(t => t.Name is "Student" or "Recovery" or "Adaptive" or "Block rounding"))
            metadata["RecoverySteps"] = "1";
        return ItemMetadata.Parse(model, metadata, Path.GetTempPath(), "");
    }

    private void WriteImages()
    {
        using var packed = new GZipStream(
            File.OpenRead(SharedAssets.Path("data/mnist/train-images-idx3-ubyte.gz")), CompressionMode.Decompress);
        var bytes = new byte[HeaderBytes + (Images * ImageBytes)];
        packed.ReadExactly(bytes);
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(4), Images);
        File.WriteAllBytes(_data, bytes);
    }
}
