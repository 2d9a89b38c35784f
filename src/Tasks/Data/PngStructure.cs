using System.Buffers.Binary;
using System.IO.Compression;

namespace OptimizerBuild.Data;

/// <summary>
/// Whether a PNG file is whole: its chunks, their checksums and its compressed pixels (ISO/IEC 15948). The decoder does not end on some
/// damaged ones.
/// </summary>
internal static class PngStructure
{
    private const int SignatureLength = 8;
    private const uint Header = 0x49484452;
    private const uint Pixels = 0x49444154;
    private const uint End = 0x49454E44;

    private static readonly uint[] Remainders = [.. Enumerable.Range(0, 256).Select(Remainder)];

    /// <summary>What is wrong with a file; null where nothing is.</summary>
    /// <param name="file">The file, which begins with the signature.</param>
    /// <param name="maximumPixels">How many pixels it may have.</param>
    public static string? Fault(byte[] file, long maximumPixels)
    {
        long maximumBytes = 0;
        using var compressed = new MemoryStream();
        bool isFirst = true;
        for (int at = SignatureLength; ;)
        {
            if (file.Length - at < 12)
                return "it ends too early";
            uint length = BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(at));
            uint type = BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(at + 4));
            if (length > file.Length - at - 12)
                return "it ends too early";
            ReadOnlySpan<byte> body = file.AsSpan(at + 4, (int)length + 4);
            if (Checksum(body) != BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(at + 8 + (int)length)))
                return "a checksum is wrong: it is damaged";
            if (isFirst != (type == Header) || (isFirst && length != 13))
                return "its header is damaged";
            if (isFirst)
            {
                long width = BinaryPrimitives.ReadUInt32BigEndian(body[4..]), height = BinaryPrimitives.ReadUInt32BigEndian(body[8..]);
                if (width < 1 || height < 1)
                    return "its header is damaged";
                if (width > maximumPixels / height)
                    return $"it has {width}x{height} pixels; at most {maximumPixels} are read";
                // Eight bytes a pixel are the most that there are; rows have a byte more, in each of the passes of interlaced images.
                maximumBytes = (8 * (width + 8) * (height + 8)) + (8 * height);
            }
            isFirst = false;
            if (type == Pixels)
                compressed.Write(body[4..]);
            if (type == End)
                return Inflates(compressed, maximumBytes);
            at += 12 + (int)length;
        }
    }

    private static string? Inflates(MemoryStream compressed, long maximumBytes)
    {
        compressed.Position = 0;
        try
        {
            using var zlib = new ZLibStream(compressed, CompressionMode.Decompress);
            var buffer = new byte[1 << 16];
            long total = 0;
            for (int read = zlib.Read(buffer); read > 0; read = zlib.Read(buffer))
                if ((total += read) > maximumBytes)
                    return "its pixels take more memory than its size says";
            return total == 0 ? "it has no pixels" : null;
        }
        catch (InvalidDataException)
        {
            return "its compressed pixels are damaged";
        }
    }

    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        uint checksum = uint.MaxValue;
        foreach (byte value in bytes)
            checksum = Remainders[(byte)(checksum ^ value)] ^ (checksum >> 8);
        return ~checksum;
    }

    // CRC-32 of the standard's annex D.
    private static uint Remainder(int value)
    {
        uint remainder = (uint)value;
        for (int bit = 0; bit < 8; bit++)
            remainder = (remainder & 1) != 0 ? 0xEDB88320 ^ (remainder >> 1) : remainder >> 1;
        return remainder;
    }
}
