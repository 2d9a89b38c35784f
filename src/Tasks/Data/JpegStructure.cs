using BitMiracle.LibJpeg.Classic;

namespace OptimizerBuild.Data;

/// <summary>
/// Checks that a JPEG file is whole, by reading the coefficients of all of its blocks. The decoder that makes pixels leaves whatever was in
/// memory in the place of blocks that a damaged file lacks, so that two builds would see different images.
/// </summary>
internal static class JpegStructure
{
    /// <summary>What is wrong with a file; null where nothing is.</summary>
    /// <param name="bytes">Its content.</param>
    /// <param name="maximumPixels">The most pixels that are read.</param>
    public static string? Fault(byte[] bytes, long maximumPixels)
    {
        try
        {
            using var stream = new MemoryStream(bytes, writable: false);
            var reader = new jpeg_decompress_struct(new Complaints());
            reader.jpeg_stdio_src(stream);
            if (reader.jpeg_read_header(true) != ReadResult.JPEG_HEADER_OK)
                return "it is damaged (it holds no image)";
            if ((long)reader.Image_width * reader.Image_height > maximumPixels)
                return $"it has {reader.Image_width}x{reader.Image_height} pixels; at most {maximumPixels} are read";
            reader.jpeg_read_coefficients();
            reader.jpeg_finish_decompress();
            return null;
        }
        catch (InvalidDataException error)
        {
            return $"it is damaged ({error.Message.TrimEnd('.')})";
        }
        catch (Exception error) when (error is IndexOutOfRangeException or ArgumentException or NullReferenceException
            or ArithmeticException or InvalidCastException or InvalidOperationException or NotSupportedException or NotImplementedException)
        {
            // The reader's own slips on files that are no JPEG at heart.
            return $"it is damaged or of a kind that is not read ({error.Message.TrimEnd('.')})";
        }
    }

    private sealed class Complaints : jpeg_error_mgr
    {
        public override void error_exit() => throw new InvalidDataException(format_message());

        // Levels below 0 are warnings, others tell how it goes.
        public override void emit_message(int msg_level)
        {
            if (msg_level < 0 && format_message() is var message && !IsHarmless(message))
                throw new InvalidDataException(message);
        }

        // Bytes behind the last block, before the end, and unknown revisions of headers: all blocks are there.
        private static bool IsHarmless(string message) => message.EndsWith("0xd9", StringComparison.OrdinalIgnoreCase)
            || message.Contains("JFIF revision", StringComparison.Ordinal)
            || message.Contains("Adobe color transform", StringComparison.Ordinal);

        public override void output_message()
        {
        }
    }
}
