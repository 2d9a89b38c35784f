using System.Collections.Immutable;
using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Options;
using OptimizerBuild.Passes;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Lowering;

/// <summary>Predictors that take bytes and images with channels last, against the same model fed with adapted floats: equal
/// bytes.</summary>
public sealed class InputBindingTests
{
    private const int Channels = 3;
    private const int Height = 5;
    private const int Width = 4;

    public static TheoryData<string, bool, string, string, int> Cases
    {
        get
        {
            var cases = new TheoryData<string, bool, string, string, int>();
            foreach (string model in (string[])["convolution", "flat", "scores"])
                foreach (bool integer in (bool[])[false, true])
                    foreach (string layout in Enum.GetNames<ImageLayout>())
                    {
                        cases.Add(model, integer, nameof(InputElement.Float32), layout, 1);
                        cases.Add(model, integer, nameof(InputElement.UInt8), layout, 1);
                        cases.Add(model, integer, nameof(InputElement.UInt8), layout, Channels);
                    }
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void CallersDataGivesWhatAdaptedFloatsGive(string kind, bool integer, string elementName, string layout, int scales)
    {
        InputElement element = Enum.Parse<InputElement>(elementName);
        Graph imported = Model(kind);
        Graph graph = PassPipeline.Run(imported);
        string input = graph.Inputs[0];
        var adaptation = new InputAdaptation(
            element, [.. new[] { 0.02, 0.013, 0.031 }.Take(scales)], [.. new[] { -2.1, 0.4, -1.3 }.Take(scales)],
                Enum.Parse<ImageLayout>(layout));
        var random = new Random(3);
        Tensor[] callers = [.. Enumerable.Range(0, 5).Select(_ =>
            CallersSample(random, element, adaptation.DataDimensions(imported, input)))];
        Tensor[] floats = [.. callers.Select(c => Adapted(c, graph.TypeOf(input), adaptation, adaptation.MovesChannels(imported, input)))];

        var model = new CompressedModel(graph);
        if (integer)
        {
            var options = new QuantizationOptions { Precision = ModelPrecision.Int8 };
            model = new Quantizer(options).Apply(model, new SampleSet([.. floats.Select(f => (IReadOnlyList<Tensor>)[f])], false),
                CancellationToken.None).Model;
            Assert.Contains(model.Annotation<GraphQuantization>()!.Nodes.Values, n => n.Integer);
        }
        LoweredModel lowered = GraphLowerer.Lower(model, new BoundaryOptions { Adaptation = adaptation, Interface = imported });
        Assert.Equal(element == InputElement.UInt8 ? BoundaryType.UInt8 : BoundaryType.Float32, lowered.Inputs[0].Type);
        Assert.Equal(adaptation.DataDimensions(imported, input), lowered.Inputs[0].Dimensions);
        PlanExecutor actual = Plans.Execute(lowered);
        PlanExecutor expected = Plans.Execute(GraphLowerer.Lower(model, new BoundaryOptions { Interface = imported }));
        for (int i = 0; i < callers.Length; i++)
            Assert.Equal(expected.Run([floats[i]])[0].Values<float>(), actual.Run([callers[i]])[0].Values<float>());
    }

    [Fact]
    public void ConvolutionsReadTheBindingsBufferWithoutACopy()
    {
        var b = new GraphBuilder();
        Graph graph = PassPipeline.Run(b.Build(b.Add("Conv", [b.Input(1, Channels, Height, Width), b.Weights(8, Channels, 3, 3)],
            ("pads", new long[] { 1, 1, 1, 1 }))));
        CompressedModel model = Plans.Quantize(graph);
        LoweredModel lowered = GraphLowerer.Lower(model, new BoundaryOptions());
        Assert.Equal("QuantizeInput", lowered.Inputs[0].Binding!.Kernel);
        Assert.DoesNotContain(lowered.Calls, s => s.Kernel == "StridedCopy" && s.Description == "with border");
        Assert.Equal("BorderFill", lowered.Calls.ElementAt(0).Kernel);
        Assert.StartsWith("Int8Convolution", lowered.Calls.ElementAt(1).Kernel, StringComparison.Ordinal);
    }

    [Fact]
    public void WrongNumberOfScalesIsACodedError()
    {
        Graph graph = PassPipeline.Run(Model("scores"));
        var adaptation = new InputAdaptation(InputElement.UInt8, [1, 2], [0], ImageLayout.NCHW);
        ModelException error = Assert.Throws<ModelException>(() =>
            GraphLowerer.Lower(new CompressedModel(graph), new BoundaryOptions { Adaptation = adaptation }));
        Assert.Equal("OPT0010", error.Diagnostic.Descriptor.Code);
        Assert.Contains("InputScale", error.Diagnostic.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void InputThatNobodyReadsHasNoBinding()
    {
        var b = new GraphBuilder();
        string unread = b.Input(1, 2);
        Graph graph = b.Build(b.Add("Relu", b.Input(1, 3)));
        LoweredModel lowered = GraphLowerer.Lower(new CompressedModel(graph), new BoundaryOptions());
        Assert.Null(lowered.Inputs.Single(i => i.OnnxName == unread).Binding);
        Assert.Equal([1, 0, 2], Plans.Execute(lowered).Run([Tensor.Of([0f, 0f], 1, 2), Tensor.Of([1f, -1f, 2f], 1, 3)])[0].Values<float>());
    }

    private static Graph Model(string kind)
    {
        var b = new GraphBuilder(5);
        switch (kind)
        {
            case "convolution":
                string map = b.Add("Conv", [b.Input(1, Channels, Height, Width), b.Weights(8, Channels, 3, 3)],
                    ("pads", new long[] { 1, 1, 1, 1 }));
                return b.Build(b.Add("Gemm", b.Add("Flatten", b.Add("Relu", map)), b.Weights(8 * Height * Width, 6)));
            case "flat":
                return b.Build(b.Add("Gemm", b.Add("Flatten", b.Input(1, Channels, Height, Width)),
                    b.Weights(Channels * Height * Width, 6)));
            default:
                return b.Build(b.Add("Gemm", b.Input(2, Channels), b.Weights(Channels, 6)));
        }
    }

    private static Tensor CallersSample(Random random, InputElement element, ImmutableArray<int> dimensions)
    {
        int count = Shapes.Count(dimensions.AsSpan());
        if (element == InputElement.UInt8)
        {
            var bytes = new byte[count];
            random.NextBytes(bytes);
            return Tensor.Of(bytes, [.. dimensions]);
        }
        return Tensor.Of([.. Enumerable.Range(0, count).Select(_ => (random.NextSingle() * 4) - 2)], [.. dimensions]);
    }

    // What the adaptation means, element by element.
    private static Tensor Adapted(Tensor callers, TensorType type, InputAdaptation adaptation, bool moves)
    {
        int rank = type.Rank;
        int channels = type.Dimensions[Math.Min(1, rank - 1)];
        int inner = rank == 4 ? type.Dimensions[2] * type.Dimensions[3] : 1;
        var result = new float[type.Count];
        for (int i = 0; i < result.Length; i++)
        {
            int channel = i / inner % channels;
            int source = moves ? (((i / (inner * channels) * inner) + (i % inner)) * channels) + channel : i;
            result[i] = callers.Data switch
            {
                byte[] bytes => (float)((bytes[source] * adaptation.Scale[Math.Min(channel, adaptation.Scale.Length - 1)])
                    + adaptation.Offset[Math.Min(channel, adaptation.Offset.Length - 1)]),
                float[] values => values[source],
                _ => throw new InvalidOperationException("bytes or floats"),
            };
        }
        return new Tensor(type, result);
    }
}
