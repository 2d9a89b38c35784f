using OptimizerBuild.Harness;

namespace OptimizerBuild;

/// <summary>What users may do wrong, in a real build: the code, the figures, and no outputs.</summary>
[Collection("package")]
public class ErrorTests(PackedPackage package)
{
    [Fact]
    public void ErrorsCarryTheirCodes()
    {
        var folder = new ConsumerFolder(package, "errors");
        folder.WriteModels("app");
        folder.Write("app/app.csproj", $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Library</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <Model Condition="'$(Model)' == ''">models/tiny-mlp.onnx</Model>
              </PropertyGroup>
              <ItemGroup>
                {folder.PackageReference}
                <CompressedModel Include="$(Model)" CalibrationData="models/mlp x.npy" EvaluationData="x=models/mlp x.npy;y=models/$(Labels)"
                                 Precision="$(Precision)" Metric="$(Metric)" MaxAccuracyDrop="$(MaxDrop)" />
                <CompressedModel Include="other/tiny-mlp.onnx" Condition="'$(Twice)' == 'true'" />
              </ItemGroup>
            </Project>
            """);
        folder.Write("app/models/damaged.onnx", TestModels.Mlp()[..200]);
        folder.DotNet("app", "restore").Succeeded();

        string missing = Fail(folder, "OPT0001", "-p:Model=models/missing.onnx");
        Assert.Contains("missing.onnx", missing);
        Assert.Matches(@"app\.csproj\(9,5\): error OPT0003: 'damaged\.onnx' is truncated",
            Fail(folder, "OPT0003", "-p:Model=models/damaged.onnx"));
        Assert.Contains("Precision=\"Int5\"", Fail(folder, "OPT0010", "-p:Precision=Int5"));
        Assert.Contains("written in F#", Fail(folder, "OPT0014", "-p:Language=F#"));
        Fail(folder, "OPT0015", "-p:LangVersion=11");
        Assert.Contains("MSBuild 17.14.0", Fail(folder, "OPT0016", "-p:_OptimizerBuildHostVersion=17.14.0"));
        Fail(folder, "OPT0017", "-p:Twice=true");

        // No int8 model's outputs are exactly those of its float model.
        string exceeded = Fail(folder, "OPT0013", "-p:Metric=Cosine", "-p:MaxDrop=0");
        Assert.Matches(@"cosine is 0\.9\d+ after compression instead of 1 on 64 samples", exceeded);
        Fail(folder, "OPT0011", "-p:Labels=mlp x.npy", "-p:Metric=Top1");
        folder.BuildBy("msbuild", "app", "-t:OptimizerBuildCollect", "-p:PublishAot=true").Succeeded().Says("OPT0020");
        Assert.False(File.Exists(folder["app/obj/Debug/net10.0/OptimizerBuild/tiny-mlp/tiny-mlp.plan"]));
    }

    /// <summary>One build shows what is wrong with each model, at its line, and no errors of the compiler that follow from it.</summary>
    [Fact]
    public void AllBrokenModelsAreToldInOneBuild()
    {
        var folder = new ConsumerFolder(package, "broken");
        folder.WriteModels("app");
        folder.Write("app/app.csproj", $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
              </PropertyGroup>
              <ItemGroup>
                {folder.PackageReference}
                <CompressedModel Include="models/damaged.onnx" />
                <CompressedModel Include="models/tiny-mlp.onnx" CalibrationData="models/mlp x.npy" />
                <CompressedModel Include="models/page.onnx" />
              </ItemGroup>
            </Project>
            """);
        folder.Write("app/Program.cs", "_ = new app.Damaged();");
        folder.Write("app/models/damaged.onnx", TestModels.Mlp()[..200]);
        folder.Write("app/models/page.onnx", "<html><body>Sign in</body></html>");

        string output = folder.Build("app").FailedWith("OPT0098").Output;

        Assert.Matches(@"app\.csproj\(8,5\): error OPT0003: 'damaged\.onnx'", output);
        Assert.Matches(@"app\.csproj\(10,5\): error OPT0002: 'page\.onnx' is not an ONNX model: it is a web page", output);
        Assert.Contains("error OPT0098: 2 of 3 models could not be compressed", output, StringComparison.Ordinal);
        Assert.DoesNotContain("error CS", output, StringComparison.Ordinal);
        Assert.True(File.Exists(folder["app/obj/Debug/net10.0/OptimizerBuild/tiny-mlp/tiny-mlp.plan"]));
    }

    private static string Fail(ConsumerFolder folder, string code, params string[] properties)
    {
        string[] labels = properties.Any(p => p.StartsWith("-p:Labels", StringComparison.Ordinal)) ? [] : ["-p:Labels=mlp y.npy"];
        return folder.BuildBy("msbuild", "app", ["-t:OptimizerBuildAddOutputs", .. labels, .. properties]).FailedWith(code).Output;
    }
}
