using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Equalization;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Models.Accuracy;

/// <summary>Cross-layer equalisation on real models: the float model stays what it was, and int8 afterwards still holds.</summary>
public sealed class EqualizationTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("ic_resnet8", 6)]
    [InlineData("kws_dscnn", 9)]
    [InlineData("ad01", 9)]
    [InlineData("ch_ppocr_mobile_v2.0_cls_infer", 19)]
    public void EqualisedModelsComputeTheSameAndQuantiseWell(string name, int groups)
    {
        SharedAssets.Require();
        ModelOptions options = SharedModels.Options(name) with { Equalize = true };
        ModelCompiler.Compression compression = ModelCompiler.Compress(options);
        TechniqueAccount account = compression.Run.Accounts[0];
        Assert.Equal("Equalization", account.Technique);
        Assert.StartsWith($"{groups} groups of layers equalised", account.Notes[0], StringComparison.Ordinal);
        Assert.Equal(account.Before, account.After);

        // The technique alone, before anything is rounded.
        CompressionContext context = compression.Context;
        Graph normalised = context.Renormalize(compression.Imported.Graph);
        Graph equalised = new EqualizationTechnique().Apply(new(normalised), context).Model.Graph;
        var before = new GraphEvaluator(normalised);
        var after = new GraphEvaluator(equalised);
        foreach (IReadOnlyList<Tensor> sample in context.Calibration.Samples.Take(8))
            Assert.All(before.Evaluate(sample)[0].Values<float>().Zip(after.Evaluate(sample)[0].Values<float>()), pair =>
                Assert.True(Math.Abs(pair.First - pair.Second) <= 1e-4 * Math.Max(1, Math.Abs(pair.First)), $"{pair}"));

        // Where there are labels their accuracy, else the agreement with the float model, both by the kernels that ship.
        Measurement equal = context.Measure(compression.Model);
        Measurement plain = context.Measure(SharedModels.Compress(name).Model);
        output.WriteLine(FormattableString.Invariant(
            $"{name}: {equal.Metric} float {equal.TeacherAccuracy}, int8 {plain.Accuracy}, equalised int8 {equal.Accuracy}"));
        Assert.True(equal.Drop <= 0.01, $"{name}: {equal.TeacherAccuracy} → {equal.Accuracy}");
        Assert.Equal(plain.Macs, equal.Macs);
    }

    /// <summary>All activations have the bound 6, through which no factor passes: asking for it changes nothing.</summary>
    [Fact]
    public void BoundedActivationsLeaveNothingToEqualise()
    {
        SharedAssets.Require();
        ModelCompiler.Compression compression = ModelCompiler.Compress(SharedModels.Options("fashion-mobilenet") with { Equalize = true });
        Assert.Equal(["no layers between which factors or biases can move"], compression.Run.Accounts[0].Notes);
        Assert.Equal(SharedModels.Compile("fashion-mobilenet").Weights, ModelCompiler.Finish(compression).Weights);
    }
}
