using System.Buffers.Binary;
using System.IO.Compression;

namespace OptimizerBuild.Testing;

/// <summary>Writes small PNG files (ISO/IEC 15948), so that tests need no library for it.</summary>
public static class PngFile
{
    /// <summary>A grey image.</summary>
    /// <param name="width">Its width.</param>
    /// <param name="height">Its height.</param>
    /// <param name="level">The level of a pixel, of its column and row and the image's width and height.</param>
    public static byte[] Gray(int width, int height, Func<int, int, int, int, byte> level) =>
        Of(width, height, 1, [.. Enumerable.Range(0, width * height).Select(i => level(i % width, i / width, width, height))]);

    /// <summary>An image of bytes, grey or of red, green, blue.</summary>
    /// <param name="width">Its width.</param>
    /// <param name="height">Its height.</param>
    /// <param name="channels">1 or 3.</param>
    /// <param name="pixels">Its levels, row by row.</param>
    public static byte[] Of(int width, int height, int channels, ReadOnlySpan<byte> pixels)
    {
        var rows = new MemoryStream();
        using (var zlib = new ZLibStream(rows, CompressionLevel.Fastest, leaveOpen: true))
        {
            for (int y = 0; y < height; y++)
            {
                zlib.WriteByte(0);
                zlib.Write(pixels.Slice(y * width * channels, width * channels));
            }
        }
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        header[8] = 8;
        header[9] = channels == 1 ? (byte)0 : (byte)2;
        return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A,
            .. Chunk("IHDR"u8, header), .. Chunk("IDAT"u8, rows.ToArray()), .. Chunk("IEND"u8, [])];
    }

    private static byte[] Chunk(ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        byte[] body = [.. type, .. data];
        var chunk = new byte[body.Length + 8];
        BinaryPrimitives.WriteInt32BigEndian(chunk, data.Length);
        body.CopyTo(chunk, 4);
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(body.Length + 4), Checksum(body));
        return chunk;
    }

    // CRC-32 of the standard's annex D.
    private static uint Checksum(byte[] bytes)
    {
        uint checksum = uint.MaxValue;
        foreach (byte value in bytes)
        {
            checksum ^= value;
            for (int bit = 0; bit < 8; bit++)
                checksum = (checksum & 1) != 0 ? 0xEDB88320 ^ (checksum >> 1) : checksum >> 1;
        }
        return ~checksum;
    }
}
