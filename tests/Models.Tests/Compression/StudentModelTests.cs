using OptimizerBuild.Evaluation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Models.Accuracy;
using OptimizerBuild.Models.Harness;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Models.Compression;

/// <summary>Models that learn from others, through the code that is generated for them.</summary>
public sealed class StudentModelTests
{
    /// <summary>A student in integers, in float32 and with other techniques: its class predicts what the build measured.</summary>
    [Fact]
    public void TheGeneratedClassIsTheStudent()
    {
        SharedAssets.Require();
        ModelOptions options = SharedModels.Options("digits-mlp") with { Student = new(0.5, null), RecoverySteps = 100 };
        CompilationOutcome whole = ModelCompiler.Compile(options with { Student = null }, CancellationToken.None);
        CompilationOutcome[] students =
        [
            .. ((ModelOptions[])[options, options with { Precision = ModelPrecision.Float32 },
                options with { Sparsity = 0.5, Clusters = 12, Recovery = true }])
                .Select(o => ModelCompiler.Compile(o, CancellationToken.None)),
        ];
        using var models = GeneratedModels.Compile(
            [.. students.Select((s, i) => PlannedModel.Of(s, "M" + i.ToString(System.Globalization.CultureInfo.InvariantCulture)))]);
        for (int i = 0; i < students.Length; i++)
        {
            Tensor[] inputs = [.. students[i].Plan.Inputs.Select(CodedWeightsTests.Pattern)];
            Tensor[] expected = new PlanExecutor(students[i].Plan, students[i].Weights).Run(inputs);
            Assert.All(expected.Zip(models.Run(i, inputs)), p => Assert.Equal(p.First.Data, p.Second.Data));
            Assert.True(students[i].Plan.Facts.Macs < whole.Plan.Facts.Macs * 0.6);
            Assert.True(students[i].Plan.Facts.CompressedMetric > whole.Plan.Facts.FloatMetric - 0.05);
        }
    }

    /// <summary>A new head for the digits, learned from all samples: the class predicts what the build measured.</summary>
    [Fact]
    public void TheGeneratedClassHasTheNewHead()
    {
        SharedAssets.Require();
        ModelOptions options = SharedModels.Options("digits-mlp") with { Task = ModelTask.Classification };
        CompilationOutcome outcome = ModelCompiler.Compile(options with { Head = options.CalibrationData }, CancellationToken.None);
        using var models = GeneratedModels.Compile([PlannedModel.Of(outcome, "M")]);
        Tensor[] inputs = [.. outcome.Plan.Inputs.Select(CodedWeightsTests.Pattern)];
        Tensor[] expected = new PlanExecutor(outcome.Plan, outcome.Weights).Run(inputs);
        Assert.All(expected.Zip(models.Run(0, inputs)), p => Assert.Equal(p.First.Data, p.Second.Data));
        Assert.Equal("Head", outcome.Techniques[0].Technique);
        Assert.True(outcome.Plan.Facts.CompressedMetric > 0.94, $"{outcome.Plan.Facts.CompressedMetric}");
    }
}
