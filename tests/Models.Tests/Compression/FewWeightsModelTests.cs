using OptimizerBuild.Compression;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Models.Accuracy;
using OptimizerBuild.Models.Harness;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Models.Compression;

/// <summary>Few bits, few values and many zeros on real models, through the code that is generated for them.</summary>
public sealed class FewWeightsModelTests(ITestOutputHelper output)
{
    /// <summary>
    /// Every pair of techniques that exclude each other in nothing, by itself, and many of them together: on a small network with the
    /// accuracy that is left, and on a whole one with convolutions, there without those that search or learn, which
    /// <see cref="TechniquePairTests"/> have on a student of it.
    /// </summary>
    [Theory]
    [InlineData("digits-mlp", 128, true)]
    [InlineData("mnist-lenet5", 16, false)]
    public void TechniquesGoTogether(string name, int samples, bool isMeasured)
    {
        SharedAssets.Require();
        ModelOptions options = SharedModels.Options(name) with { CalibrationSamples = samples };
        if (!isMeasured)
            options = options with { EvaluationData = null };
        (string Name, string Excludes, Func<ModelOptions, ModelOptions> Apply)[] techniques =
        [
            ("Int4", "bits", o => o with { Precision = ModelPrecision.Int4 }),
            ("Ternary", "bits", o => o with { Precision = ModelPrecision.Ternary }),
            ("Binary", "bits", o => o with { Precision = ModelPrecision.Binary }),
            ("Clusters", "values", o => o with { Clusters = 12 }),
            ("Sparsity", "zeros", o => o with { Sparsity = 0.6, SparsityPattern = SparsityPattern.Unstructured }),
            ("Blocks", "zeros", o => o with { Sparsity = 0.4, SparsityPattern = SparsityPattern.Block }),
            ("2:4", "zeros", o => o with { Sparsity = null, SparsityPattern = SparsityPattern.TwoOfFour }),
            ("Fold", "channels", o => o with { Fold = 0.1 }), ("Rank", "ranks", o => o with { Rank = new(0.8) }),
            ("EntropyCoding", "", o => o with { EntropyCoding = true }), ("Equalize", "", o => o with { Equalize = true }),
            ("Channels", "zeros channels", o => o with { Sparsity = 0.1, SparsityPattern = SparsityPattern.Channel }),
            ("Float32", "bits", o => o with { Precision = ModelPrecision.Float32 }),
            ("GroupSize", "bits values rounding", o => o with { Precision = ModelPrecision.Int4, GroupSize = 32 }),
            ("Mixed", "bits", o => o with { Precision = ModelPrecision.Mixed }),
            ("Adaptive", "rounding", o => o with { Rounding = WeightRounding.Adaptive }),
            ("Block rounding", "rounding", o => o with { Rounding = WeightRounding.Block }),
        ];
        if (!isMeasured)
            techniques = [.. techniques.Where(t => t.Name is not ("Mixed" or "Adaptive" or "Block rounding"))];
        var pairs =
            from a in Enumerable.Range(0, techniques.Length)
            from b in Enumerable.Range(a, techniques.Length - a)
            where a == b || !techniques[a].Excludes.Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Any(e => techniques[b].Excludes.Contains(e, StringComparison.Ordinal))
            select (Name: techniques[a].Name + " " + techniques[b].Name, Options: techniques[b].Apply(techniques[a].Apply(options)));
        string[] together = ["Int4", "Clusters", "Sparsity", "Blocks", "2:4", "Fold", "Rank", "EntropyCoding", "Equalize"];
        var all = (Name: "all", Options: techniques.Where(t => together.Contains(t.Name)).Aggregate(options, (o, t) => t.Apply(o)));
        var built = pairs.Append(all).Select(p => (p.Name, Outcome: ModelCompiler.Compile(p.Options, CancellationToken.None))).ToArray();
        using var models = GeneratedModels.Compile(
            [.. built.Select((b, i) => PlannedModel.Of(b.Outcome, "M" + i.ToString(System.Globalization.CultureInfo.InvariantCulture)))]);
        for (int i = 0; i < built.Length; i++)
        {
            CompilationOutcome outcome = built[i].Outcome;
            Tensor[] inputs = [.. outcome.Plan.Inputs.Select(CodedWeightsTests.Pattern)];
            Tensor[] expected = new PlanExecutor(outcome.Plan, outcome.Weights).Run(inputs);
            Assert.All(expected.Zip(models.Run(i, inputs)), p => Assert.Equal(p.First.Data, p.Second.Data));
            output.WriteLine(FormattableString.Invariant(
                $"{built[i].Name}: {outcome.Weights.Length} bytes, {outcome.Plan.Facts.CompressedMetric:F4}"));
            // Signs in the middle of so small a network cost more than all else; all together more still.
            if (isMeasured)
                Assert.True(outcome.Plan.Facts.CompressedMetric > outcome.Plan.Facts.FloatMetric - 0.12, built[i].Name);
        }
    }

    /// <summary>Fewer bytes by the factor that is asked of each, with next to no loss of accuracy and without training.</summary>
    [Theory]
    [InlineData("mnist-lenet5", 7.5, 0.003, 0, false)]
    [InlineData("mnist-lenet5", 20, 0.005, 0.9, false)]
    [InlineData("mnist-lenet-300-100", 15, 0.005, 0.85, true)]
    public void ModelsBecomeSmall(string name, double factor, double drop, double sparsity, bool entropyCoding)
    {
        SharedAssets.Require();
        CompilationOutcome outcome = ModelCompiler.Compile(
            SharedModels.Options(name) with
            {
                Precision = sparsity == 0 ? ModelPrecision.Int4 : ModelPrecision.Auto,
                Sparsity = sparsity == 0 ? null : sparsity,
                SparsityPattern = SparsityPattern.Unstructured,
                EntropyCoding = entropyCoding,
            },
            CancellationToken.None);
        Plan.PlanFacts facts = outcome.Plan.Facts;
        output.WriteLine(FormattableString.Invariant(
            $"{name}: {facts.FloatWeightBytes} → {outcome.Weights.Length} bytes, {facts.FloatMetric:F4} → {facts.CompressedMetric:F4}"));
        Assert.True(facts.FloatWeightBytes > factor * outcome.Weights.Length, $"{outcome.Weights.Length} bytes");
        Assert.True(facts.CompressedMetric >= facts.FloatMetric - drop, $"{facts.FloatMetric} → {facts.CompressedMetric}");
    }

    /// <summary>Nine weights of ten: by second order with what is left made up for, and the smallest ones as they are.</summary>
    [Theory]
    [InlineData("mnist-lenet-300-100", 0.01)]
    [InlineData("mnist-lenet5", 0.005)]
    public void SecondOrderLosesLittleWhereMagnitudeLosesMuch(string name, double drop)
    {
        SharedAssets.Require();
        ModelOptions options = SharedModels.Options(name) with { Precision = ModelPrecision.Float32, Sparsity = 0.9 };
        ModelCompiler.Compression second = ModelCompiler.Compress(options);
        ModelCompiler.Compression smallest = ModelCompiler.Compress(options with { PruningCriterion = PruningCriterion.Magnitude });
        Measurement left = second.Context.Measure(second.Model), magnitude = second.Context.Measure(smallest.Model);
        output.WriteLine(FormattableString.Invariant(
            $"{name}: float {left.TeacherAccuracy:F4}, second order {left.Accuracy:F4}, magnitude {magnitude.Accuracy:F4}"));
        Assert.True(left.Accuracy >= left.TeacherAccuracy - drop, $"{left.TeacherAccuracy} → {left.Accuracy}");
        Assert.True(left.Accuracy > magnitude.Accuracy, $"magnitude {magnitude.Accuracy}");
    }
}
