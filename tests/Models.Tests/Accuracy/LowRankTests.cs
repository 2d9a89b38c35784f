using OptimizerBuild.Compression;
using OptimizerBuild.Graphs;
using OptimizerBuild.Models.Harness;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Models.Accuracy;

/// <summary>Layers of a smaller rank in real models: less work in the layers that are divided, and the accuracy that there was.</summary>
public sealed class LowRankTests(ITestOutputHelper output)
{
    /// <summary>At most 0.4 of the work of each layer that pays for it: less than half of the whole, within 0.3 points.</summary>
    [Theory]
    [InlineData("Float32")]
    [InlineData("Auto")]
    public void DenseLayersLoseMoreThanHalfOfTheirWork(string precision)
    {
        SharedAssets.Require();
        ModelOptions options = SharedModels.Options("mnist-lenet-300-100") with
        {
            Rank = new(0.4),
            Precision = Enum.Parse<ModelPrecision>(precision),
        };
        ModelCompiler.Compression compression = ModelCompiler.Compress(options);
        TechniqueAccount account = compression.Run.Accounts[0];
        Assert.Equal("LowRank", account.Technique);
        output.WriteLine(string.Join('\n', account.Notes));
        Assert.StartsWith("2 of 3 layers divided", account.Notes[0], StringComparison.Ordinal);
        Assert.True(account.After.Macs <= 0.5 * account.Before.Macs);
        Assert.True(account.After.Bytes <= 0.5 * account.Before.Bytes);
        CompilationOutcome outcome = ModelCompiler.Finish(compression);
        output.WriteLine($"{outcome.Plan.Facts.FloatMetric} → {outcome.Plan.Facts.CompressedMetric}, {outcome.Weights.Length} bytes");
        Assert.True(outcome.Plan.Facts.FloatMetric - outcome.Plan.Facts.CompressedMetric <= 0.003);

        var planned = new PlannedModel(outcome.Plan with { Namespace = "Generated" }, outcome.Weights);
        using GeneratedModels generated = GeneratedModels.Compile([planned]);
        var executor = new Evaluation.PlanExecutor(outcome.Plan, outcome.Weights);
        foreach (Tensor[] sample in ModelInputs.Of("mnist-lenet-300-100", outcome.Plan, 40_000_000, 4))
            Assert.Equal(executor.Run(sample)[0].Values<float>(), generated.Run(0, sample)[0].Values<float>());
    }

    /// <summary>One after the other: ranks, then channels, then what Balanced says of equalisation, then integers.</summary>
    [Fact]
    public void RanksAndChannelsGoTogether()
    {
        SharedAssets.Require();
        ModelOptions options = SharedModels.Options("mnist-lenet5") with
        {
            Rank = RankAmount.Parse("Auto"),
            Sparsity = 0.3,
            SparsityPattern = SparsityPattern.Channel,
            CalibrationSamples = 256,
        };
        ModelCompiler.Compression compression = ModelCompiler.Compress(options);
        Assert.Equal(["LowRank", "ChannelPruning", "Recipe", "Quantization"], compression.Run.Accounts.Select(a => a.Technique));
        CompilationOutcome outcome = ModelCompiler.Finish(compression);
        output.WriteLine($"{string.Join('\n', compression.Run.Accounts.SelectMany(a => a.Notes))}\n{outcome.Plan.Facts.CompressedMetric}");
        Assert.True(outcome.Plan.Facts.FloatMetric - outcome.Plan.Facts.CompressedMetric <= 0.03);
    }
}
