using System.Globalization;
using OptimizerBuild.Compression;
using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Plan;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Models.Accuracy;

/// <summary>Int8 against float32 on the full evaluation data of the development set, run by the kernels that ship.</summary>
public sealed class AccuracyTests(ITestOutputHelper output)
{
    public static TheoryData<string> Cases => SharedModels.Cases;

    /// <summary>Models with labels: by how many of the samples Top-1 may fall at most.</summary>
    public static TheoryData<string, double> Labelled => new()
    {
        { "mnist-lenet-300-100", 3.0 / 3000 },
        { "mnist-lenet5", 3.0 / 3000 },
        { "fashion-mobilenet", 0.005 },
        { "cntk_mnist", 0.002 },
        { "ic_resnet8", 0.005 },
        { "digits-mlp", 0.005 },
        { "fashion-gru", 0.005 },
        { "standard_v3_3", 1.0 / 111 },
    };

    /// <summary>Models with ONNX Runtime's outputs only, by their folder.</summary>
    public static TheoryData<string, string> Golden => new()
    {
        { "kws_dscnn", "mlperf-tiny/kws_dscnn" },
        { "ch_ppocr_mobile_v2.0_cls_infer", "paddleocr/ch_ppocr_mobile_v2.0_cls_infer" },
        { "version-slim-320", "ultraface/version-slim-320" },
        { "tinybert", "tribuo/tinybert" },
    };

    [Theory]
    [MemberData(nameof(Labelled))]
    public void Top1Holds(string name, double tolerance)
    {
        SharedAssets.Require();
        PlanFacts facts = SharedModels.Compile(name).Plan.Facts;
        Assert.Equal("Top-1", facts.Metric);
        Assert.True(facts.CompressedMetric >= facts.FloatMetric - tolerance - 1e-9,
            $"{name}: {facts.FloatMetric} → {facts.CompressedMetric}");
    }

    [Fact]
    public void ReconstructionErrorHolds()
    {
        SharedAssets.Require();
        PlanFacts facts = SharedModels.Compile("ad01").Plan.Facts;
        Assert.Equal("mean squared error", facts.Metric);
        Assert.InRange(facts.FloatMetric!.Value, 9.7, 9.72);
        Assert.InRange(facts.CompressedMetric!.Value, 0, 1.03 * facts.FloatMetric.Value);
    }

    [Theory]
    [MemberData(nameof(Golden))]
    public void OutputsPointWhereOnnxRuntimesDo(string name, string folder)
    {
        SharedAssets.Require();
        CompilationOutcome outcome = SharedModels.Compile(name);
        var executor = new PlanExecutor(outcome.Plan, outcome.Weights);
        foreach ((Tensor[] inputs, Tensor[] expected) in SharedModels.GoldenSets(folder))
        {
            Tensor[] actual = executor.Run(inputs);
            for (int i = 0; i < expected.Length; i++)
            {
                double cosine = TensorAssert.Cosine(expected[i], actual[i]);
                output.WriteLine(FormattableString.Invariant($"{name}, output {i}: cosine {cosine:F5}"));
                Assert.True(cosine >= 0.99, $"{name}, output {i}: cosine {cosine}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void DataAreLikeThoseOfTheTraining(string name)
    {
        SharedAssets.Require();
        Assert.DoesNotContain(SharedModels.Compile(name).Diagnostics, d => d.Descriptor == DiagnosticCatalog.UnlikeTraining);
    }

    [Theory]
    [InlineData("version-slim-320", "ultraface/version-slim-320")]
    [InlineData("ch_ppocr_mobile_v2.0_cls_infer", "paddleocr/ch_ppocr_mobile_v2.0_cls_infer")]
    public void DataOfAnotherScaleThanInTrainingAreWarnedOf(string name, string folder)
    {
        SharedAssets.Require();
        Graph graph = SharedModels.Import(SharedModels.Options(name));
        foreach (float scale in (float[])[255, 1 / 255f])
        {
            var samples = new SampleSet([.. SharedModels.GoldenSets(folder).Select(s => (IReadOnlyList<Tensor>)[.. s.Inputs.Select(x =>
                Tensor.Of([.. x.Values<float>().Select(v => v * scale)], x.Dimensions.AsSpan()))])], Synthetic: false);
            Diagnostic? warning = TrainingStatistics.Check(graph, samples, default);
            output.WriteLine($"{name}, {scale}: {warning?.Text}");
            Assert.NotNull(warning);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void NearlyAllProductsAreIntegers(string name)
    {
        SharedAssets.Require();
        CompilationOutcome outcome = SharedModels.Compile(name);
        long total = outcome.Layers.Sum(l => l.Macs);
        double share = (double)outcome.Layers.Where(l => l.Precision == "int8").Sum(l => l.Macs) / total;
        PlanFacts facts = outcome.Plan.Facts;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name}: {facts.Metric} {facts.FloatMetric} → {facts.CompressedMetric} on {facts.Samples}, "
            + $"{outcome.OutputSignalToNoise:F1} dB, "
            + $"integerMacShare {share:F4}, weights {facts.FloatWeightBytes} → {outcome.Weights.Length}, "
            + $"scratch {outcome.Plan.ArenaBytes}, {facts.Macs} MACs, {outcome.Plan.Steps.Count} steps"));
        foreach (LayerOutcome layer in outcome.Layers.Where(l => l.Precision != "int8"))
            output.WriteLine($"  {layer.Operator} '{layer.Node}' in float32: {layer.Reason}");
        Assert.True(share >= 0.99, $"{name}: {share}");

        // The plan's steps account for all of them.
        Assert.Equal(total, outcome.Plan.Steps.Sum(s => s.Macs));
        Assert.Equal(total, facts.Macs);
    }
}
