using OptimizerBuild.Testing;

namespace OptimizerBuild.Models.Builds;

/// <summary>
/// Every file of a build is the same whatever the machine that builds: its vectors, fused multiply-add, number of cores, how the runtime
/// compiles, what the C library takes its functions from. Builds run in child processes under switches that take these away.
/// </summary>
public sealed class BuildMachineTests : IClassFixture<BuildMachineTests.Folder>
{
    private readonly Folder _folder;

    public BuildMachineTests(Folder folder) => _folder = folder;

    /// <summary>The switches; what the machine lacks anyway changes nothing.</summary>
    public static TheoryData<string> Machines =>
    [
        "DOTNET_EnableAVX512=0",
        "DOTNET_EnableAVX2=0",
        "DOTNET_EnableFMA=0",
        "DOTNET_EnableHWIntrinsic=0",
        "DOTNET_TieredCompilation=0 DOTNET_PROCESSOR_COUNT=1",
        "DOTNET_TieredPGO=0 DOTNET_PROCESSOR_COUNT=7",
        "GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX2,-FMA,-AVX",
    ];

    [Theory]
    [MemberData(nameof(Machines))]
    public void SmallModelsBuildToTheSameBytes(string switches)
    {
        Assert.Equal(_folder.Expected, Build(switches, "build", _folder.Location));
        PathRecord.Ran($"builds {switches}");
    }

    /// <summary>Models of the development set, those of few operations where there are no vectors.</summary>
    [Theory]
    [InlineData("DOTNET_EnableAVX2=0", "fashion-mobilenet")]
    [InlineData("DOTNET_EnableAVX512=0", "fashion-mobilenet")]
    [InlineData("DOTNET_EnableAVX2=0", "kws_dscnn")]
    [InlineData("DOTNET_EnableHWIntrinsic=0", "digits-mlp")]
    [InlineData("DOTNET_EnableHWIntrinsic=0", "digits-mlp Sparsity=0.4 SparsityPattern=Channel")]
    [InlineData("DOTNET_EnableAVX2=0", "kws_dscnn Sparsity=0.3 SparsityPattern=Channel")]
    [InlineData("DOTNET_TieredPGO=0 DOTNET_PROCESSOR_COUNT=7", "mnist-lenet5 Sparsity=0.3 SparsityPattern=Channel")]
    [InlineData("DOTNET_EnableHWIntrinsic=0", "digits-mlp Fold=0.4")]
    [InlineData("DOTNET_EnableHWIntrinsic=0", "digits-mlp Rank=0.5")]
    [InlineData("DOTNET_EnableAVX2=0", "mnist-lenet5 Rank=0.5")]
    [InlineData("DOTNET_EnableAVX2=0", "kws_dscnn Fold=0.3")]
    public void ModelsOfTheDevelopmentSetBuildToTheSameBytes(string switches, string model)
    {
        SharedAssets.Require();
        string[] expected = [.. BuildDigests.OfShared(model)];
        Assert.Equal(expected, Build(switches, "build-shared", model));
    }

    /// <summary>Second-order methods, clusters and codes.</summary>
    [Theory]
    [InlineData("DOTNET_EnableAVX2=0 DOTNET_PROCESSOR_COUNT=1")]
    [InlineData("DOTNET_EnableAVX512=0 DOTNET_EnableFMA=0")]
    [InlineData("DOTNET_EnableHWIntrinsic=0")]
    public void FewWeightsAreTheSameEverywhere(string switches)
    {
        SharedAssets.Require();
        string[] expected = [.. BuildDigests.OfFewWeights("digits-mlp")];
        Assert.Equal(expected, Build(switches, "build-few", "digits-mlp"));
    }

    private static string[] Build(string switches, params string[] arguments)
    {
        (string, string)[] environment = [.. switches.Split(' ').Select(s => s.Split('=', 2)).Select(s => (s[0], s[1]))];
        ProcessResult run = DotNet.Start("dotnet", SharedAssets.RepositoryRoot, environment,
            [typeof(BuildMachineTests).Assembly.Location, .. arguments]);
        return run.Succeeded().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }

    /// <summary>The small models' files, and what this process makes of them.</summary>
    public sealed class Folder : IDisposable
    {
        public Folder()
        {
            Location = Directory.CreateTempSubdirectory("optimizerbuild-builds-").FullName;
            foreach ((string name, Onnx.ModelBuilder model) in SmallModels.All)
                File.WriteAllBytes(Path.Combine(Location, name + ".onnx"), model.Bytes);
            Expected = [.. BuildDigests.OfFolder(Location)];
        }

        public string Location { get; }

        public string[] Expected { get; }

        public void Dispose() => Directory.Delete(Location, recursive: true);
    }
}
