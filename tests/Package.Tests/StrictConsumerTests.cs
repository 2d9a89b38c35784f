using OptimizerBuild.Harness;
using OptimizerBuild.Testing;

namespace OptimizerBuild;

/// <summary>
/// The settings that a user's project may have, all at once: no warning, no error. A class library with models beside a
/// multi-targeted app with models, joined by InternalsVisibleTo.
/// </summary>
[Collection("package")]
public class StrictConsumerTests(PackedPackage package)
{
    [Fact]
    public void StrictSettingsBuildWithoutAWarning()
    {
        var folder = new ConsumerFolder(package, "strict");
        folder.Write("Directory.Packages.props", $"""
            <Project>
              <PropertyGroup>
                <ManagePackageVersionsCentrally>true</ManagePackageVersionsCentrally>
              </PropertyGroup>
              <ItemGroup>
                {folder.PackageVersion}
              </ItemGroup>
            </Project>
            """);
        folder.Write("Directory.Build.props", """
            <Project>
              <PropertyGroup>
                <UseArtifactsOutput>true</UseArtifactsOutput>
                <LangVersion>12</LangVersion>
                <Nullable>disable</Nullable>
                <ImplicitUsings>disable</ImplicitUsings>
                <CheckForOverflowUnderflow>true</CheckForOverflowUnderflow>
                <AnalysisMode>All</AnalysisMode>
                <EnforceCodeStyleInBuild>true</EnforceCodeStyleInBuild>
                <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
                <MSBuildTreatWarningsAsErrors>true</MSBuildTreatWarningsAsErrors>
                <GenerateDocumentationFile>true</GenerateDocumentationFile>
                <IsAotCompatible>true</IsAotCompatible>
                <InvariantGlobalization>true</InvariantGlobalization>
              </PropertyGroup>
            </Project>
            """);
        folder.WriteModels("library");
        folder.Write("library/library.csproj", """
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <TargetFrameworks>net8.0;net10.0</TargetFrameworks>
                <RootNamespace>My.Library</RootNamespace>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="OptimizerBuild" PrivateAssets="all" />
                <CompressedModel Include="models/tiny-mlp.onnx" CalibrationData="models/mlp x.npy" ClassName="LibraryModel" Accessibility="Public" />
                <InternalsVisibleTo Include="app" />
              </ItemGroup>
            </Project>
            """);
        folder.WriteModels("app");
        folder.Write("app/app.csproj", $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFrameworks>net8.0;net9.0;net10.0</TargetFrameworks>
                <RootNamespace>My.App</RootNamespace>
                <RollForward>Major</RollForward>
                <CheckEolTargetFramework>false</CheckEolTargetFramework>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="OptimizerBuild" PrivateAssets="all" />
                <ProjectReference Include="../library/library.csproj" />
                {ConsumerProgram.Items}
              </ItemGroup>
            </Project>
            """);
        folder.Write("app/Program.cs", ConsumerProgram.Source("My.App"));
        folder.Write("app/Namespaces.cs", """
            #pragma warning disable CA1812, CA1852, CA1801
            namespace My.App.System
            {
                internal static class Math
                {
                    internal static int Three => new global::My.Library.LibraryModel().Scores.Length;
                }
            }

            namespace My.App.Vector
            {
                internal static class Span
                {
                    internal static int Three => System.Math.Three;
                }
            }
            """);

        ProcessResult build = folder.Build("app", "-m").Succeeded();
        Assert.Contains(" 0 Warning(s)", build.Output);
        Assert.DoesNotContain(": warning ", build.Output);

        // Three target frameworks, each with a build of its own: the model is compressed once.
        Assert.Equal(2, build.Output.Split("Compressing 'tiny-mlp'.").Length - 1);
        Assert.Equal(1, build.Output.Split("Compressing 'small-cnn'.").Length - 1);
        Assert.Equal(2, build.FromCache("small-cnn"));

        string bin = folder["artifacts/bin/app"];
        foreach (string framework in (string[])["net8.0", "net9.0", "net10.0"])
        {
            string objects = folder[$"artifacts/obj/app/debug_{framework}/OptimizerBuild"];
            ConsumerProgram.Check(folder.DotNet("app", Path.Combine(bin, "debug_" + framework, "app.dll")), objects);
        }

        ProcessResult again = folder.Build("app", "-m", "--no-restore").Succeeded();
        Assert.False(again.Compiled || again.Compressed("small-cnn") || again.FromCache("small-cnn") > 0);
    }
}
