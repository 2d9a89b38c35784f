using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Channels;
using OptimizerBuild.Graphs;
using OptimizerBuild.Models.Harness;
using OptimizerBuild.Options;
using OptimizerBuild.Passes;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Plan;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Models.Accuracy;

/// <summary>Channels left out of real models: the groups are the right ones, work and bytes fall as asked, and accuracy stays.</summary>
public sealed class ChannelPruningTests(ITestOutputHelper output)
{
    /// <summary>In each model half of the channels of every group, against the whole model with the weights that read them set to zero.
    /// </summary>
    [Theory]
    [InlineData("fashion-mobilenet", 6)]
    [InlineData("ic_resnet8", 5)]
    [InlineData("kws_dscnn", 4)]
    [InlineData("mnist-lenet5", 3)]
    [InlineData("ad01", 9)]
    [InlineData("fashion-gru", 1)]
    [InlineData("version-slim-320", 15)]
    [InlineData("ch_ppocr_mobile_v2.0_cls_infer", 20)]
    public void GroupsOfRealModelsAreRight(string name, int leastGroups)
    {
        SharedAssets.Require();
        ModelOptions options = SharedModels.Options(name);
        Graph imported = SharedModels.Import(options);
        ChannelAnalysis analysis = ChannelAnalysis.Of(PassPipeline.Run(imported));
        ChannelGroup[] groups = [.. analysis.Groups.Where(g => g.Channels.Length > 1)];
        foreach (ChannelGroup group in analysis.Groups)
            output.WriteLine($"{group.Name}: {group.Channels.Length} channels, {group.Sites.Length} places{(group.Obstacle.Length > 0 ? "; "
                + group.Obstacle : "")}");
        Assert.True(groups.Length >= leastGroups, $"{groups.Length} groups");
        HashSet<int> removed = [.. groups.SelectMany(g => g.Channels.Where((_, i) => i % 2 == 1))];
        ChannelOracle.AssertSame(analysis, removed, SharedModels.CalibrationSamples(options, imported, 2), 1e-3);
    }

    /// <summary>Less work by the share that was asked for, and the generated code computes what the executed plan does.</summary>
    [Theory]
    [InlineData("Auto")]
    [InlineData("Float32")]
    public void AModelLosesTheShareThatIsAskedFor(string arithmetic)
    {
        ModelPrecision precision = Enum.Parse<ModelPrecision>(arithmetic);
        SharedAssets.Require();
        ModelOptions options = SharedModels.Options("fashion-mobilenet") with
        {
            Sparsity = 0.3,
            SparsityPattern = SparsityPattern.Channel,
            Precision = precision,
        };
        ModelCompiler.Compression compression = ModelCompiler.Compress(options);
        CompilationOutcome outcome = ModelCompiler.Finish(compression);
        TechniqueAccount account = compression.Run.Accounts[0];
        Assert.Equal("ChannelPruning", account.Technique);
        Assert.Contains(account.Notes, n => n.Contains("fitted to the whole model's results", StringComparison.Ordinal));
        double saved = 1 - ((double)account.After.Macs / account.Before.Macs);
        Assert.InRange(saved, 0.3, 0.34);
        Assert.True(account.After.Bytes < 0.75 * account.Before.Bytes);
        Assert.Equal(account.After.Macs, outcome.Plan.Facts.Macs);
        Assert.True(outcome.Plan.Facts.FloatMetric - outcome.Plan.Facts.CompressedMetric <= 0.01,
            $"{outcome.Plan.Facts.FloatMetric} → {outcome.Plan.Facts.CompressedMetric}");
        output.WriteLine($"{precision}: {saved:P1} less, {outcome.Plan.Facts.FloatMetric} → {outcome.Plan.Facts.CompressedMetric}, "
            + $"{outcome.Weights.Length} bytes");

        AssertThatGeneratedCodeRunsThePlan(outcome);
    }

    /// <summary>Folding likewise, and better than leaving out the least weights at equal work.</summary>
    [Fact]
    public void AFoldedModelLosesTheShareThatIsAskedFor()
    {
        SharedAssets.Require();
        ModelOptions options = SharedModels.Options("fashion-mobilenet") with { Precision = ModelPrecision.Float32 };
        ModelCompiler.Compression compression = ModelCompiler.Compress(options with { Fold = 0.3 });
        TechniqueAccount account = compression.Run.Accounts[0];
        Assert.Equal("Folding", account.Technique);
        Assert.InRange(1 - ((double)account.After.Macs / account.Before.Macs), 0.3, 0.35);
        CompilationOutcome outcome = ModelCompiler.Finish(compression);
        Measurement least = compression.Context.Measure(ModelCompiler.Compress(options with
        {
            Sparsity = 0.3,
            SparsityPattern = SparsityPattern.Channel,
            PruningCriterion = PruningCriterion.Magnitude,
        }).Model);
        output.WriteLine($"folded {outcome.Plan.Facts.CompressedMetric}, without the least weights {least.Accuracy}");
        Assert.True(outcome.Plan.Facts.CompressedMetric > 0.85);
        Assert.True(outcome.Plan.Facts.CompressedMetric > least.Accuracy + 0.2);
        AssertThatGeneratedCodeRunsThePlan(outcome);
    }

    [Fact]
    public void TwoBuildsGiveTheSameBytes()
    {
        SharedAssets.Require();
        ModelOptions options = SharedModels.Options("mnist-lenet5") with
        {
            Sparsity = 0.5,
            SparsityPattern = SparsityPattern.Channel,
            CalibrationSamples = 64,
            EvaluationData = null,
        };
        CompilationOutcome first = ModelCompiler.Compile(options, CancellationToken.None);
        CompilationOutcome second = ModelCompiler.Compile(options, CancellationToken.None);
        Assert.Equal(first.Weights, second.Weights);
        Assert.Equal(PlanWriter.Write(first.Plan), PlanWriter.Write(second.Plan));
    }

    private static void AssertThatGeneratedCodeRunsThePlan(CompilationOutcome outcome)
    {
        var planned = new PlannedModel(outcome.Plan with { Namespace = "Generated" }, outcome.Weights);
        using GeneratedModels generated = GeneratedModels.Compile([planned]);
        var executor = new Evaluation.PlanExecutor(outcome.Plan, outcome.Weights);
        foreach (Tensor[] sample in ModelInputs.Of("fashion-mobilenet", outcome.Plan, 40_000_000, 4))
            Assert.Equal(executor.Run(sample)[0].Values<float>(), generated.Run(0, sample)[0].Values<float>());
    }
}
