using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using OptimizerBuild.Data;
using OptimizerBuild.Files;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Tool.Files;

/// <summary>
/// Writes named arrays as NumPy's <c>savez_compressed</c> does: a ZIP archive with one array of "NEP 1 — A Simple File Format for NumPy
/// Arrays", version 1.0, for each. The same arrays give the same bytes.
/// </summary>
internal static class NpzWriter
{
    // What precedes the elements is a multiple of this, so that they can be mapped into memory.
    private const int Alignment = 64;

    // Magic, version and length of the header.
    private const int Start = 10;

    // The earliest time that an archive can state.
    private static readonly DateTimeOffset Time = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Writes a file; it appears whole or not at all.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="arrays">The arrays, of types that NumPy has.</param>
    public static void Write(string path, IEnumerable<NamedArray> arrays)
    {
        using var file = new MemoryStream();
        using (var archive = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (NamedArray array in arrays)
            {
                ZipArchiveEntry entry = archive.CreateEntry(array.Name + ".npy", CompressionLevel.Optimal);
                entry.LastWriteTime = Time;
                using Stream stream = entry.Open();
                Write(stream, array.Value);
            }
        }
        AtomicFile.Write(path, file.ToArray());
    }

    private static void Write(Stream stream, Tensor tensor)
    {
        string[]? texts = tensor.Data as string[];
        int width = texts is null ? 0 : Math.Max(1, texts.Max(t => t.EnumerateRunes().Count()));
        string dimensions = string.Concat(tensor.Dimensions.Select(d => d.ToString(CultureInfo.InvariantCulture) + ","));
        string type = texts is null ? TypeOf(tensor.Element) : string.Create(CultureInfo.InvariantCulture, $"<U{width}");
        string header = $"{{'descr': '{type}', 'fortran_order': False, 'shape': ({dimensions}), }}";
        int length = (Start + header.Length + 1 + Alignment - 1) / Alignment * Alignment;
        header = header.PadRight(length - Start - 1) + "\n";

        Span<byte> size = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(size, (ushort)header.Length);
        stream.Write([0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 1, 0, .. size]);
        stream.Write(Encoding.ASCII.GetBytes(header));
        if (texts is null)
            stream.Write(LittleEndian(tensor));
        foreach (string text in texts ?? [])
        {
            // NumPy pads with zeros, which are no part of a text.
            var field = new byte[width * sizeof(uint)];
            Encoding.UTF32.GetBytes(text, field);
            stream.Write(field);
        }
    }

    private static ReadOnlySpan<byte> LittleEndian(Tensor tensor)
    {
        if (BitConverter.IsLittleEndian)
            return tensor.Bytes;
        byte[] bytes = tensor.Bytes.ToArray();
        int size = tensor.Element.Size();
        for (int i = 0; i < bytes.Length; i += size)
            bytes.AsSpan(i, size).Reverse();
        return bytes;
    }

    private static string TypeOf(ElementType element) => element switch
    {
        ElementType.Bool => "|b1",
        ElementType.UInt8 => "|u1",
        ElementType.Int8 => "|i1",
        ElementType.UInt16 => "<u2",
        ElementType.Int16 => "<i2",
        ElementType.UInt32 => "<u4",
        ElementType.Int32 => "<i4",
        ElementType.UInt64 => "<u8",
        ElementType.Int64 => "<i8",
        ElementType.Float16 => "<f2",
        ElementType.Float32 => "<f4",
        ElementType.Float64 => "<f8",
        _ => throw new IOException($"NumPy has no type for elements of {element}"),
    };
}
