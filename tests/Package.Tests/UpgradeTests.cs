using OptimizerBuild.Harness;
using OptimizerBuild.Testing;

namespace OptimizerBuild;

/// <summary>
/// Another version of the package over what an earlier build left in <c>obj</c>: everything is made anew that would differ, so that no plan
/// meets kernels or weights of another version.
/// </summary>
[Collection("package")]
public class UpgradeTests(PackedPackage package)
{
    private const string Project = "upgraded";
    private const string Objects = Project + "/obj/Debug/net10.0/OptimizerBuild/";
    private const string Generated = Project + "/obj/Debug/net10.0/generated/";

    private static readonly string[] Models = ["tiny-mlp", "small-cnn"];

    [Fact]
    public void AnotherVersionMakesPlansWeightsAndCodeAnew()
    {
        var changed = new ChangedPackage(package);
        var folder = new ConsumerFolder(package, "upgrade");
        folder.WriteModels(Project);
        string project = $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <RootNamespace>Consumer</RootNamespace>
                <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
                <EmitCompilerGeneratedFiles>true</EmitCompilerGeneratedFiles>
              </PropertyGroup>
              <ItemGroup>
                {folder.PackageReference}
                {ConsumerProgram.Items}
              </ItemGroup>
            </Project>
            """;
        folder.Write($"{Project}/app.csproj", project);
        folder.Write($"{Project}/Program.cs", ConsumerProgram.Source("Consumer"));
        string upgraded = project.Replace(package.Version, changed.Version, StringComparison.Ordinal);

        ProcessResult first = folder.Build(Project).Succeeded();
        Assert.All(Models, m => Assert.True(first.Compressed(m)));
        ConsumerProgram.Check(Run(folder), folder[Objects]);
        string answers = Run(folder).Output;
        Dictionary<string, byte[]> before = Outputs(folder);
        Assert.Contains(ChangedPackage.OldKernel + ".", Text(before, "tiny-mlp.plan"), StringComparison.Ordinal);

        // Up: the files of the newer package are older than all that was built.
        folder.Write($"{Project}/app.csproj", upgraded);
        ProcessResult up = folder.Build(Project).Succeeded();
        Assert.All(Models, m => Assert.True(up.Compressed(m) && up.FromCache(m) == 0, up.Output));
        Assert.True(up.Compiled);
        Dictionary<string, byte[]> after = Outputs(folder);
        Assert.Contains(ChangedPackage.NewKernel + ".", Text(after, "tiny-mlp.plan"), StringComparison.Ordinal);
        Assert.All(Models, m => Assert.NotEqual(before[m + ".weights"], after[m + ".weights"]));
        Assert.Contains(ChangedPackage.Header, Emitted(folder, ChangedPackage.NewKernel), StringComparison.Ordinal);
        Assert.Equal(answers, Run(folder).Succeeded().Output);
        folder.Build(Project).Succeeded().Skipped("OptimizerBuildCompress").Skipped("CoreCompile");

        // Down: the same bytes as at first, which the cache still has.
        folder.Write($"{Project}/app.csproj", project);
        ProcessResult down = folder.Build(Project).Succeeded();
        Assert.All(Models, m => Assert.Equal(1, down.FromCache(m)));
        Assert.True(down.Compiled);
        Dictionary<string, byte[]> again = Outputs(folder);
        Assert.All(before, file => Assert.Equal(file.Value, again[file.Key]));
        Assert.DoesNotContain(ChangedPackage.Header, Emitted(folder, ChangedPackage.OldKernel), StringComparison.Ordinal);
        ConsumerProgram.Check(Run(folder), folder[Objects]);

        // Up once more, without the cache: nothing but obj is there to be believed.
        folder.Write($"{Project}/app.csproj", upgraded);
        ProcessResult twice = folder.Build(Project, "-p:OptimizerBuildCachePath=" + folder["no cache/"]).Succeeded();
        Assert.All(Models, m => Assert.True(twice.Compressed(m)));
        Dictionary<string, byte[]> last = Outputs(folder);
        Assert.All(after, file => Assert.Equal(file.Value, last[file.Key]));
        Assert.Equal(answers, Run(folder).Succeeded().Output);
    }

    private static ProcessResult Run(ConsumerFolder folder) => folder.DotNet(Project, "bin/Debug/net10.0/app.dll");

    private static Dictionary<string, byte[]> Outputs(ConsumerFolder folder) => Models
        .SelectMany(m => (string[])[m + ".plan", m + ".weights"])
        .ToDictionary(f => f, f => File.ReadAllBytes(folder[Objects + Path.GetFileNameWithoutExtension(f) + "/" + f]));

    private static string Text(Dictionary<string, byte[]> outputs, string file) => System.Text.Encoding.UTF8.GetString(outputs[file]);

    private static string Emitted(ConsumerFolder folder, string kernel) => File.ReadAllText(Directory
        .EnumerateFiles(folder[Generated], $"OptimizerBuild.Kernels.{kernel}.g.cs", SearchOption.AllDirectories).Single());
}
