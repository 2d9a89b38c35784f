using System.Buffers.Binary;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Data;

/// <summary>A throw-away folder of data files, written byte by byte so that the readers are not tested against themselves.</summary>
internal sealed class DataFiles : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("ob-data-").FullName;

    public string Write(string name, byte[] bytes)
    {
        string path = Path.Combine(Folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, bytes);
        return name;
    }

    public DataSet Read(string specification, string? labelKey = null, DataLimits? limits = null) =>
        DataSetReader.Read(specification, Folder, limits ?? DataLimits.Default, labelKey);

    public static byte[] Npy(string descr, string shape, ReadOnlySpan<byte> elements, bool fortran = false, int version = 1) =>
        NpyHeader($"{{'descr': '{descr}', 'fortran_order': {(fortran ? "True" : "False")}, 'shape': {shape}, }}", elements, version);

    public static byte[] NpyHeader(string header, ReadOnlySpan<byte> elements, int version = 1)
    {
        byte[] text = Encoding.UTF8.GetBytes(header.PadRight(53) + "\n");
        byte[] length = new byte[version == 1 ? 2 : 4];
        if (version == 1)
            BinaryPrimitives.WriteUInt16LittleEndian(length, (ushort)text.Length);
        else
            BinaryPrimitives.WriteInt32LittleEndian(length, text.Length);
        return [0x93, .. "NUMPY"u8, (byte)version, 0, .. length, .. text, .. elements];
    }

    public static byte[] Npy<T>(T[] values, string descr, string shape, bool fortran = false)
        where T : unmanaged => Npy(descr, shape, MemoryMarshal.AsBytes(values.AsSpan()), fortran);

    public static byte[] Npz(CompressionLevel level, params (string Name, byte[] Bytes)[] entries)
    {
        var memory = new MemoryStream();
        using (var archive = new ZipArchive(memory, ZipArchiveMode.Create, leaveOpen: true))
            foreach ((string name, byte[] bytes) in entries)
                using (Stream entry = archive.CreateEntry(name, level).Open())
                    entry.Write(bytes);
        return memory.ToArray();
    }

    public static byte[] Idx(byte type, int[] dimensions, ReadOnlySpan<byte> bigEndianElements)
    {
        var bytes = new List<byte> { 0, 0, type, (byte)dimensions.Length };
        foreach (int d in dimensions)
        {
            var four = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(four, d);
            bytes.AddRange(four);
        }
        return [.. bytes, .. bigEndianElements];
    }

    public static byte[] Gzip(byte[] bytes)
    {
        var memory = new MemoryStream();
        using (var zip = new GZipStream(memory, CompressionLevel.Optimal, leaveOpen: true))
            zip.Write(bytes);
        return memory.ToArray();
    }

    /// <summary>A graph that hands its inputs on, which is all that splitting into samples looks at.</summary>
    public static Graph Model(params (string Name, TensorType Type)[] inputs) => new()
    {
        Name = "model",
        Inputs = [.. inputs.Select(i => i.Name)],
        Outputs = [.. inputs.Select(i => i.Name + "_out")],
        Nodes = [.. inputs.Select(i => new Node("identity_" + i.Name, "Identity", [i.Name], [i.Name + "_out"]))],
        Constants = System.Collections.Immutable.ImmutableSortedDictionary.Create<string, Tensor>(StringComparer.Ordinal),
        Types = System.Collections.Immutable.ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal,
            inputs.SelectMany(i => new[] { KeyValuePair.Create(i.Name, i.Type), KeyValuePair.Create(i.Name + "_out", i.Type) })),
    };

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
