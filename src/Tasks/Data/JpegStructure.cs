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
            return LacksPart(bytes) ? "it is damaged (a part is missing)" : null;
        }
        catch (InvalidDataException error)
        {
            return $"it is damaged ({error.Message.TrimEnd('.')})";
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            // On files that are no JPEG at heart the reader slips, in whatever way.
            return $"it is damaged or of a kind that is not read ({error.Message.TrimEnd('.')})";
        }
    }

    // Whether a component has no scan with its means, which others only refine (ITU-T T.81, B.2.3 and G.1.1), or no table of steps
    // (B.2.4.1), or the file does not end as it should.
    private static bool LacksPart(byte[] bytes)
    {
        HashSet<byte> missing = [];
        HashSet<int> steps = [], wanted = [];
        bool isKnown = false, isCoded = false, isEnded = false;
        for (int at = 2; at + 2 <= bytes.Length;)
        {
            byte marker = bytes[at + 1];
            if (bytes[at] != 0xFF || marker is 0x00 or 0xFF or (>= 0xD0 and <= 0xD8))
            {
                // Coded data, or fill bytes; anything else stands in the way of the segments behind it.
                if (!isCoded && bytes[at] != 0xFF)
                    return true;
                at++;
                continue;
            }
            if (marker == 0xD9 || at + 4 > bytes.Length)
            {
                isEnded = marker == 0xD9;
                break;
            }
            isCoded = marker == 0xDA;
            int length = (bytes[at + 2] << 8) | bytes[at + 3];
            ReadOnlySpan<byte> segment = bytes.AsSpan(at + 4, Math.Clamp(length - 2, 0, bytes.Length - at - 4));
            if (marker is 0xC0 or 0xC1 or 0xC2 && segment.Length >= 6)
            {
                isKnown = true;
                for (int c = 6; c + 2 < segment.Length && missing.Count < segment[5]; c += 3)
                {
                    missing.Add(segment[c]);
                    wanted.Add(segment[c + 2]);
                }
            }
            else if (marker == 0xDB)
            {
                // Tables of 64 numbers of one or two bytes.
                for (int t = 0, size; t < segment.Length; t += size)
                {
                    size = 1 + (64 << Math.Min(segment[t] >> 4, 1));
                    if (t + size <= segment.Length)
                        steps.Add(segment[t] & 15);
                }
            }
            else if (marker == 0xDA && segment.Length >= 1 && segment.Length >= 4 + (2 * segment[0]))
            {
                int end = 1 + (2 * segment[0]);
                // From the mean on, and not a later bit of it.
                if (segment[end] == 0 && segment[end + 2] >> 4 == 0)
                    for (int c = 1; c < end; c += 2)
                        missing.Remove(segment[c]);
            }
            at += 2 + Math.Max(length, 2);
        }
        return !isKnown || !isEnded || missing.Count > 0 || !wanted.IsSubsetOf(steps);
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
