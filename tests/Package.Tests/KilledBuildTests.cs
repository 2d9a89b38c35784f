using System.Globalization;
using System.Text.RegularExpressions;
using OptimizerBuild.Harness;
using OptimizerBuild.Testing;

namespace OptimizerBuild;

/// <summary>A build that is killed while a model learns, as by a machine that is switched off.</summary>
[Collection("package")]
public class KilledBuildTests(PackedPackage package)
{
    private const string Objects = "app/obj/Debug/net10.0/OptimizerBuild";

    [Fact]
    public void GoesOnWhereItWasKilledToTheSameBytes()
    {
        var folder = new ConsumerFolder(package, "killed");
        folder.WriteModels("app");
        // So many steps of the small network take longer than the two seconds until there is a state, on fast machines, too.
        folder.Write("app/app.csproj", $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <TargetFramework>net10.0</TargetFramework>
                <Nullable>enable</Nullable>
              </PropertyGroup>
              <ItemGroup>
                {folder.PackageReference}
                <CompressedModel Include="models/small-cnn.onnx" CalibrationData="models/cnn.npy" Sparsity="0.5" Recovery="True"
                                 RecoverySteps="12000" />
              </ItemGroup>
            </Project>
            """);
        folder.Build("app", "-v:d", "-p:OptimizerBuildCachePath=undisturbed/").Succeeded();
        Dictionary<string, byte[]> undisturbed = Outputs(folder);
        Assert.NotEmpty(undisturbed);
        Directory.Delete(folder[Objects], recursive: true);

        string cache = folder["app/killed"];
        string[] States() => Directory.Exists(cache) ? Directory.GetFiles(cache, "*.training") : [];
        DotNet.RunAndKill(folder["app"], () => States().Length > 0,
            "build", "--no-restore", "-nodeReuse:false", "-p:UseSharedCompilation=false", "-p:OptimizerBuildCachePath=killed/");
        Assert.NotEmpty(States());
        Assert.Empty(Outputs(folder));

        ProcessResult again = folder.Build("app", "--no-restore", "-v:d", "-p:OptimizerBuildCachePath=killed/").Succeeded();
        Assert.True(again.Compressed("small-cnn"));
        Assert.Empty(States());
        Match first = Regex.Match(again.Output, @"small-cnn: Recovery \d+ %, step (\d+) of 12000");
        Assert.True(first.Success && int.Parse(first.Groups[1].Value, CultureInfo.InvariantCulture) > 1, again.Output);
        Dictionary<string, byte[]> found = Outputs(folder);
        Assert.Equal(undisturbed.Keys.Order(), found.Keys.Order());
        Assert.All(undisturbed, o => Assert.Equal(o.Value, found[o.Key]));
    }

    private static Dictionary<string, byte[]> Outputs(ConsumerFolder folder) => !Directory.Exists(folder[Objects]) ? []
        : ((string[])["*.plan", "*.weights"]).SelectMany(p => Directory.GetFiles(folder[Objects], p, SearchOption.AllDirectories))
            .ToDictionary(f => Path.GetRelativePath(folder[Objects], f), File.ReadAllBytes);
}
