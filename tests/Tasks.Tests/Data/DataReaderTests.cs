using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using FsCheck.Fluent;
using Google.Protobuf;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx.Schema;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Data;

public sealed class DataReaderTests : IDisposable
{
    private readonly DataFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData("<f4", ElementType.Float32)]
    [InlineData("<f8", ElementType.Float64)]
    [InlineData("<f2", ElementType.Float16)]
    [InlineData("|b1", ElementType.Bool)]
    [InlineData("|u1", ElementType.UInt8)]
    [InlineData("|i1", ElementType.Int8)]
    [InlineData("<u2", ElementType.UInt16)]
    [InlineData("<i2", ElementType.Int16)]
    [InlineData("<u4", ElementType.UInt32)]
    [InlineData("<i4", ElementType.Int32)]
    [InlineData("<u8", ElementType.UInt64)]
    [InlineData("<i8", ElementType.Int64)]
    public void ReadsEveryNumericTypeOfNumPy(string descr, object element)
    {
        var type = (ElementType)element;
        var bytes = new byte[6 * type.Size()];
        for (int i = 0; i < bytes.Length; i++)
            bytes[i] = type == ElementType.Bool ? (byte)(i & 1) : (byte)(i * 7);
        _files.Write("a.npy", DataFiles.Npy(descr, "(2, 3)", bytes));
        Tensor array = Assert.Single(_files.Read("a.npy").Arrays).Value;
        Assert.Equal(TensorType.Of(type, 2, 3), array.Type);
        Assert.Equal(bytes, MemoryMarshal.CreateReadOnlySpan(ref MemoryMarshal.GetArrayDataReference(array.Data), bytes.Length).ToArray());
    }

    [Theory]
    [InlineData("<U3", false)]
    [InlineData(">U3", true)]
    [InlineData("|S6", false)]
    public void ReadsTextsOfNumPy(string descr, bool bigEndian)
    {
        string[] texts = ["no", "", "yes", "ä🦊"];
        byte[] bytes = [.. texts.SelectMany(t => descr[1] == 'S'
            ? System.Text.Encoding.UTF8.GetBytes(t.PadRight(6 - System.Text.Encoding.UTF8.GetByteCount(t) + t.Length, '\0'))
            : new System.Text.UTF32Encoding(bigEndian, false).GetBytes(t).Concat(new byte[12]).Take(12))];
        _files.Write("a.npy", DataFiles.Npy(descr, "(2, 2)", bytes));
        Tensor array = Assert.Single(_files.Read("a.npy").Arrays).Value;
        Assert.Equal(TensorType.Of(ElementType.String, 2, 2), array.Type);
        Assert.Equal(texts, array.Values<string>());

        _files.Write("f.npy", DataFiles.Npy(descr, "(2, 2)", bytes, fortran: true));
        Assert.Equal(["no", "yes", "", "ä🦊"], _files.Read("f.npy").Arrays[0].Value.Values<string>());
    }

    [Fact]
    public void SplitsTextsIntoSamples()
    {
        _files.Write("a.npz", DataFiles.Npz(System.IO.Compression.CompressionLevel.Optimal,
            ("word.npy", DataFiles.Npy("|S1", "(3, 1)", "abc"u8))));
        SampleSet samples = SampleSplitter.ToSamples(
            _files.Read("a.npz"), DataFiles.Model(("word", TensorType.Of(ElementType.String, 1, 1))), InputAdaptation.None);
        Assert.Equal(["a", "b", "c"], samples.Samples.Select(s => s[0].Values<string>()[0]));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void ReadsFormatVersions(int version)
    {
        _files.Write("a.npy", DataFiles.Npy("<i4", "(2,)", [1, 0, 0, 0, 2, 0, 0, 0], version: version));
        Assert.Equal([1, 2], _files.Read("a.npy").Arrays[0].Value.Values<int>());
    }

    [Fact]
    public void ConvertsFortranOrder()
    {
        // numpy.asfortranarray(numpy.arange(6).reshape(1, 2, 3)) stores 0 3 1 4 2 5.
        _files.Write("a.npy", DataFiles.Npy<short>([0, 3, 1, 4, 2, 5], "<i2", "(1, 2, 3)", fortran: true));
        Tensor array = _files.Read("a.npy").Arrays[0].Value;
        Assert.Equal([1, 2, 3], array.Dimensions.ToArray());
        Assert.Equal([0, 1, 2, 3, 4, 5], array.Values<short>());
    }

    [Fact]
    public void ReadsBigEndianArrays()
    {
        _files.Write("a.npy", DataFiles.Npy(">i2", "(2,)", [1, 2, 0, 3]));
        Assert.Equal([0x0102, 3], _files.Read("a.npy").Arrays[0].Value.Values<short>());
    }

    [Fact]
    public void NpzRoundTrips() =>
        PropertyCheck.Holds(ArbMap.Default.ArbFor<(float[], bool)>(), drawn =>
        {
            (float[] values, bool stored) = drawn;
            using var files = new DataFiles();
            files.Write("d.npz", DataFiles.Npz(stored ? CompressionLevel.NoCompression : CompressionLevel.Optimal,
                ("x.npy", DataFiles.Npy(values, "<f4", $"({values.Length}, 1)")), ("y.npy", DataFiles.Npy<long>([7], "<i8", "(1,)"))));
            DataSet data = files.Read("d.npz");
            IEnumerable<uint> bits = data.Find("x")!.Values<float>().Select(BitConverter.SingleToUInt32Bits);
            Assert.Equal(values.Select(BitConverter.SingleToUInt32Bits), bits);
            Assert.Equal([7], data.Labels!.Values<long>());
        }, 100);

    [Fact]
    public void IdxRoundTrips() =>
        PropertyCheck.Holds(ArbMap.Default.ArbFor<(int[], bool)>(), drawn =>
        {
            (int[] values, bool zipped) = drawn;
            using var files = new DataFiles();
            byte[] elements = [.. values.SelectMany(v => BitConverter.GetBytes(v).Reverse())];
            byte[] idx = DataFiles.Idx(0x0C, [values.Length, 1], elements);
            files.Write("d-idx2-int", zipped ? DataFiles.Gzip(idx) : idx);
            Assert.Equal(values, files.Read("d-idx2-int").Arrays[0].Value.Values<int>());
        }, 100);

    [Fact]
    public void ReadsIdxImagesAndLabelsByName()
    {
        _files.Write("images-idx3-ubyte.gz", DataFiles.Gzip(DataFiles.Idx(0x08, [2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8])));
        _files.Write("labels-idx1-ubyte", DataFiles.Idx(0x08, [2], [9, 1]));
        DataSet data = _files.Read("image=images-idx3-ubyte.gz; y=labels-idx1-ubyte");
        Assert.Equal("uint8[2,2,2]", data.Find("image")!.Type.ToString());
        Assert.Equal([9, 1], data.Labels!.Values<byte>());
    }

    [Theory]
    [InlineData("a,b,target\n1,2,3\n4,5,6\n", null)]
    [InlineData("a;b;target\n1;2;3\n4;5;6\n", null)]
    [InlineData("1\t2\t3\n4\t5\t6", null)]
    [InlineData("target,a,b\r\n3,1,2\r\n6,4,5\r\n", "target")]
    [InlineData("\uFEFFtarget,a,b\n3,1,2\n6,4,5\n", "target")]
    [InlineData("\uFEFF1,2,3\n4,5,6\n", null)]
    [InlineData("1,2,3\r4,5,6\r", null)]
    [InlineData("\n a , \"b\",target \n\n 1,2 ,\"3\"\n4,5,6\n\n", null)]
    [InlineData("\"the \"\"a\"\", of c\",\"b\nd\",target\n1,2,3\n4,5,6", null)]
    public void ReadsTables(string text, string? labelKey)
    {
        _files.Write("t.csv", Encoding.UTF8.GetBytes(text));
        DataSet data = _files.Read("t.csv", labelKey);
        Assert.Equal([1, 2, 4, 5], data.Find("x")!.Values<float>());
        Assert.Equal([3, 6], data.Labels!.Values<float>());
        Assert.Equal([2, 3], data.Table!.Dimensions.ToArray());
    }

    [Fact]
    public void ATableWithoutLabelsFitsAsAWhole()
    {
        _files.Write("t.csv", "1,2,3\n4,5,6\n"u8.ToArray());
        var samples = SampleSplitter.ToSamples(_files.Read("t.csv"), DataFiles.Model(("in", TensorType.Float32(1, 3))),
            InputAdaptation.None);
        Assert.Equal([4, 5, 6], samples.Samples[1][0].Values<float>());
    }

    [Fact]
    public void ReadsFoldersOfTensorsAsOneSampleEach()
    {
        for (int sample = 0; sample < 11; sample++)
        {
            _files.Write($"g/test_data_set_{sample}/input_0.pb", Proto("", sample, 1, 2));
            _files.Write($"g/test_data_set_{sample}/input_1.pb", Proto("state", -sample, 1));
            _files.Write($"g/test_data_set_{sample}/output_0.pb", Proto("", sample, 1, 2));
        }
        DataSet data = _files.Read("g");
        Assert.Equal(["input_0", "state"], data.Arrays.Select(a => a.Name));
        Assert.Equal([11, 2], data.Arrays[0].Value.Dimensions.ToArray());
        var samples = SampleSplitter.ToSamples(data, DataFiles.Model(("x", TensorType.Float32(1, 2)), ("state", TensorType.Float32(1))),
            InputAdaptation.None);
        Assert.Equal(11, samples.Samples.Count);
        Assert.Equal([10, 10], samples.Samples[10][0].Values<float>());
        Assert.Equal([-10], samples.Samples[10][1].Values<float>());
        Assert.Equal(22, DataSetReader.Files("g", _files.Folder).Count());
    }

    [Fact]
    public void ReadsATensorFile()
    {
        _files.Write("t.pb", Proto("in", 3, 1, 4));
        Assert.Equal("in", Assert.Single(_files.Read("t.pb").Arrays).Name);
    }

    [Fact]
    public void ReadsTheDevelopmentSetsFiles()
    {
        SharedAssets.Require();
        string folder = SharedAssets.Path("data");
        DataSet images = DataSetReader.Read("image=mnist/t10k-first3000-images-idx3-ubyte.gz;y=mnist/t10k-first3000-labels-idx1-ubyte.gz",
            folder, DataLimits.Default);
        Assert.Equal("uint8[3000,28,28]", images.Find("image")!.Type.ToString());
        Assert.Equal([7, 2, 1, 0, 4], images.Labels!.Values<byte>()[..5]);
        Assert.Equal("x uint8[3995,32,32,3], y int64[3995]", DataSetReader.Read("cifar10/cifar10-3995.npz", folder,
            DataLimits.Default).Describe());
        Assert.Equal("bytes int32[111,2048], y int64[111]", DataSetReader.Read("magika/files.npz", folder, DataLimits.Default).Describe());
        Assert.Equal([11], DataSetReader.Read("tabular/mlnet_generated_regression_dataset.csv", folder,
            DataLimits.Default).Find("x")!.Dimensions[1..].ToArray());
        foreach (string file in Directory.EnumerateFiles(Path.Combine(folder, "tabular"), "*.npz"))
            Assert.Equal(DataSetReader.Read(file, folder, DataLimits.Default).Find("x")!.Dimensions[0],
                DataSetReader.Read(file, folder, DataLimits.Default).Labels!.Count);
    }

    private static byte[] Proto(string name, float value, params int[] dimensions)
    {
        var proto = new TensorProto { Name = name, DataType = 1 };
        proto.Dims.AddRange(dimensions.Select(d => (long)d));
        float[] values = [.. Enumerable.Repeat(value, Shapes.Count(dimensions))];
        proto.RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes(values.AsSpan()));
        return proto.ToByteArray();
    }
}
