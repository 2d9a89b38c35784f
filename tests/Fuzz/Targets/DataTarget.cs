using System.IO.Compression;
using System.Text;
using Google.Protobuf;
using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Fuzz.Running;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Plan;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Fuzz.Targets;

/// <summary>
/// Calibration and evaluation data in one of the forms that are read: twice the same arrays or OPT0012, and samples of a small model where
/// they fit it.
/// </summary>
internal sealed class DataTarget : FuzzTarget
{
    private static readonly DataLimits Limits = new(8 << 20, 16 << 20);

    private static readonly Graph[] Models =
    [
        DataFiles.Model(("x", TensorType.Of(ElementType.Float32, 1, 3))),
        DataFiles.Model(("x", TensorType.Of(ElementType.Float32, 3))),
        DataFiles.Model(("x", TensorType.Of(ElementType.UInt8, 1, 2, 3))),
        DataFiles.Model(("x", TensorType.Of(ElementType.Int64, 1, 1))),
    ];

    private static readonly SampleForm Images =
        new() { Image = new(new PlanImage(4, 4, 3, false, 4, 4, 0, ImageFilter.Bilinear), true) };

    private readonly DataFiles _files = new();
    private readonly IReadOnlyList<byte[]> _seeds;
    private readonly Func<byte[], IReadOnlyList<byte[]>, Random, byte[]> _mutate;

    // A file that is one sample lies in a folder of a class, beside one that is as it should be.
    private readonly SampleForm? _form;

    private DataTarget(
        string name, string extension, IReadOnlyList<byte[]> seeds, Func<byte[], IReadOnlyList<byte[]>, Random, byte[]> mutate,
        SampleForm? form = null)
        : base(name, extension)
    {
        _form = form;
        _seeds = seeds;
        _mutate = mutate;
    }

    /// <summary>One NumPy array.</summary>
    public static DataTarget Npy() => new("npy", ".npy", NpyFiles(), MutateNpy);

    /// <summary>An archive of NumPy arrays: its bytes, or the arrays in it, are damaged.</summary>
    public static DataTarget Npz()
    {
        byte[][] arrays = NpyFiles();
        return new("npz", ".npz",
        [
            DataFiles.Npz(CompressionLevel.Optimal, ("x.npy", arrays[0]), ("y.npy", arrays[2])),
            DataFiles.Npz(CompressionLevel.NoCompression, ("x.npy", arrays[1])),
            DataFiles.Npz(CompressionLevel.NoCompression, ("x.npy", arrays[3]), ("labels.npy", arrays[4]), ("a/b.npy", arrays[5])),
            DataFiles.Npz(CompressionLevel.Optimal, ("x.npy", arrays[6])),
        ], MutateNpz);
    }

    /// <summary>IDX files, plain and compressed.</summary>
    public static DataTarget Idx() => new("idx", "-idx",
    [
        DataFiles.Idx(0x08, [2, 2, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
        DataFiles.Idx(0x0D, [2, 3], new byte[24]),
        DataFiles.Idx(0x0C, [4], new byte[16]),
        DataFiles.Idx(0x0E, [2, 1, 3], new byte[48]),
        DataFiles.Gzip(DataFiles.Idx(0x08, [2, 2, 3], new byte[12])),
        DataFiles.Gzip(DataFiles.Idx(0x0B, [3, 3], new byte[18])),
    ], MutateIdx);

    /// <summary>Tables.</summary>
    public static DataTarget Csv()
    {
        var text = new TextMutation("x", "y", "nan", "inf", "1.5", "\"1\"", "true", ",", ";", "\t");
        return new("csv", ".csv",
        [
            "a,b,y\n1,2,0\n4,5,1\n"u8.ToArray(),
            "1;2;3\n4;5;6\n"u8.ToArray(),
            "x\ty\r\n1.5\t2e3\r\n-0.25\t1\r\n"u8.ToArray(),
            "\"a\",\"b,c\",\"y\"\n\"1\",2,3\n"u8.ToArray(),
            Encoding.UTF8.GetPreamble().Concat("a,b\n1,2\n"u8.ToArray()).ToArray(),
            "a,b,label\n0.1,0.2,cat\n0.3,0.4,dog\n"u8.ToArray(),
        ], text.Of);
    }

    /// <summary>JSON lines.</summary>
    public static DataTarget JsonLines()
    {
        var text = new TextMutation("{", "}", "[", "]", ",", ":", "null", "true", "1e999", "-0", "\"\\ud800\"", "\n", "\"x\"");
        return new("jsonl", ".jsonl",
        [
            "{\"x\": [1, 2, 3], \"y\": 0}\n{\"x\": [4, 5, 6], \"y\": 1}\n"u8.ToArray(),
            "{\"x\": [[1.5, 2], [3, -4e2]], \"label\": \"cat\"}\r\n{\"label\": \"dog\", \"x\": [[1, 2], [3, 4]]}"u8.ToArray(),
            "{\"text\": \"a\\n\\u00e9\", \"on\": true}\n\n{\"text\": \"\", \"on\": false}\n"u8.ToArray(),
            "{\"x\": [], \"y\": 1}\n{\"x\": [], \"y\": 2}\n"u8.ToArray(),
        ], text.Of);
    }

    /// <summary>Texts.</summary>
    public static DataTarget Txt() => new("txt", ".txt", ["one\ntwo\n"u8.ToArray(), "\u00e9\r\n\r\nx"u8.ToArray()], ByteMutation.Of);

    /// <summary>Recordings, for a model of windows of 8 samples at another rate.</summary>
    public static DataTarget Wav() => new("wav", ".wav",
        [WavBytes(1, 16, 1, 40), WavBytes(1, 8, 2, 21), WavBytes(3, 32, 1, 12), WavBytes(1, 24, 3, 30), WavBytes(0xFFFE, 16, 1, 16)],
        ByteMutation.Of, new() { Sound = new(8, 4, 16000) });

    /// <summary>Images, for a model of 4×4 pixels.</summary>
    public static DataTarget Png() => new("png", ".png",
        [
            PngFile.Gray(7, 5, (x, y, _, _) => (byte)((x * 31) + y)),
            PngFile.Of(3, 4, 3, [.. Enumerable.Range(0, 36).Select(i => (byte)(i * 7))]),
        ], ByteMutation.Of, Images);

    /// <summary>Images without checksums, whose decoder therefore sees the damage.</summary>
    public static DataTarget Jpg() => new("jpg", ".jpg",
        [.. ((string[])["baseline.jpg", "gray.jpg", "progressive.jpeg"]).Select(f => File.ReadAllBytes(
            Path.Combine(SharedAssets.RepositoryRoot, "tests", "Tasks.Tests", "Data", "Images", f)))],
        ByteMutation.Of, Images);

    /// <summary>Serialised tensors.</summary>
    public static DataTarget Pb() => new("pb", ".pb",
    [
        ModelBuilder.Proto(Tensor.Of([1f, 2, 3, 4, 5, 6], 2, 3), "x").ToByteArray(),
        ModelBuilder.Proto(Tensor.Of([1L, 2], 2), "y").ToByteArray(),
        ModelBuilder.Proto(Tensor.Of((byte[])[1, 2, 3, 4, 5, 6], 1, 2, 3), "x").ToByteArray(),
        ModelBuilder.Proto(Tensor.Of([true, false], 2), "b").ToByteArray(),
        [8, 3, 16, 1, 0x22, 12, 0, 0, 128, 63, 0, 0, 0, 64, 0, 0, 64, 64],
        [8, 2, 16, 11, 0x52, 16, 0, 0, 0, 0, 0, 0, 240, 63, 0, 0, 0, 0, 0, 0, 0, 64],
        [8, 2, 16, 8, 0x32, 1, 65, 0x32, 1, 66],
    ], ByteMutation.Of);

    /// <inheritdoc/>
    public override IEnumerable<byte[]> Seeds() => _seeds;

    /// <inheritdoc/>
    public override byte[] Mutate(byte[] input, IReadOnlyList<byte[]> others, Random random) => _mutate(input, others, random);

    /// <inheritdoc/>
    public override Verdict Check(byte[] input, CancellationToken cancellation)
    {
        string name = _files.Write((_form is null ? "data" : "set/a/data") + Extension, input);
        if (_form is not null)
        {
            _files.Write("set/b/whole" + Extension, _seeds[0]);
            name = "set";
        }
        DataSet data;
        try
        {
            data = Read(cancellation);
        }
        catch (ModelException e) when (e.Diagnostics is not [var only] || !MayRefuse(only.Descriptor))
        {
            throw new ContractException("refused with " + string.Join(", ", e.Diagnostics.Select(d => d.Descriptor.Code)));
        }
        DataSet again = Read(cancellation);
        if (data.Arrays.Length != again.Arrays.Length || !data.Arrays.Zip(again.Arrays).All(p => AreSame(p.First, p.Second)))
            throw new ContractException("the same file gives other arrays when it is read again");
        if (data.Arrays.Sum(a => (long)a.Value.Count * a.Value.Element.Size()) > Limits.MaximumTotalBytes)
            throw new ContractException("the arrays are larger than the limits");
        return new(true, string.Join(' ', data.Arrays.Take(3).Select(a => $"{a.Value.Element}[{a.Value.Rank}]"))
            + " samples " + string.Join(' ', Models.Select(m => Split(data, m))));

        DataSet Read(CancellationToken token) => DataSetReader.Read(name, _files.Folder, Limits, null, token, _form);
    }

    private bool MayRefuse(DiagnosticDescriptor descriptor) => descriptor == DiagnosticCatalog.DataFileMalformed
        || (_form is { Sound: not null } && descriptor == DiagnosticCatalog.SoundFileUnreadable)
        || (_form is { Image: not null } && descriptor == DiagnosticCatalog.ImageFileUnreadable);

    /// <inheritdoc/>
    public override void Dispose() => _files.Dispose();

    private static bool AreSame(NamedArray a, NamedArray b) => a.Name == b.Name && a.Value.Type == b.Value.Type
        && (a.Value.Data is string[] texts ? texts.AsSpan().SequenceEqual(b.Value.Values<string>())
            : a.Value.Bytes.SequenceEqual(b.Value.Bytes));

    // The samples that a model gets, all of which can be made; or why it gets none.
    private static string Split(DataSet data, Graph model)
    {
        try
        {
            SampleSet samples = SampleSplitter.ToSamples(data, model, InputAdaptation.None, 20);
            foreach (IReadOnlyList<Tensor> sample in samples.Samples)
                if (sample[0].Type != model.TypeOf(model.Inputs[0]))
                    throw new ContractException($"a sample is {sample[0].Type}, the input {model.TypeOf(model.Inputs[0])}");
            return samples.Labels is null ? "yes" : "labelled";
        }
        catch (ModelException e)
        {
            return e.Diagnostic.Descriptor.Code;
        }
    }

    // RIFF with a format chunk; the extensible form names PCM in its sub-format.
    private static byte[] WavBytes(int format, int bits, int channels, int bytes)
    {
        int head = format == 0xFFFE ? 40 : 16;
        byte[] data = [.. Enumerable.Range(0, bytes).Select(i => (byte)(i * 37))];
        return
        [
            .. "RIFF"u8, .. BitConverter.GetBytes(20 + head + bytes), .. "WAVEfmt "u8, .. BitConverter.GetBytes(head),
            .. BitConverter.GetBytes((short)format), .. BitConverter.GetBytes((short)channels), .. BitConverter.GetBytes(8000),
            .. BitConverter.GetBytes(8000 * channels * bits / 8), .. BitConverter.GetBytes((short)(channels * bits / 8)),
            .. BitConverter.GetBytes((short)bits), .. head == 40 ? [22, 0, 16, 0, 0, 0, 0, 0, 1, 0, .. new byte[14]] : (byte[])[],
            .. "data"u8, .. BitConverter.GetBytes(bytes), .. data,
        ];
    }

    private static byte[][] NpyFiles() =>
    [
        DataFiles.Npy("<f4", "(2, 3)", new byte[24]),
        DataFiles.Npy("|u1", "(2, 2, 3)", new byte[12]),
        DataFiles.Npy("<i8", "(2,)", new byte[16]),
        DataFiles.Npy(">f8", "(3, 1)", new byte[24], fortran: true),
        DataFiles.Npy("<U2", "(2,)", [65, 0, 0, 0, 66, 0, 0, 0, 67, 0, 0, 0, 0, 0, 0, 0]),
        DataFiles.Npy("|b1", "()", [1], version: 2),
        DataFiles.Npy("<f2", "(2, 3)", new byte[12], version: 3),
        DataFiles.Npy("|S3", "(2,)", "abcde\0"u8),
    ];

    private static readonly TextMutation Header = new("descr", "fortran_order", "shape", "True", "False", "None", "<f4", "<U9", "|O",
        "<c8");

    // The header is text with a length in front.
    private static byte[] MutateNpy(byte[] input, IReadOnlyList<byte[]> others, Random random)
    {
        int end = Array.IndexOf(input, (byte)'\n');
        if (random.Next(3) == 0 || end < 10)
            return ByteMutation.Of(input, others, random);
        byte[] header = Header.Of(input[10..end], others, random);
        byte[] result = [.. input[..10], .. header, .. input[end..]];
        int length = header.Length + 1;
        if (result[6] == 1 && random.Next(8) > 0)
            (result[8], result[9]) = ((byte)length, (byte)(length >> 8));
        return result;
    }

    private static byte[] MutateNpz(byte[] input, IReadOnlyList<byte[]> others, Random random)
    {
        if (random.Next(2) == 0)
            return ByteMutation.Of(input, others, random);
        try
        {
            using var archive = new ZipArchive(new MemoryStream(input));
            List<(string Name, byte[] Bytes)> entries = [.. archive.Entries.Take(8).Select(e => (e.FullName, Content(e)))];
            int at = random.Next(entries.Count);
            byte[][] arrays = [.. entries.Select(e => e.Bytes)];
            switch (random.Next(6))
            {
                case 0:
                    entries.Add((entries[at].Name, entries[random.Next(entries.Count)].Bytes));
                    break;
                case 1:
                    string[] names = ["y.npy", "x", "../x.npy", "a/b/c.npy", ".npy", "x.npz", "/x.npy", new('n', 300)];
                    entries[at] = (names[random.Next(names.Length)], entries[at].Bytes);
                    break;
                default:
                    entries[at] = (entries[at].Name, MutateNpy(entries[at].Bytes, arrays, random));
                    break;
            }
            return DataFiles.Npz(random.Next(2) == 0 ? CompressionLevel.Optimal : CompressionLevel.NoCompression, [.. entries]);
        }
        catch (Exception e) when (e is InvalidDataException or ArgumentException or NotSupportedException or IOException)
        {
            return ByteMutation.Of(input, others, random);
        }
    }

    private static byte[] Content(ZipArchiveEntry entry)
    {
        using Stream stream = entry.Open();
        var bytes = new byte[4096];
        return bytes[..stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)];
    }

    private static byte[] MutateIdx(byte[] input, IReadOnlyList<byte[]> others, Random random)
    {
        if (input is not [0x1F, 0x8B, ..] || random.Next(3) == 0)
            return ByteMutation.Of(input, others, random);
        try
        {
            using var plain = new GZipStream(new MemoryStream(input), CompressionMode.Decompress);
            var bytes = new byte[4096];
            return DataFiles.Gzip(ByteMutation.Of(
                bytes[..plain.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)], others, random));
        }
        catch (InvalidDataException)
        {
            return ByteMutation.Of(input, others, random);
        }
    }
}
