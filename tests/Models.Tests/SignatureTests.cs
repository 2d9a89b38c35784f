using OptimizerBuild.Models.Accuracy;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Plan;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Models;

/// <summary>What an editor shows before the first build is what the build then makes, and both plans can be read.</summary>
public class SignatureTests
{
    [Theory]
    [InlineData("digits-mlp")]
    [InlineData("fashion-mobilenet")]
    [InlineData("version-slim-320")]
    [InlineData("standard_v3_3")]
    public void TheSignatureIsThatOfTheCompleteModel(string name)
    {
        SharedAssets.Require();
        ModelOptions options = SharedModels.Options(name) with
        {
            Precision = ModelPrecision.Float32,
            CalibrationData = null,
            EvaluationData = null,
            Task = name == "version-slim-320" ? ModelTask.Other : ModelTask.Classification,
        };
        ModelPlan signature = Read(ModelCompiler.DescribeSignature(options));
        ModelPlan complete = Read(ModelCompiler.Compile(options, CancellationToken.None).Plan);
        Assert.True(signature.IsSignatureOnly);
        Assert.Empty(signature.Steps);
        Assert.NotEmpty(complete.Steps);
        Assert.Equal(Surface(complete), Surface(signature));
    }

    private static ModelPlan Read(ModelPlan plan)
    {
        PlanReading reading = PlanReader.Read(PlanWriter.Write(plan));
        Assert.Null(reading.Error);
        Assert.Equal(plan, reading.Plan);
        return plan;
    }

    private static (string, string, bool, EquatableList<PlanInput>, EquatableList<PlanOutput>, PlanClassifier?) Surface(ModelPlan plan) => (
        plan.ClassName, plan.Namespace, plan.IsPublic,
        new(plan.Inputs.Select(i => i with { Binding = null })),
        new(plan.Outputs.Select(o => o with { Offset = 0 })),
        plan.Classifier);
}
