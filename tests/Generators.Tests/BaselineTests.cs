using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using OptimizerBuild.Generators.Tests.Harness;
using OptimizerBuild.Plan;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Generators.Tests;

/// <summary>
/// The generated code as a whole, for readers: it changes only on purpose. <c>UPDATE_BASELINES=1</c> writes the files anew; the
/// difference then belongs into the review.
/// </summary>
public partial class BaselineTests
{
    [Theory]
    [InlineData("TinyClassifier.g.cs")]
    [InlineData("TinyClassifier.Layers.g.cs")]
    public void TheClassifierIsAsItWas(string file) => AssertBaseline(file, HandMadeModels.Project().Generate().Files[file]);

    [Fact]
    public void TheModelWithSeveralInputsAndOutputsIsAsItWas()
    {
        GeneratedProject project = HandMadeModels.Project([SeveralInputsAndOutputs()]).Generate().AssertBuilds();
        AssertBaseline("TwoByTwo.g.cs", project.Files["TwoByTwo.g.cs"]);
        AssertBaseline("TwoByTwo.Layers.g.cs", project.Files["TwoByTwo.Layers.g.cs"]);
    }

    [Fact]
    public void TheSignatureIsAsItWas()
    {
        ModelPlan plan = HandMadeModels.Classifier() with { IsSignatureOnly = true, Steps = EquatableList<PlanStep>.Empty };
        AssertBaseline("TinyClassifier.signature.g.cs", HandMadeModels.Project([plan]).Generate().Files["TinyClassifier.g.cs"]);
    }

    [Fact]
    public void ThePlansTextIsAsItWas() => AssertBaseline("tiny-classifier.plan", HandMadeModels.Project().Plans[0]);

    [Fact]
    public void ThePublicSurfaceIsAsItWas()
    {
        using LoadedProject loaded = HandMadeModels.Project([HandMadeModels.Classifier(), SeveralInputsAndOutputs()]).Generate().Load();
        string[] classes = ["Consumer.TinyClassifier", "TwoByTwo"];
        AssertBaseline("PublicSurface", string.Concat(classes.Select(c => PublicSurface.Of(loaded.Assembly, c))));
    }

    /// <summary>
    /// The compiler takes about a millisecond for each statement of generated code (the guide's measurement), so statements are counted:
    /// two for each step, its call and the call of its method, and a fixed number besides.
    /// </summary>
    [Fact]
    public void AStepCostsTwoStatements()
    {
        int StatementsOf(int steps)
        {
            ModelPlan plan = HandMadeModels.Classifier();
            plan = plan with { Steps = new(Enumerable.Range(0, steps).Select(i => plan.Steps[i % 2])) };
            return HandMadeModels.Project([plan]).Generate().Files
                .Where(f => f.Key.StartsWith("Tiny", StringComparison.Ordinal))
                .SelectMany(f => CSharpSyntaxTree.ParseText(f.Value).GetRoot().DescendantNodes())
                .Count(n => n is StatementSyntax and not BlockSyntax or ArrowExpressionClauseSyntax);
        }

        int few = StatementsOf(2);
        Assert.InRange(few, 20, 160);
        Assert.Equal(few + (198 * 2) + 4, StatementsOf(200));
    }

    [Fact]
    public void ManyStepsRunInGroups()
    {
        ModelPlan plan = HandMadeModels.Classifier();
        plan = plan with { Steps = new(Enumerable.Range(0, 120).SelectMany(_ => plan.Steps)) };
        const string Source = """
            internal static class Driver
            {
                public static float[] Run(float[] x)
                {
                    var model = new Consumer.TinyClassifier();
                    model.Predict(x);
                    return model.Scores.ToArray();
                }
            }
            """;
        GeneratedProject project = HandMadeModels.Project([plan], Source).Generate().AssertBuilds();
        Assert.Contains("RunGroup4(workspace);", project.Files["TinyClassifier.Layers.g.cs"], StringComparison.Ordinal);
        Assert.DoesNotContain("RunGroup5", project.Files["TinyClassifier.Layers.g.cs"], StringComparison.Ordinal);
        using LoadedProject loaded = project.Load();
        float[] x = [9, 8, 7, 6];
        Assert.Equal(HandMadeModels.Expected(x), (float[])loaded.Call("Driver", "Run", x)!);
    }

    private static ModelPlan SeveralInputsAndOutputs() => HandMadeModels.Regressor() with
    {
        Model = "two-by-two",
        ClassName = "TwoByTwo",
        Namespace = "",
        Inputs = new(
        [
            new PlanInput("features", "features", BoundaryType.Float32, new([1, 4]), HandMadeModels.Quantise(output: 0, "features")),
            new PlanInput("state.in", "stateIn", BoundaryType.Int64, new([2]),
                HandMadeModels.Step("InputCopy", "Run", "state.in", "input int64[2]", 0, ("destination", 192), ("count", 2))),
        ]),
        Outputs = new(
        [
            new PlanOutput("scores", "Scores", "scores", BoundaryType.Float32, new([1, 3]), 128),
            new PlanOutput("state.out", "StateOut", "stateOut", BoundaryType.Int64, new([2]), 256),
        ]),
        ArenaBytes = 320,
        Facts = HandMadeModels.Regressor().Facts with { Metric = "", FloatMetric = null, CompressedMetric = null, Samples = 0 },
        Steps = new(
        [
            .. HandMadeModels.Regressor().Steps,
            HandMadeModels.Step("StridedCopy", "Run", "state", "Identity int64[2]", 0,
                ("source", 192), ("destination", 256), ("elementSize", 8),
                ("dims", new[] { 2 }), ("sourceStrides", new[] { 8 }), ("destinationStrides", new[] { 8 })),
        ]),
    };

    private static void AssertBaseline(string name, string actual) => Baseline.Compare(
        "tests/Generators.Tests/Baselines/" + name + ".txt",
        VersionInAttribute().Replace(actual, "\"OptimizerBuild\", \"<VERSION>\""));

    [GeneratedRegex("\"OptimizerBuild\", \"[0-9.]+\"")]
    private static partial Regex VersionInAttribute();
}
