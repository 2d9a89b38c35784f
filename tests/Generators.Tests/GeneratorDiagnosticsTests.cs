using Microsoft.CodeAnalysis;
using OptimizerBuild.Generators.Tests.Harness;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Generators.Tests;

/// <summary>Bad plans give diagnostics at the plan's line; the generator never throws and the other models stay.</summary>
public class GeneratorDiagnosticsTests
{
    [Fact]
    public void APlanOfAnotherVersion()
    {
        string text = PlanWriter.Write(HandMadeModels.Classifier());
        Diagnostic diagnostic = Only(text.Replace("optimizerbuild-plan 2", "optimizerbuild-plan 99"));
        Assert.Equal("OPT0021", diagnostic.Id);
        Assert.Equal(
            "the plan 'Plan0.plan' has version 99, but this generator reads version 2: rebuild the project (dotnet build --no-incremental)",
            diagnostic.GetMessage(null));
        Assert.EndsWith("docs/diagnostics.md#opt0021", diagnostic.Descriptor.HelpLinkUri, StringComparison.Ordinal);
    }

    [Fact]
    public void AnUnreadablePlan()
    {
        Diagnostic diagnostic = Only(PlanWriter.Write(HandMadeModels.Classifier()).Replace("arena bytes=192", "arena bytes=many"));
        Assert.Equal("OPT0023", diagnostic.Id);
        Assert.Equal("the plan 'Plan0.plan' cannot be read: line 6: expected an integer, found 'many'", diagnostic.GetMessage(null));
        Assert.EndsWith("docs/diagnostics.md#opt0023", diagnostic.Descriptor.HelpLinkUri, StringComparison.Ordinal);
        FileLinePositionSpan place = diagnostic.Location.GetLineSpan();
        Assert.Equal("Plan0.plan", Path.GetFileName(place.Path));
        Assert.Equal(5, place.StartLinePosition.Line);
        Assert.Equal(DiagnosticSeverity.Error, diagnostic.Severity);
    }

    [Fact]
    public void AnEmptyPlan() => Assert.Equal("OPT0023", Only("").Id);

    [Fact]
    public void AKernelThatDoesNotExist()
    {
        ModelPlan plan = HandMadeModels.Classifier();
        Diagnostic diagnostic = Only(PlanWriter.Write(plan with { Steps = new([plan.Calls.First() with { Kernel = "Int3Dense" }]) }));
        Assert.Equal("OPT0023", diagnostic.Id);
        Assert.Contains("'Int3Dense'", diagnostic.GetMessage(null), StringComparison.Ordinal);
    }

    /// <summary>As a plan of another version may call them; without this the compiler would find errors in generated code.</summary>
    [Theory]
    [InlineData("Int8Dense.RunWide(", "Int8Dense.RunNarrow(", "there is no such method")]
    [InlineData("rows=1, inputs=4, outputs=3, pairSums=0", "rows=1, inputs=4, outputs=3", "arguments, not")]
    [InlineData("rows=1, inputs=4, outputs=3", "inputs=4, rows=1, outputs=3", "is 'rows', not 'inputs'")]
    [InlineData("rows=1, inputs=4", "rows=5000000000, inputs=4", "'rows' takes values of type int")]
    [InlineData("rows=1, inputs=4", "rows=[1], inputs=4", "'rows' takes values of type int")]
    [InlineData("scale=f:3F000000, images", "scale=1, images", "'scale' takes values of type float")]
    [InlineData("bind QuantizeInput.FromFloat32(", "bind QuantizeInput.FromUInt8(", "does not fit")]
    [InlineData("type=Float32 dimensions=[1, 4]", "type=Int64 dimensions=[1, 4]", "elements of type long")]
    public void ACallThatDoesNotFitTheKernels(string old, string replacement, string message)
    {
        string text = PlanWriter.Write(HandMadeModels.Classifier());
        Assert.Contains(old, text, StringComparison.Ordinal);
        Diagnostic diagnostic = Only(text.Replace(old, replacement));
        Assert.Equal("OPT0023", diagnostic.Id);
        Assert.Contains(message, diagnostic.GetMessage(null), StringComparison.Ordinal);
    }

    [Fact]
    public void TheOtherModelsStay()
    {
        string text = PlanWriter.Write(HandMadeModels.Classifier());
        GeneratedProject project = (HandMadeModels.Project() with { Plans = ["nonsense", text] }).Generate();
        Assert.Equal("OPT0023", Assert.Single(project.GeneratorDiagnostics).Id);
        Assert.Contains("TinyClassifier.g.cs", project.Files.Keys);
        Assert.DoesNotContain(project.Compilation.GetDiagnostics(), d => d.Severity == DiagnosticSeverity.Error);
    }

    [Fact]
    public void TwoModelsOfOneName()
    {
        GeneratedProject project = HandMadeModels.Project([HandMadeModels.Classifier(), HandMadeModels.Classifier()]).Generate();
        Diagnostic diagnostic = Assert.Single(project.GeneratorDiagnostics);
        Assert.Equal("OPT0023", diagnostic.Id);
        Assert.Contains("Consumer.TinyClassifier", diagnostic.GetMessage(null), StringComparison.Ordinal);
        Assert.DoesNotContain(project.Compilation.GetDiagnostics(), d => d.Severity == DiagnosticSeverity.Error);
    }

    [Fact]
    public void ClassesThatDifferInNamespaceOrLetterCaseOnlyHaveFilesOfTheirOwn()
    {
        ModelPlan plan = HandMadeModels.Regressor();
        ModelPlan[] plans = [plan, plan with { Namespace = "Other" }, plan with { ClassName = "TINYREGRESSOR" }];
        GeneratedProject project = HandMadeModels.Project(plans).Generate().AssertBuilds();
        Assert.Contains("TinyRegressor.g.cs", project.Files.Keys);
        Assert.Contains("TinyRegressor.2.g.cs", project.Files.Keys);
        Assert.Contains("TINYREGRESSOR.3.g.cs", project.Files.Keys);
    }

    private static Diagnostic Only(string plan)
    {
        GeneratedProject project = (HandMadeModels.Project() with { Plans = [plan] }).Generate();
        Assert.DoesNotContain(project.Files.Keys, k => k.StartsWith("Tiny", StringComparison.Ordinal));
        return Assert.Single(project.GeneratorDiagnostics);
    }
}
