using System.Collections;
using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using OptimizerBuild.Generators.Tests.Harness;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Generators.Tests;

/// <summary>The generator does again only what a change calls for.</summary>
public class IncrementalTests
{
    private static readonly ModelPlan[] Plans = [HandMadeModels.Classifier(), HandMadeModels.Regressor()];

    [Fact]
    public void AnUnrelatedEditChangesNothing()
    {
        ConsumerProject project = HandMadeModels.Project(Plans, "internal static class A { }");
        CSharpCompilation before = project.Bare();
        GeneratorDriver driver = project.Driver().RunGenerators(before);
        var options = (CSharpParseOptions)before.SyntaxTrees[0].Options;
        driver = driver.RunGenerators(before.AddSyntaxTrees(CSharpSyntaxTree.ParseText("internal static class B { }", options)));
        AssertAll(driver, IncrementalStepRunReason.Cached, IncrementalStepRunReason.Cached);
    }

    [Fact]
    public void EqualTextChangesNothing()
    {
        (GeneratorDriver driver, _) = Replace(0, PlanWriter.Write(Plans[0]));
        AssertAll(driver, IncrementalStepRunReason.Unchanged, IncrementalStepRunReason.Cached);
    }

    [Fact]
    public void ACommentInAPlanChangesNothing()
    {
        (GeneratorDriver driver, _) = Replace(0, PlanWriter.Write(Plans[0]).Replace("arena bytes=192\n", "arena bytes=192 # more\n"));
        AssertAll(driver, IncrementalStepRunReason.Unchanged, IncrementalStepRunReason.Cached);
    }

    [Fact]
    public void AChangeInOneModelLeavesTheOtherAndTheKernels()
    {
        (GeneratorDriver driver, _) = Replace(0, PlanWriter.Write(Plans[0] with { ArenaBytes = 256 }));
        GeneratorRunResult result = driver.GetRunResult().Results.Single();
        IncrementalStepRunReason[] predictors = Reasons(result, PredictorGenerator.PredictorsStep);
        Assert.Equal(IncrementalStepRunReason.Modified, predictors[0]);
        Assert.Contains(predictors[1], Same);
        Assert.All(Reasons(result, PredictorGenerator.KernelsStep), r => Assert.Contains(r, Same));
        Assert.Equal(1, OutputReasons(result).Count(r => r is IncrementalStepRunReason.Modified));
        string code = result.GeneratedSources.Single(s => s.HintName == "TinyClassifier.g.cs").SourceText.ToString();
        Assert.Contains(", 256)", code, StringComparison.Ordinal);
    }

    [Fact]
    public void ANewKernelIsAddedWithoutTouchingThePredictors()
    {
        ConsumerProject project = HandMadeModels.Project(Plans);
        CSharpCompilation compilation = project.Bare();
        GeneratorDriver driver = project.Driver().RunGenerators(compilation);
        ModelPlan third = HandMadeModels.Regressor() with
        {
            ClassName = "Third",
            Steps = new([HandMadeModels.Step("StridedCopy", "Run", "copy", "", 0, ("source", 0), ("destination", 64), ("elementSize", 4),
                ("dims", new[] { 1 }), ("sourceStrides", new[] { 4 }), ("destinationStrides", new[] { 4 }))]),
        };
        var added = new ConsumerProject.PlanText(Path.Combine("obj", "Third.plan"), PlanWriter.Write(third));
        driver = driver.AddAdditionalTexts([added]).RunGenerators(compilation);
        GeneratorRunResult result = driver.GetRunResult().Results.Single();
        IncrementalStepRunReason[] predictors = Reasons(result, PredictorGenerator.PredictorsStep);
        Assert.All(predictors[..2], r => Assert.Contains(r, Same));
        Assert.Equal(IncrementalStepRunReason.New, Assert.Single(predictors[2..]));
        Assert.Equal(
            [
                IncrementalStepRunReason.New, IncrementalStepRunReason.Modified, IncrementalStepRunReason.Cached,
                IncrementalStepRunReason.Cached,
            ],
            OutputReasons(result).Order());
        Assert.Equal([IncrementalStepRunReason.Modified], Reasons(result, PredictorGenerator.KernelsStep));
        Assert.Contains(result.GeneratedSources, s => s.HintName == "OptimizerBuild.Kernels.StridedCopy.g.cs");
    }

    [Fact]
    public void FilesAreInAFixedOrderAndEqualInEveryRun()
    {
        ConsumerProject project = HandMadeModels.Project(Plans);
        GeneratedProject first = project.Generate();
        GeneratedProject second = project.Generate();
        Assert.Equal(first.Files, second.Files);
        string[] kernels = [.. first.Files.Keys.Where(k => k.StartsWith("OptimizerBuild.", StringComparison.Ordinal))];
        Assert.Equal(kernels.Order(StringComparer.Ordinal), kernels);
    }

    [Fact]
    public void FilesThatAreNoPlansOfOursAreLeftAlone()
    {
        ConsumerProject project = HandMadeModels.Project() with { Plans = [] };
        GeneratorDriver driver = project.Driver().AddAdditionalTexts(
        [
            new ConsumerProject.PlanText("notes.txt", "x"),
            new ConsumerProject.PlanText("holiday.PLAN", "x"),
        ]);
        GeneratorRunResult result = driver.RunGenerators(project.Bare()).GetRunResult().Results.Single();
        Assert.Empty(result.Diagnostics);
        Assert.All(result.GeneratedSources, s => Assert.StartsWith("Microsoft.CodeAnalysis", s.HintName, StringComparison.Ordinal));
    }

    /// <summary>Syntax, symbols and compilations among the pipeline's values would stay alive and defeat the comparison.</summary>
    [Fact]
    public void NoStepHoldsOnToACompilation()
    {
        ConsumerProject project = HandMadeModels.Project(Plans);
        GeneratorRunResult result = project.Driver().RunGenerators(project.Bare()).GetRunResult().Results.Single();
        var seen = new HashSet<object>(ReferenceEqualityComparer.Instance);
        foreach (string step in (string[])[PredictorGenerator.PlansStep, PredictorGenerator.PredictorsStep, PredictorGenerator.KernelsStep])
            foreach ((object value, _) in result.TrackedSteps[step].SelectMany(s => s.Outputs))
                AssertPlain(value, seen);
        Assert.True(seen.Count > 50);
    }

    private static readonly IncrementalStepRunReason[] Same = [IncrementalStepRunReason.Cached, IncrementalStepRunReason.Unchanged];

    private static (GeneratorDriver Driver, CSharpCompilation Compilation) Replace(int plan, string text)
    {
        ConsumerProject project = HandMadeModels.Project(Plans);
        CSharpCompilation compilation = project.Bare();
        ConsumerProject.PlanText[] texts =
            [.. project.Plans.Select((t, i) => new ConsumerProject.PlanText(Path.Combine("obj", "Plan" + i + ".plan"), t))];
        GeneratorDriver driver = (project with { Plans = [] }).Driver().AddAdditionalTexts([.. texts]).RunGenerators(compilation);
        driver = driver.ReplaceAdditionalText(texts[plan], new ConsumerProject.PlanText(texts[plan].Path, text)).RunGenerators(compilation);
        return (driver, compilation);
    }

    private static void AssertAll(GeneratorDriver driver, IncrementalStepRunReason changedPlan, IncrementalStepRunReason outputs)
    {
        GeneratorRunResult result = driver.GetRunResult().Results.Single();
        IncrementalStepRunReason[] plans = [IncrementalStepRunReason.Cached, changedPlan];
        Assert.All(Reasons(result, PredictorGenerator.PlansStep), r => Assert.Contains(r, plans));
        Assert.All(Reasons(result, PredictorGenerator.PredictorsStep), r => Assert.Equal(IncrementalStepRunReason.Cached, r));
        Assert.All(Reasons(result, PredictorGenerator.KernelsStep), r => Assert.Equal(IncrementalStepRunReason.Cached, r));
        Assert.All(OutputReasons(result), r => Assert.Equal(outputs, r));
        Assert.True(OutputReasons(result).Count() >= 3);
    }

    private static IncrementalStepRunReason[] Reasons(GeneratorRunResult result, string step) =>
        [.. result.TrackedSteps[step].SelectMany(s => s.Outputs).Select(o => o.Reason)];

    private static IEnumerable<IncrementalStepRunReason> OutputReasons(GeneratorRunResult result) =>
        result.TrackedOutputSteps.SelectMany(s => s.Value).SelectMany(s => s.Outputs).Select(o => o.Reason);

    private static void AssertPlain(object? value, HashSet<object> seen)
    {
        if (value is null or string || value.GetType().IsPrimitive || value.GetType().IsEnum || !seen.Add(value))
            return;
        Assert.False(value is SyntaxNode or SyntaxTree or ISymbol or Compilation or Location or AdditionalText, value.GetType().ToString());
        if (value is IEnumerable items)
        {
            foreach (object? item in items)
                AssertPlain(item, seen);
            return;
        }
        const BindingFlags Fields = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        for (Type? type = value.GetType(); type is not null && type != typeof(object); type = type.BaseType)
            foreach (FieldInfo field in type.GetFields(Fields))
                AssertPlain(field.GetValue(value), seen);
    }
}
