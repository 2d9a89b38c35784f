using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Options;

namespace OptimizerBuild.Data;

public sealed class SampleSplitterTests
{
    private static DataSet Data(params (string Name, Tensor Value)[] arrays) =>
        new("data", [.. arrays.Select(a => new NamedArray(a.Name, a.Value))], "y");

    private static Tensor Ramp(params int[] dimensions) => Tensor.Of(Enumerable.Range(0, Shapes.Count(dimensions)).Select(i =>
        (float)i).ToArray(), dimensions);

    private static string Mismatch(DataSet data, Graph graph, InputAdaptation? adaptation = null)
    {
        var error = Assert.Throws<ModelException>(() => SampleSplitter.ToSamples(data, graph, adaptation ?? InputAdaptation.None));
        Assert.Equal("OPT0011", error.Diagnostic.Descriptor.Code);
        return error.Diagnostic.Text;
    }

    [Theory]
    [InlineData("image")]
    [InlineData("x")]
    [InlineData("anything")]
    public void ASingleInputTakesTheArrayThatCanBeMeant(string name)
    {
        var samples = SampleSplitter.ToSamples(
            Data(("y", Tensor.Of(new long[] { 1, 2 }, 2)), (name, Ramp(2, 2, 3))),
                DataFiles.Model(("image", TensorType.Float32(1, 1, 2, 3))), InputAdaptation.None);
        Assert.False(samples.Synthetic);
        Assert.Equal(2, samples.Samples.Count);
        Assert.Equal("float32[1,1,2,3]", samples.Samples[1][0].Type.ToString());
        Assert.Equal([6, 7, 8, 9, 10, 11], samples.Samples[1][0].Values<float>());
    }

    [Fact]
    public void LabelsComeWithTheSamplesThatAreTaken()
    {
        Graph graph = DataFiles.Model(("x", TensorType.Float32(1, 2)));
        DataSet data = Data(("x", Ramp(6, 2)), ("y", Tensor.Of(new byte[] { 0, 1, 2, 3, 4, 5 }, 6)));
        SampleSet all = SampleSplitter.ToSamples(data, graph, InputAdaptation.None);
        Assert.Equal([0, 1, 2, 3, 4, 5], all.Labels!.Values<byte>());
        Assert.Same(data, all.Data);
        SampleSet some = SampleSplitter.ToSamples(data, graph, InputAdaptation.None, 3);
        Assert.Equal([0, 4, 8], some.Samples.Select(s => s[0].Values<float>()[0]));
        Assert.Equal([0, 2, 4], some.Labels!.Values<byte>());
        DataSet targets = Data(("x", Ramp(4, 2)), ("y", Ramp(4, 3)));
        Tensor rows = SampleSplitter.ToSamples(targets, graph, InputAdaptation.None, 2).Labels!;
        Assert.Equal("float32[2,3]", rows.Type.ToString());
        Assert.Equal([0, 1, 2, 6, 7, 8], rows.Values<float>());

        // Data without labels, or with some that cannot be shared out.
        Assert.Null(SampleSplitter.ToSamples(Data(("x", Ramp(4, 2))), graph, InputAdaptation.None).Labels);
        Assert.Null(SampleSplitter.ToSamples(Data(("x", Ramp(4, 2)), ("y", Ramp(3))), graph, InputAdaptation.None, 2).Labels);
        Tensor table = Ramp(4, 2);
        DataSet whole = Data(("x", Ramp(4, 1)), ("y", Ramp(4))) with { Table = table };
        Assert.Null(SampleSplitter.ToSamples(whole, graph, InputAdaptation.None).Labels);
    }

    [Fact]
    public void ABatchModelTakesConsecutiveRows()
    {
        var samples = SampleSplitter.ToSamples(Data(("x", Ramp(6, 2))), DataFiles.Model(("x", TensorType.Float32(3, 2))),
            InputAdaptation.None);
        Assert.Equal(2, samples.Samples.Count);
        Assert.Equal([6, 7, 8, 9, 10, 11], samples.Samples[1][0].Values<float>());
        Assert.Contains("a multiple of 3 rows", Mismatch(Data(("x", Ramp(5, 2))), DataFiles.Model(("x", TensorType.Float32(3, 2)))));
    }

    [Fact]
    public void RowsMayBeWholeInputs()
    {
        Assert.Equal(2, SampleSplitter.ToSamples(Data(("x", Ramp(2, 3, 2))), DataFiles.Model(("x", TensorType.Float32(3, 2))),
            InputAdaptation.None).Samples.Count);
        Assert.Equal([5, 6, 7, 8, 9], SampleSplitter.ToSamples(Data(("x", Ramp(2, 5))), DataFiles.Model(("x", TensorType.Float32(5))),
            InputAdaptation.None).Samples[1][0].Values<float>());
    }

    [Fact]
    public void SeveralInputsMatchByNameAndCount()
    {
        Graph graph = DataFiles.Model(("a", TensorType.Float32(1, 2)), ("b", TensorType.Of(ElementType.Int32, 1)));
        var samples = SampleSplitter.ToSamples(Data(("b", Tensor.Of(new byte[] { 5, 6 }, 2)), ("a", Ramp(2, 2))), graph,
            InputAdaptation.None);
        Assert.Equal([2, 3], samples.Samples[1][0].Values<float>());
        Assert.Equal([6], samples.Samples[1][1].Values<int>());
        Assert.Contains("an array named 'b' (int32[samples])", Mismatch(Data(("a", Ramp(2, 2))), graph));
        Assert.Contains("2 samples for each input, found 3 for input 'b'", Mismatch(Data(("b", Ramp(3)), ("a", Ramp(2, 2))), graph));
    }

    [Fact]
    public void BytesBecomeScaledReals()
    {
        var bytes = Tensor.Of(new byte[] { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 }, 1, 2, 2, 3);
        Graph nchw = DataFiles.Model(("x", TensorType.Float32(1, 3, 2, 2)));
        var adaptation = new InputAdaptation(InputElement.UInt8, [1, 10, 100], [0.5], ImageLayout.NHWC);
        Assert.Equal([0.5f, 3.5f, 6.5f, 9.5f, 10.5f, 40.5f, 70.5f, 100.5f, 200.5f, 500.5f, 800.5f, 1100.5f],
            SampleSplitter.ToSamples(Data(("x", bytes)), nchw, adaptation).Samples[0][0].Values<float>());
        Assert.Equal([1, 2, 2, 3], adaptation.DataDimensions(nchw, "x").ToArray());

        // A model that has its channels last already takes the bytes in their order.
        Graph nhwc = DataFiles.Model(("x", TensorType.Float32(1, 8, 2, 3)));
        var more = Tensor.Of(Enumerable.Range(0, 48).Select(i => (byte)i).ToArray(), 1, 8, 2, 3);
        Assert.Equal([0.5f, 10.5f, 200.5f, 3.5f], SampleSplitter.ToSamples(Data(("x", more)), nhwc,
            adaptation).Samples[0][0].Values<float>()[..4]);

        // Without a scale integers are taken as they are; real data never needs scaling; an app that scales itself may have files of bytes.
        Assert.Equal([0, 3, 6], SampleSplitter.ToSamples(Data(("x", bytes)), nchw,
            InputAdaptation.None with { Layout = ImageLayout.NHWC }).Samples[0][0].Values<float>()[..3]);
        Assert.Equal([0, 3, 6], SampleSplitter.ToSamples(Data(("x", Ramp(1, 2, 2, 3))), nchw,
            adaptation).Samples[0][0].Values<float>()[..3]);
        Assert.Equal([0.5f, 3.5f, 6.5f], SampleSplitter.ToSamples(Data(("x", bytes)), nchw,
            adaptation with { Type = InputElement.Float32 }).Samples[0][0].Values<float>()[..3]);
        Assert.Contains("one value or 3 values", Mismatch(Data(("x", bytes)), nchw, adaptation with { Scale = [1, 2] }));
    }

    [Fact]
    public void TypesWithoutADotNetFormAreConverted()
    {
        Graph bfloat16 = DataFiles.Model(("x", TensorType.Of(ElementType.BFloat16, 1, 2)));
        Assert.Equal<ushort>([0x3FC0, 0xC000], SampleSplitter.ToSamples(Data(("x", Tensor.Of([1.5f, -2f], 1, 2))), bfloat16,
            InputAdaptation.None).Samples[0][0].Values<ushort>());
        Graph real = DataFiles.Model(("x", TensorType.Float32(1, 2)));
        var scaled = new InputAdaptation(InputElement.UInt8, [10], [1], ImageLayout.NCHW);
        foreach ((ElementType type, Array bits) in ((ElementType, Array)[])[
            (ElementType.BFloat16, (ushort[])[0x3FC0, 0xC000]), (ElementType.Float8E4M3FN, (byte[])[0x3C, 0xC0])])
        {
            Assert.Equal([1.5f, -2f], SampleSplitter.ToSamples(
                Data(("x", new Tensor(TensorType.Of(type, 1, 2), bits))), real, scaled).Samples[0][0].Values<float>());
        }
        Assert.Equal([7f, -8f],
            SampleSplitter.ToSamples(Data(("x", new Tensor(TensorType.Of(ElementType.Int4, 1, 2), (sbyte[])[7, -8]))), real,
            InputAdaptation.None).Samples[0][0].Values<float>());
        Graph small = DataFiles.Model(("x", TensorType.Of(ElementType.Int4, 1, 2)));
        Assert.Equal<sbyte>([7, -8], SampleSplitter.ToSamples(Data(("x", Tensor.Of([7f, -8f], 1, 2))), small,
            InputAdaptation.None).Samples[0][0].Values<sbyte>());
        Assert.Contains("values -8 to 7 (Int4) for input 'x', found 8", Mismatch(Data(("x", Tensor.Of([8, 0], 1, 2))), small));
    }

    [Fact]
    public void WrongShapesAndTypesSayWhatWasFound()
    {
        Graph image = DataFiles.Model(("x", TensorType.Float32(1, 3, 8, 8)));
        string text = Mismatch(Data(("x", Ramp(2, 8, 8, 3))), image);
        Assert.Contains("expected float32[samples,3,8,8] for input 'x', found x float32[2,8,8,3]; these look like images", text);
        Assert.Contains("channels last: set InputLayout", text);
        Assert.Contains("found x float32[2,8,8]", Mismatch(Data(("x", Ramp(2, 8, 8))), image));
        Assert.Equal(2, SampleSplitter.ToSamples(Data(("x", Ramp(2, 192))), image, InputAdaptation.None).Samples.Count);
        Assert.Contains("at least one sample", Mismatch(Data(("x", Ramp(0, 3, 8, 8))), image));
        Graph ids = DataFiles.Model(("x", TensorType.Of(ElementType.UInt8, 1, 2)));
        Assert.Contains("values 0 to 255 (UInt8) for input 'x', found 256", Mismatch(Data(("x", Tensor.Of(new[] { 3, 256 }, 1, 2))), ids));
        Assert.Contains("integers (UInt8) for input 'x', found 0.5", Mismatch(Data(("x", Tensor.Of(new[] { 3, 0.5 }, 1, 2))), ids));
        Assert.Contains("found a float32[1,2], b float32[1,2]", Mismatch(Data(("a", Ramp(1, 2)), ("b", Ramp(1, 2))),
            DataFiles.Model(("x", TensorType.Float32(1, 2)))));
    }

    [Fact]
    public void AMaximumIsSpreadEvenly()
    {
        var samples = SampleSplitter.ToSamples(Data(("x", Ramp(10, 1))), DataFiles.Model(("x", TensorType.Float32(1, 1))),
            InputAdaptation.None, 4);
        Assert.Equal([0f, 2, 5, 7], samples.Samples.Select(s => s[0].Values<float>()[0]));
    }

    [Fact]
    public void ScalarInputsTakeOneValueASample()
    {
        var samples = SampleSplitter.ToSamples(Data(("x", Ramp(3))), DataFiles.Model(("x", TensorType.Float32())), InputAdaptation.None);
        Assert.Equal([0f, 1, 2], samples.Samples.Select(s => s[0].Values<float>().Single()));
    }
}
