using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Data;

/// <summary>
/// Reads the elements of NumPy's arrays of texts: <c>U</c> and a number of characters of 32 bits, or <c>S</c> and a number of bytes, which
/// are read as UTF-8. Shorter texts are filled up with zeros.
/// </summary>
internal static class NpyStrings
{
    private const int BytesInMemory = 32;

    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>The elements; null where the element type is no text.</summary>
    /// <param name="reader">The reader with the limits.</param>
    /// <param name="stream">The stream at the first element.</param>
    /// <param name="descr">The element type as the header has it.</param>
    /// <param name="shape">The dimensions in the order in which the elements lie.</param>
    /// <param name="what">What is read, for messages.</param>
    /// <param name="available">The number of bytes that the stream can hold at most.</param>
    public static Tensor? Read(BoundedReader reader, Stream stream, string descr, long[] shape, string what, long available)
    {
        bool bigEndian = descr.StartsWith('>');
        string kind = descr.TrimStart('<', '>', '|', '=');
        if (kind.Length < 2 || kind[0] is not ('U' or 'S')
            || !int.TryParse(kind.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out int length))
            return null;
        bool isWide = kind[0] == 'U';
        long size = isWide ? sizeof(int) * (long)length : length;
        TensorType bytes = reader.Type(ElementType.UInt8, [.. shape, size], what, available);

        // In memory a text takes some bytes however short it is; where it takes none in the file that does not bound their number.
        reader.Type(ElementType.UInt8, [.. shape, BytesInMemory], what, size == 0 ? available : long.MaxValue);
        Tensor result = Tensor.Zeros(new TensorType(ElementType.String, bytes.Dimensions.RemoveAt(shape.Length)));
        string[] texts = result.Values<string>();
        var element = new byte[bytes.Dimensions[^1]];
        for (int i = 0; i < texts.Length; i++)
        {
            reader.Fill(stream, element, what);
            texts[i] = (isWide ? Wide(element, bigEndian) : Narrow(element))
                ?? throw reader.Malformed($"{what} has a text that is not valid: the one at place {i}");
        }
        return result;
    }

    private static string? Wide(byte[] element, bool bigEndian)
    {
        var text = new StringBuilder(element.Length / sizeof(int));
        for (int at = 0; at < element.Length; at += sizeof(int))
        {
            ReadOnlySpan<byte> four = element.AsSpan(at, sizeof(int));
            uint character = bigEndian ? BinaryPrimitives.ReadUInt32BigEndian(four) : BinaryPrimitives.ReadUInt32LittleEndian(four);
            if (!Rune.IsValid(character))
                return null;
            text.Append(new Rune(character).ToString());
        }
        return text.ToString().TrimEnd('\0');
    }

    private static string? Narrow(byte[] element)
    {
        try
        {
            return Utf8.GetString(element).TrimEnd('\0');
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}
