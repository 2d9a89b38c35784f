using System.Buffers.Binary;
using System.Collections.Immutable;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Options;

namespace OptimizerBuild.Data;

/// <summary>Recordings as data: WAV files of every kind that is read, resampled and cut into windows.</summary>
public sealed class SoundDataTests : IDisposable
{
    private readonly DataFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData(1, 8)]
    [InlineData(1, 16)]
    [InlineData(1, 24)]
    [InlineData(1, 32)]
    [InlineData(3, 32)]
    [InlineData(3, 64)]
    public void EveryKindOfSampleIsRead(int format, int bits)
    {
        double[] values = [-1, -0.5, 0, 0.25, 0.5];
        foreach (bool extensible in (bool[])[false, true])
        {
            _files.Write("a.wav", Wav(values, 8000, format, bits, extensible: extensible));
            Assert.Equal(values.Select(v => (float)v), WavFile.Read(Full("a.wav"), "a.wav").Samples());
        }
    }

    [Fact]
    public void ChannelsAreAveraged()
    {
        _files.Write("a.wav", Wav([1 / 4.0, 1 / 2.0, -1, 0], 8000, 1, 16, channels: 2));
        Assert.Equal([0.375f, -0.5f], WavFile.Read(Full("a.wav"), "a.wav").Samples());
    }

    [Fact]
    public void ARecorderThatWasStoppedLeavesAUsableFile()
    {
        byte[] whole = Wav([0.5, 0.25, 0.125], 8000, 1, 16);
        foreach (uint length in (uint[])[0, uint.MaxValue, 1000])
        {
            var file = (byte[])whole.Clone();
            BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(40), length);
            _files.Write("a.wav", file);
            Assert.Equal([0.5f, 0.25f, 0.125f], WavFile.Read(Full("a.wav"), "a.wav").Samples());
        }
    }

    [Fact]
    public void AnEmptyRecordingIsNotWhatFollowsIt()
    {
        byte[] empty = [.. Wav([], 8000, 1, 16), .. "LIST"u8, 6, 0, 0, 0, .. "INFO12"u8];
        _files.Write("set/a.wav", empty);
        Assert.Contains("no samples", Fault(() => Read("set", new(4, 4, null))).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void ARecordingIsBoundedBeforeItIsResampled()
    {
        _files.Write("set/a.wav", Wav(new double[1000], 1, 1, 16));
        Assert.Contains("too much memory", Fault(() => DataSetReader.Read("set", _files.Folder, new(1 << 20, 1 << 20),
            form: new SampleForm { Sound = new(16, 16, 16000), Maximum = 4, IsSelection = true })).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void WhoeverWantsLabelsReadsNoSamples()
    {
        _files.Write("set/no/a.wav", Wav([0.5, 0.25], 8000, 1, 16));
        _files.Write("set/yes/b.wav", Wav([0.5, 0.25], 8000, 1, 16));
        DataSet set = DataSetReader.Read("set", _files.Folder, DataLimits.Default,
            form: new SampleForm { Sound = new(2, 2, null), IsForLabels = true });
        Assert.Equal([0L, 1L], set.Labels!.ToInt64());
        Assert.All(set.Find("x")!.Values<float>(), v => Assert.Equal(0, v));
    }

    [Fact]
    public void LongRecordingsBecomeWindowsWithTheirLabels()
    {
        _files.Write("set/no/a.wav", Wav([.. Enumerable.Range(0, 10).Select(i => i / 16.0)], 8000, 1, 16));
        _files.Write("set/yes/b.wav", Wav([-0.5, -0.25], 8000, 1, 16));
        DataSet set = Read("set", new(4, 3, null));
        Assert.Equal([4, 4], set.Find("x")!.Dimensions);
        Assert.Equal(
            [0, 1, 2, 3, 3, 4, 5, 6, 6, 7, 8, 9, -8, -4, 0, 0], set.Find("x")!.Values<float>().Select(v => (int)(v * 16)));
        Assert.Equal([0L, 0L, 0L, 1L], set.Labels!.ToInt64());

        // A selection is spread over all windows.
        DataSet some = DataSetReader.Read("set", _files.Folder, DataLimits.Default,
            form: new SampleForm { Sound = new(4, 3, null), Maximum = 2, IsSelection = true });
        Assert.Equal([0, 1, 2, 3, 6, 7, 8, 9], some.Find("x")!.Values<float>().Select(v => (int)(v * 16)));
        Assert.Equal([0L, 0L], some.Labels!.ToInt64());
    }

    [Theory]
    [InlineData(8000, 16000)]
    [InlineData(44100, 16000)]
    [InlineData(48000, 16000)]
    [InlineData(16000, 11025)]
    public void ResamplingKeepsTonesBelowTheBandAndRemovesThoseAbove(int from, int to)
    {
        float[] low = Resampler.Run(Tone(1000, from), from, to), high = Resampler.Run(Tone(0.49 * from, from), from, to);
        Assert.Equal(Resampler.LengthOf(from / 4, from, to), low.Length);
        // The ends lack neighbours.
        int edge = low.Length / 8;
        double error = 0, power = 0, rest = 0;
        for (int i = edge; i < low.Length - edge; i++)
        {
            double right = Math.Sin(2 * Math.PI * 1000 * i / to);
            error += (low[i] - right) * (low[i] - right);
            power += right * right;
            rest += high[i] * high[i];
        }
        Assert.True(10 * Math.Log10(power / error) > 60, $"{10 * Math.Log10(power / error)} dB");
        if (to < from)
            Assert.True(10 * Math.Log10(power / rest) > 60, $"{10 * Math.Log10(power / rest)} dB");

        static float[] Tone(double frequency, int rate) =>
            [.. Enumerable.Range(0, rate / 4).Select(i => (float)Math.Sin(2 * Math.PI * frequency * i / rate))];
    }

    [Fact]
    public void RecordingsOfOtherRatesAreResampledWhereTheItemSaysTo()
    {
        _files.Write("set/a.wav", Wav(new double[160], 16000, 1, 16));
        _files.Write("set/b.wav", Wav(new double[80], 8000, 1, 16));
        Assert.Equal([4, 80], Read("set", new(80, 80, 16000)).Find("x")!.Dimensions);
        Diagnostic error = Fault(() => Read("set", new(80, 80, null)));
        Assert.Equal("OPT0094", error.Descriptor.Code);
        Assert.Contains("SampleRate", error.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatIsNoSoundIsAnError()
    {
        _files.Write("set/a.wav", Wav([0.5], 8000, 1, 16));
        Assert.Equal("OPT0093", Fault(() => DataSetReader.Read("set", _files.Folder, DataLimits.Default)).Descriptor.Code);
        _files.Write("set/b.png", [1, 2, 3]);
        Assert.Contains("images and recordings", Fault(() => Read("set", new(4, 4, null))).Text, StringComparison.Ordinal);
        foreach ((string name, byte[] bytes) in (IEnumerable<(string, byte[])>)
            [("no.wav", "nothing"u8.ToArray()), ("law.wav", Wav([0], 8000, 7, 8)), ("empty.wav", Wav([], 8000, 1, 16))])
        {
            _files.Write($"{name}.set/{name}", bytes);
            Assert.Equal("OPT0094", Fault(() => Read($"{name}.set", new(4, 4, null))).Descriptor.Code);
        }
    }

    [Fact]
    public void DamagedFilesNeverCrash()
    {
        var random = new Random(9);
        byte[] whole = Wav([.. Enumerable.Range(0, 50).Select(i => i / 64.0)], 8000, 1, 16, extensible: true);
        for (int round = 0; round < 2000; round++)
        {
            byte[] damaged = round % 4 == 0 ? whole[..random.Next(whole.Length)] : (byte[])whole.Clone();
            for (int i = random.Next(1, 5); i > 0 && damaged.Length > 0; i--)
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            _files.Write("set/a.wav", damaged);
            try
            {
                DataSet set = Read("set", new(16, 8, 16000));
                Assert.Equal(16, set.Find("x")!.Dimensions[1]);
            }
            catch (ModelException error)
            {
                Assert.True(error.Diagnostic.Descriptor.Code is "OPT0094" or "OPT0012", error.Message);
            }
        }
    }

    [Fact]
    public void TheFormFollowsFromModelAndItem()
    {
        Assert.Equal((16, 16, null), Of([1, 16]));
        Assert.Equal((16, 4, 8000), Of([1, 1, 16], ("Hop", "4"), ("SampleRate", "8000")));
        Assert.Null(Of([1, 40, 16]));
        Assert.NotEqual(OptionsText.Write(Options(("Hop", "4"))), OptionsText.Write(Options()));
        Assert.NotEqual(OptionsText.Write(Options(("SampleRate", "4"))), OptionsText.Write(Options()));
        Assert.Equal("OPT0010", Fault(() => Options(("SampleRate", "0"))).Descriptor.Code);

        static (int, int, int?)? Of(int[] shape, params (string, string)[] metadata)
        {
            var graph = new Graph
            {
                Name = "g",
                Inputs = ["x"],
                Outputs = ["x"],
                Nodes = [],
                Constants = ImmutableSortedDictionary<string, Tensor>.Empty,
                Types = ImmutableSortedDictionary<string, TensorType>.Empty.Add("x", TensorType.Of(ElementType.Float32, shape)),
            };
            (SoundForm? form, _) = SoundForm.Of(Options(metadata), graph);
            return form is null ? null : (form.Window, form.Hop, form.Rate);
        }
    }

    [Theory]
    [InlineData(null, "SampleRate and Hop: how recordings are read, but no data are named")]
    [InlineData("x.npy", "SampleRate and Hop: how recordings are read, but no file of 'x.npy' is one")]
    [InlineData("set", null)]
    public void WhatSaysHowToReadRecordingsIsToldThatThereAreNone(string? data, string? warning)
    {
        _files.Write("set/a.wav", Wav(new double[8], 8000, 1, 16));
        _files.Write("x.npy", DataFiles.Npy("<f4", "(2, 4)", new byte[32]));
        _files.Write("m.onnx", new Onnx.ModelBuilder().Input("x", 1, 4).Node("Relu", "x", "y").Output("y").Bytes);
        Dictionary<string, string> metadata = new() { ["SampleRate"] = "8000", ["Hop"] = "2", ["Precision"] = "Float32" };
        if (data is not null)
            metadata["CalibrationData"] = data;
        ModelOptions options = ItemMetadata.Parse("m.onnx", metadata, _files.Folder, "App");
        Diagnostic[] told = [.. Pipeline.ModelCompiler.Compile(options, default).Diagnostics.Where(d => d.Descriptor.Code == "OPT0078")];
        Assert.Equal(warning is null ? [] : [warning], told.Select(d => d.Text));
    }

    private static ModelOptions Options(params (string Name, string Value)[] metadata) => ItemMetadata.Parse(
        "m.onnx", metadata.ToDictionary(m => m.Name, m => m.Value), Path.GetTempPath(), "App");

    private string Full(string name) => Path.Combine(_files.Folder, name);

    private DataSet Read(string specification, SoundForm form) =>
        DataSetReader.Read(specification, _files.Folder, DataLimits.Default, form: new SampleForm { Sound = form });

    private static Diagnostic Fault(Func<object?> action) => Assert.Throws<ModelException>(() => action()).Diagnostic;

    private static byte[] Wav(double[] samples, int rate, int format, int bits, int channels = 1, bool extensible = false)
    {
        var bytes = new List<byte>();
        int head = extensible ? 40 : 16, data = samples.Length * bits / 8;
        bytes.AddRange("RIFF"u8);
        Add(20 + head + data, 4);
        bytes.AddRange("WAVEfmt "u8);
        Add(head, 4);
        Add(extensible ? 0xFFFE : format, 2);
        Add(channels, 2);
        Add(rate, 4);
        Add(rate * channels * bits / 8, 4);
        Add(channels * bits / 8, 2);
        Add(bits, 2);
        if (extensible)
        {
            Add(22, 2);
            Add(bits, 2);
            Add(0, 4);
            Add(format, 2);
            bytes.AddRange([0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71]);
        }
        bytes.AddRange("data"u8);
        Add(data, 4);
        foreach (double sample in samples)
        {
            if (format == 3)
                bytes.AddRange(bits == 32 ? BitConverter.GetBytes((float)sample) : BitConverter.GetBytes(sample));
            else
                Add((long)(sample * (1L << (bits - 1))) + (bits == 8 ? 128 : 0), bits / 8);
        }
        return [.. bytes];

        void Add(long value, int count)
        {
            for (int i = 0; i < count; i++)
                bytes.Add((byte)(value >> (8 * i)));
        }
    }
}
