using System.Buffers.Binary;
using System.IO.Compression;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Onnx;

/// <summary>The trained models of the development set reach the accuracy that their training measured.</summary>
public sealed class TrainedModelTests
{
    [Theory]
    [InlineData("mnist-lenet-300-100", "mnist/t10k-first3000", 0.9777, 0.005)]
    [InlineData("mnist-lenet5", "mnist/t10k-first3000", 0.989, 0.005)]
    [InlineData("fashion-mobilenet", "fashion-mnist/t10k", 0.923, 0.02)]
    public void Reach_their_accuracy(string model, string data, double accuracy, double tolerance)
    {
        SharedAssets.Require();
        Graph graph = OnnxImporter.Import(SharedAssets.Path($"models/trained/{model}.onnx"), ImportOptions.Default).Graph;
        byte[] pixels = Read($"data/{data}-images-idx3-ubyte.gz"), labels = Read($"data/{data}-labels-idx1-ubyte.gz");
        const int Count = 1000, Size = 28 * 28, ImageHeader = 16, LabelHeader = 8;
        Assert.Equal(Size, BinaryPrimitives.ReadInt32BigEndian(pixels.AsSpan(8)) * BinaryPrimitives.ReadInt32BigEndian(pixels.AsSpan(12)));
        Tensor[][] samples = [.. Enumerable.Range(0, Count).Select(i => (Tensor[])
            [Tensor.Of(Array.ConvertAll(pixels[(ImageHeader + (i * Size))..(ImageHeader + ((i + 1) * Size))], p => p / 255f), 1, 1, 28,
                28)])];

        Tensor[][] outputs = new GraphEvaluator(graph).EvaluateMany(samples);

        int right = outputs.Where((o, i) => Best(o[0].Values<float>()) == labels[LabelHeader + i]).Count();
        Assert.InRange(right / (double)Count, accuracy - tolerance, accuracy + tolerance);
    }

    private static int Best(float[] scores) => Array.IndexOf(scores, scores.Max());

    private static byte[] Read(string file)
    {
        using var stream = new GZipStream(File.OpenRead(SharedAssets.Path(file)), CompressionMode.Decompress);
        using var memory = new MemoryStream();
        stream.CopyTo(memory);
        return memory.ToArray();
    }
}
