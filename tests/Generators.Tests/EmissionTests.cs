using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using OptimizerBuild.Generators.Emission;
using OptimizerBuild.Generators.Tests.Harness;
using OptimizerBuild.Generators.Tests.Plan;
using OptimizerBuild.Plan;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Generators.Tests;

/// <summary>Whatever the reader accepts is rendered as valid C#.</summary>
public class EmissionTests
{
    [Fact]
    public void EveryPlanIsRenderedWithoutSyntaxErrors() =>
        PropertyCheck.Holds(RandomPlans.Numbers, numbers =>
        {
            ModelPlan plan = RandomPlans.Create(numbers);
            var options = new CSharpParseOptions(LanguageVersion.CSharp12, DocumentationMode.Diagnose);
            foreach (string code in (string[])[PredictorEmitter.Emit(plan), LayersEmitter.Emit(plan)])
            {
                SyntaxTree tree = CSharpSyntaxTree.ParseText(code, options);
                Assert.Empty(tree.GetDiagnostics());
                Assert.DoesNotContain('\r', code);
                Assert.DoesNotContain(code.Split('\n'), line => line.EndsWith(' ') && !line.Contains("//", StringComparison.Ordinal));
            }
        }, tests: 300);

    [Fact]
    public void RandomPlansCompileTogether()
    {
        // Without calls, because the kernels of random plans do not exist.
        ModelPlan[] plans = [.. Enumerable.Range(0, 40).Select(seed => RandomPlans.Create(seed)).Select((plan, i) => plan with
        {
            Namespace = plan.Namespace + (plan.Namespace.Length > 0 ? "." : "") + "N" + i,
            Inputs = new(plan.Inputs.Select(input => input with { Binding = null })),
            States = new(plan.States.Select(state => state with { Binding = null })),
            Steps = EquatableList<PlanStep>.Empty,
            Further = new(plan.Further.Select(entry => entry with
            {
                Inputs = new(entry.Inputs.Select(input => input with { Binding = null })),
                States = new(entry.States.Select(state => state with { Binding = null })),
                Steps = EquatableList<PlanStep>.Empty,
            })),
            Batch = plan.Batch is not { } batch ? null : batch with
            {
                Inputs = new(batch.Inputs.Select(input => input with { Binding = null })),
                Steps = EquatableList<PlanStep>.Empty,
            },
        })];
        HandMadeModels.Project(plans).Generate().AssertBuilds();
    }

    /// <summary>A caller must learn from the comments what bits in a <c>byte</c> or <c>ushort</c> mean.</summary>
    [Fact]
    public void TypesWithoutADotNetFormAreExplained()
    {
        foreach (BoundaryType type in BoundaryTypes.All)
        {
            ModelPlan plan = HandMadeModels.Regressor();
            plan = plan with { Outputs = new([plan.Outputs[0] with { Type = type }]), Strings = new(["a"]) };
            string code = PredictorEmitter.Emit(plan);
            bool explained = code.Contains("3 " + type.Keyword() + " values (each " + type.Meaning() + "), shape 1×3",
                StringComparison.Ordinal);
            Assert.Equal(type is >= BoundaryType.BFloat16 and <= BoundaryType.Int2, explained);
            Assert.Equal(explained, type.Meaning().Length > 0);
        }
    }

    [Theory]
    [InlineData("Top-1", 0.923, "92.3 %")]
    [InlineData("Top-5", 0.98765, "98.77 %")]
    [InlineData("Cosine", 0.99987, "0.9999")]
    [InlineData("Mean squared error", 0.0000123456, "1.235E-05")]
    [InlineData("R²", 0, "0")]
    public void FiguresReadWell(string metric, double value, string expected) => Assert.Equal(expected, Wording.Figure(metric, value));
}
