using OptimizerBuild.Onnx;
using OptimizerBuild.Testing;
using Tensor = OptimizerBuild.Graphs.Tensor;

namespace OptimizerBuild.Models.Builds;

/// <summary>
/// A model with large activations is built in 1 GB of memory: in a child process whose runtime has no more, with made-up samples that
/// together would take more.
/// </summary>
public sealed class BuildMemoryTests : IDisposable
{
    private const string OneGigabyte = "0x40000000";

    private readonly string _folder = Directory.CreateTempSubdirectory("optimizerbuild-memory-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>A file of a hundred bytes whose 64 samples would take 3 GB.</summary>
    [Fact]
    public void OneNodeOnALargeImage() =>
        Build(new ModelBuilder().Input("x", 1, 3, 2000, 2000).Output("y")
            .Constant("w", Tensor.Of([0.5f, 1, 2], 1, 3, 1, 1)).Node("Conv", "x,w", "y"));

    private void Build(ModelBuilder model)
    {
        string path = Path.Combine(_folder, "large.onnx");
        File.WriteAllBytes(path, model.Bytes);
        ProcessResult run = DotNet.Start("dotnet", SharedAssets.RepositoryRoot, [("DOTNET_GCHeapHardLimit", OneGigabyte)],
            [typeof(BuildMemoryTests).Assembly.Location, "build-large", path]);
        Assert.Contains(".weights", run.Succeeded().Output, StringComparison.Ordinal);
    }
}
