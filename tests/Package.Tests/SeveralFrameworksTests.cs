using OptimizerBuild.Diagnostics;
using OptimizerBuild.Harness;

namespace OptimizerBuild;

/// <summary>A library for frameworks of which only one can run models, and what tools see of its files.</summary>
[Collection("package")]
public class SeveralFrameworksTests(PackedPackage package)
{
    [Fact]
    public void OnlyFrameworksThatCanRunModelsGetThem()
    {
        var folder = new ConsumerFolder(package, "frameworks");
        folder.WriteModels("library");
        folder.Write("library/library.csproj", $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <TargetFrameworks>netstandard2.0;net10.0</TargetFrameworks>
                <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
                <Optimize>true</Optimize>
              </PropertyGroup>
              <ItemGroup>
                {folder.PackageReference}
                <CompressedModel Include="models/tiny-mlp.onnx" CalibrationData="models/mlp x.npy" />
              </ItemGroup>
            </Project>
            """);
        folder.Write("library/Class.cs", """
            public static class Predictions
            {
            #if NET8_0_OR_GREATER
                public static object Make() { return new library.TinyMlp(); }
            #else
                public static object Make() { return null; }
            #endif
            }
            """);

        string output = folder.Build("library").Succeeded().Output;
        var said = Diagnostic.Of(DiagnosticCatalog.FrameworkLeftOut, null, "library", "netstandard2.0", "tiny-mlp.onnx");
        Assert.Contains($"{said.Descriptor.Code}: {said.Text}", output, StringComparison.Ordinal);
        Assert.DoesNotContain("for net10.0 has no predictors", output, StringComparison.Ordinal);

        string items = folder.DotNet(
            "library", "msbuild", "-getItem:None", "-getItem:Watch", "-p:TargetFramework=net10.0", "-t:OptimizerBuildCollectWatchItems")
            .Succeeded().Output;
        string[] parts = items.Split("\"Watch\"");
        Assert.DoesNotContain("tiny-mlp.onnx", parts[0], StringComparison.Ordinal);
        Assert.Contains("tiny-mlp.onnx", parts[1], StringComparison.Ordinal);
        Assert.Contains("mlp x.npy", parts[1], StringComparison.Ordinal);
        Assert.DoesNotContain(".options", parts[1], StringComparison.Ordinal);

        // All of several frameworks that cannot: an error as for a single one.
        folder.DotNet("library", "build", "-p:TargetFrameworks=netstandard2.0").FailedWith("OPT0014");
    }
}
