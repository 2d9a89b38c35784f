using Microsoft.CodeAnalysis;
using OptimizerBuild.Generators.Tests.Harness;

namespace OptimizerBuild.Generators.Tests;

/// <summary>Predictors and kernels in two assemblies, as builds without <c>Optimize</c> have them.</summary>
public class KernelPlaceTests
{
    private const string Driver = "internal static class Driver { public static object Make() => new Consumer.TinyClassifier(); }";

    [Fact]
    public void PredictorsUseTheKernelsOfAnotherAssembly()
    {
        GeneratedProject together = HandMadeModels.Project(Driver).Generate().AssertBuilds();
        GeneratedProject kernels = Kernels("Consumer").AssertBuilds();
        var reference = MetadataReference.CreateFromImage(kernels.Emit());
        ConsumerProject project = HandMadeModels.Project(Driver);
        GeneratedProject app = (project with { Kernels = "Elsewhere", References = [.. project.References, reference] })
            .Generate().AssertBuilds();

        // All files, each in one of the two; only what hides kernels from other assemblies is gone.
        Assert.Equal(
            together.Files.Keys.Order(StringComparer.Ordinal),
            kernels.Files.Keys.Concat(app.Files.Keys).Order(StringComparer.Ordinal));
        Assert.All(kernels.Files, f => Assert.StartsWith("OptimizerBuild.Kernels.", f.Key, StringComparison.Ordinal));
        Assert.All(kernels.Files, f => Assert.Equal(
            together.Files[f.Key].Replace("[global::Microsoft.CodeAnalysis.Embedded]\n", "", StringComparison.Ordinal), f.Value));
        Assert.All(app.Files, f => Assert.Equal(together.Files[f.Key], f.Value));
    }

    [Fact]
    public void OtherAssembliesSeeNoKernels()
    {
        var reference = MetadataReference.CreateFromImage(Kernels("Another").Emit());
        ConsumerProject project = HandMadeModels.Project(Driver);
        GeneratedProject app = (project with { Kernels = "Elsewhere", References = [.. project.References, reference] }).Generate();
        Assert.Contains("CS0122", app.Complaints(), StringComparison.Ordinal);
        // Beside kernels of its own they do not disturb.
        (project with { References = [.. project.References, reference] }).Generate().AssertBuilds();
    }

    [Fact]
    public void APlanThatCannotBeReadIsReportedOnce()
    {
        ConsumerProject project = HandMadeModels.Project() with { Plans = ["nothing that is a plan"] };
        Assert.Empty((project with { Kernels = "Alone" }).Generate().GeneratorDiagnostics);
        Assert.Single((project with { Kernels = "Elsewhere" }).Generate().GeneratorDiagnostics);
    }

    private static GeneratedProject Kernels(string friend) =>
        (HandMadeModels.Project($"[assembly: System.Runtime.CompilerServices.InternalsVisibleTo(\"{friend}\")]") with
        {
            AssemblyName = "Consumer.OptimizerBuild",
            Kernels = "Alone",
        }).Generate();
}
