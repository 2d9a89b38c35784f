using OptimizerBuild.Onnx;
using OptimizerBuild.Testing;
using Tensor = OptimizerBuild.Graphs.Tensor;

namespace OptimizerBuild.Models.Builds;

/// <summary>
/// A model with large activations is built in 1 GB of memory: in a child process whose runtime has no more, with made-up samples that
/// together would take more.
/// </summary>
public sealed class BuildMemoryTests(ITestOutputHelper output) : IDisposable
{
    private const string OneGigabyte = "0x40000000";

    private readonly string _folder = Directory.CreateTempSubdirectory("optimizerbuild-memory-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>A file of a hundred bytes whose 64 samples would take 3 GB.</summary>
    [Fact]
    public void OneNodeOnALargeImage() =>
        Build(new ModelBuilder().Input("x", 1, 3, 2000, 2000).Output("y")
            .Constant("w", Tensor.Of([0.5f, 1, 2], 1, 3, 1, 1)).Node("Conv", "x,w", "y"));

    /// <summary>
    /// A detector of 190 million multiply-accumulates on 256×256 pixels, whose outputs are small differences of two heads: noisy in 8 bits,
    /// so that everything is tried that can make them quieter.
    /// </summary>
    [Fact]
    public void ANoisyNetworkWithLargeMaps()
    {
        var random = new Random(7);
        ModelBuilder model = new ModelBuilder().Input("x", 1, 3, 256, 256).Output("boxes");
        string body = Conv("a", Conv("b", Conv("c", Conv("d", Conv("e", "x", 3, 8), 8, 16, 2), 16, 24), 24, 24), 24, 32, 2);
        float[] left = Weights(32 * 4, 0.2), right = [.. left.Select(w => w + (0.004f * (float)(random.NextDouble() - 0.5)))];
        model.Constant("left.w", Tensor.Of(left, 4, 32, 1, 1)).Node("Conv", body + ",left.w", "left");
        model.Constant("right.w", Tensor.Of(right, 4, 32, 1, 1)).Node("Conv", body + ",right.w", "right");
        // What is tried ends with nodes in float32.
        Assert.DoesNotMatch("dB, 0 layers in float32", Build(model.Node("Sub", "left,right", "boxes"), "build-noisy"));

        string Conv(string name, string input, int inputs, int outputs, int stride = 1)
        {
            model.Constant(name + ".w", Tensor.Of(Weights(outputs * inputs * 9, Math.Sqrt(2.0 / (inputs * 9))), outputs, inputs, 3, 3))
                .Node("Conv", $"{input},{name}.w", name + ".sums", ("pads", (long[])[1, 1, 1, 1]), ("strides", (long[])[stride, stride]))
                .Node("Relu", name + ".sums", name);
            return name;
        }

        float[] Weights(int count, double deviation) => [.. Enumerable.Range(0, count).Select(_ =>
            (float)(deviation * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))];
    }

    private string Build(ModelBuilder model, string command = "build-large")
    {
        string path = Path.Combine(_folder, "large.onnx");
        File.WriteAllBytes(path, model.Bytes);
        ProcessResult run = DotNet.Start("dotnet", SharedAssets.RepositoryRoot, [("DOTNET_GCHeapHardLimit", OneGigabyte)],
            [typeof(BuildMemoryTests).Assembly.Location, command, path]);
        string lines = run.Succeeded().Output;
        output.WriteLine(lines);
        Assert.Contains(".weights", lines, StringComparison.Ordinal);
        return lines;
    }
}
