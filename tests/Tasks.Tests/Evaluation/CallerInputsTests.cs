using System.Collections.Immutable;
using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Options;

namespace OptimizerBuild.Evaluation;

/// <summary>Evaluation samples as an app would pass them.</summary>
public sealed class CallerInputsTests
{
    private static readonly InputAdaptation Images = new(InputElement.UInt8, [1 / 255.0, 0.013, 2], [-0.5, 0, 7], ImageLayout.NHWC);

    [Fact]
    public void BytesComeBackAsTheyWereStored()
    {
        Graph graph = Model(1, 3, 4, 5);
        var random = new Random(4);
        var bytes = new byte[2 * 4 * 5 * 3];
        random.NextBytes(bytes);
        (bytes[0], bytes[1], bytes[2], bytes[3]) = (0, 255, 0, 255);
        var data = new DataSet("images", [new NamedArray("x", Tensor.Of(bytes, 2, 4, 5, 3))], "y");

        IReadOnlyList<IReadOnlyList<Tensor>> samples = SampleSplitter.ToSamples(data, graph, Images).Samples;
        var callers = new CallerInputs(graph, Images, "images");

        for (int i = 0; i < 2; i++)
        {
            Tensor caller = Assert.Single(callers.Of(samples[i]));
            Assert.Equal([1, 4, 5, 3], caller.Dimensions);
            Assert.Equal(bytes[(60 * i)..(60 * (i + 1))], caller.Values<byte>());
        }
    }

    [Fact]
    public void FloatsKeepTheirBitsAndGetTheCallersLayout()
    {
        Graph graph = Model(1, 3, 4, 5);
        Tensor x = Tensor.Of([.. Enumerable.Range(0, 60).Select(i => i / 7f)], 1, 3, 4, 5);
        Tensor caller = new CallerInputs(graph, InputAdaptation.None with { Layout = ImageLayout.NHWC }, "").Of([x])[0];
        for (int y = 0; y < 4; y++)
            for (int column = 0; column < 5; column++)
                for (int c = 0; c < 3; c++)
                    Assert.Equal(x.Values<float>()[(((c * 4) + y) * 5) + column], caller.Values<float>()[(((y * 5) + column) * 3) + c]);
        Assert.Same(x, new CallerInputs(graph, InputAdaptation.None, "").Of([x])[0]);
    }

    [Fact]
    public void FloatsThatAreBytesButForRoundingAreThoseBytes()
    {
        Graph graph = Model(2, 4);
        var adaptation = new InputAdaptation(InputElement.UInt8, [1 / 255.0], [0], ImageLayout.NCHW);
        Tensor x = Tensor.Of([0f, 1f, 128 / 255f, MathF.BitIncrement(77 / 255f), 3.004f / 255, 254.999f / 255, 1e-6f, 0.2f], 2, 4);
        Assert.Equal([0, 255, 128, 77, 3, 255, 0, 51], new CallerInputs(graph, adaptation, "").Of([x])[0].Values<byte>());
    }

    [Theory]
    [InlineData(0.5f)]
    [InlineData(-1f)]
    [InlineData(256f)]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void NumbersThatNoByteStandsForAreACodedError(float value)
    {
        var adaptation = new InputAdaptation(InputElement.UInt8, [1], [0], ImageLayout.NCHW);
        var callers = new CallerInputs(Model(1, 2), adaptation, "test.npz");
        ModelException error = Assert.Throws<ModelException>(() => callers.Of([Tensor.Of([3f, value], 1, 2)]));
        Assert.Equal("OPT0011", error.Diagnostic.Descriptor.Code);
        Assert.Contains("test.npz", error.Diagnostic.Text, StringComparison.Ordinal);
        Assert.Contains("InputScale", error.Diagnostic.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void InputsOfOtherTypesPassAsTheyAre()
    {
        Graph graph = Model(1, 2);
        graph = graph with { Types = graph.Types.SetItem("x", TensorType.Of(ElementType.Int64, 1, 2)) };
        Tensor x = Tensor.Of([1L, 300L], 1, 2);
        Assert.Same(x, new CallerInputs(graph, Images, "").Of([x])[0]);
    }

    private static Graph Model(params int[] dimensions)
    {
        return new Graph
        {
            Name = "model",
            Inputs = ["x"],
            Outputs = ["y"],
            Nodes = [new Node("n", "Relu", ["x"], ["y"])],
            Constants = ImmutableSortedDictionary.Create<string, Tensor>(StringComparer.Ordinal),
            Types = ImmutableSortedDictionary.Create<string, TensorType>(StringComparer.Ordinal)
                .Add("x", TensorType.Float32(dimensions)).Add("y", TensorType.Float32(dimensions)),
        };
    }
}
