using System.Buffers.Binary;
using System.IO.Compression;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Data;

/// <summary>
/// Reads the IDX format of the MNIST database: two zero bytes, an element type, the number of dimensions, the dimensions as 32-bit
/// big-endian integers, then the elements, big-endian. Files may be compressed with gzip.
/// </summary>
internal static class IdxReader
{
    /// <summary>Reads the file's array.</summary>
    public static Tensor Read(BoundedReader reader, Stream file)
    {
        long available = file.Length;
        var magic = new byte[2];
        reader.Fill(file, magic, "the IDX header");
        file.Position = 0;
        if (magic[0] != 0x1F || magic[1] != 0x8B)
            return ReadArray(reader, file, available);
        using var unpacked = new GZipStream(file, CompressionMode.Decompress, leaveOpen: true);
        return ReadArray(reader, unpacked, available * BoundedReader.MaximumExpansion);
    }

    private static Tensor ReadArray(BoundedReader reader, Stream stream, long available)
    {
        var header = new byte[4];
        reader.Fill(stream, header, "the IDX header");
        if (header[0] != 0 || header[1] != 0)
            throw reader.Malformed("it does not start with the two zero bytes of an IDX file");
        ElementType element = header[2] switch
        {
            0x08 => ElementType.UInt8,
            0x09 => ElementType.Int8,
            0x0B => ElementType.Int16,
            0x0C => ElementType.Int32,
            0x0D => ElementType.Float32,
            0x0E => ElementType.Float64,
            _ => throw reader.Malformed($"its IDX element type 0x{header[2]:X2} is unknown"),
        };
        var sizes = new byte[4 * header[3]];
        reader.Fill(stream, sizes, "the IDX header");
        var dimensions = new long[header[3]];
        for (int i = 0; i < dimensions.Length; i++)
            dimensions[i] = BinaryPrimitives.ReadUInt32BigEndian(sizes.AsSpan(4 * i));
        TensorType type = reader.Type(element, dimensions, "the IDX array", available);
        Tensor tensor = reader.Elements(stream, type, bigEndian: true, "the IDX array");
        reader.End(stream, "the IDX array");
        return tensor;
    }
}
