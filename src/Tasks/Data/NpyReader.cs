using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Data;

/// <summary>
/// Reads NumPy's array format, versions 1.0 to 3.0 ("NEP 1 — A Simple File Format for NumPy Arrays"): magic, version, header length,
/// a Python dictionary literal with <c>descr</c>, <c>fortran_order</c> and <c>shape</c>, then the elements.
/// </summary>
internal static class NpyReader
{
    private const int MaximumHeader = 1 << 16;

    /// <summary>Reads one array.</summary>
    /// <param name="reader">The reader with the limits.</param>
    /// <param name="stream">The stream at the magic bytes.</param>
    /// <param name="what">What is read, for messages.</param>
    /// <param name="available">The number of bytes that the stream can hold at most.</param>
    public static Tensor Read(BoundedReader reader, Stream stream, string what, long available)
    {
        var start = new byte[8];
        reader.Fill(stream, start, what);
        if (!start.AsSpan(0, 6).SequenceEqual(Magic))
            throw reader.Malformed($"{what} does not start with NumPy's magic bytes");
        int version = start[6];
        if (version is < 1 or > 3)
            throw reader.Malformed($"{what} has format version {version}.{start[7]}; versions 1.0 to 3.0 are read");
        var length = new byte[version == 1 ? 2 : 4];
        reader.Fill(stream, length, what);
        uint headerLength = version == 1 ? BinaryPrimitives.ReadUInt16LittleEndian(length)
            : BinaryPrimitives.ReadUInt32LittleEndian(length);
        if (headerLength > MaximumHeader)
            throw reader.Malformed($"{what} has a header of {headerLength} bytes; at most {MaximumHeader} are read");
        var header = new byte[headerLength];
        reader.Fill(stream, header, what);
        (string descr, bool fortran, long[] shape) = new HeaderParser(reader, what,
            (version == 3 ? Encoding.UTF8 : Encoding.Latin1).GetString(header)).Parse();

        if (fortran)
            Array.Reverse(shape);
        if (NpyStrings.Read(reader, stream, descr, shape, what, available) is { } texts)
        {
            reader.End(stream, what);
            return fortran ? Reversed(texts) : texts;
        }
        (ElementType element, bool bigEndian) = ElementOf(reader, what, descr);
        TensorType type = reader.Type(element, shape, what, available);
        Tensor stored = reader.Elements(stream, type, bigEndian, what);
        if (element == ElementType.Bool)
            NormaliseBooleans(stored);
        reader.End(stream, what);
        return fortran ? Reversed(stored) : stored;
    }

    private static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    private static (ElementType Element, bool BigEndian) ElementOf(BoundedReader reader, string what, string descr)
    {
        string kind = descr.Length > 0 && descr[0] is '<' or '>' or '|' or '=' ? descr[1..] : descr;
        ElementType? element = kind switch
        {
            "b1" or "?" => ElementType.Bool,
            "u1" => ElementType.UInt8,
            "i1" => ElementType.Int8,
            "u2" => ElementType.UInt16,
            "i2" => ElementType.Int16,
            "u4" => ElementType.UInt32,
            "i4" => ElementType.Int32,
            "u8" => ElementType.UInt64,
            "i8" => ElementType.Int64,
            "f2" => ElementType.Float16,
            "f4" => ElementType.Float32,
            "f8" => ElementType.Float64,
            _ => null,
        };
        if (element is { } known)
            return (known, descr[0] == '>');
        string reason = kind.StartsWith('O') ? "it holds Python objects, which would have to be unpickled; that is never done"
            : "only booleans, integers, float16, float32, float64 and texts (U and S) are read";
        throw reader.Malformed($"{what} has the element type '{descr}': {reason}");
    }

    // .NET code may not see a bool that is neither 0 nor 1.
    private static void NormaliseBooleans(Tensor tensor)
    {
        Span<byte> raw = System.Runtime.InteropServices.MemoryMarshal.AsBytes(tensor.Values<bool>().AsSpan());
        for (int i = 0; i < raw.Length; i++)
            raw[i] = raw[i] == 0 ? (byte)0 : (byte)1;
    }

    // Fortran order is C order of the reversed dimensions; transposing all axes gives C order.
    private static Tensor Reversed(Tensor stored)
    {
        int rank = stored.Rank;
        int[] dimensions = [.. stored.Dimensions.Reverse()];
        Tensor result = Tensor.Zeros(TensorType.Of(stored.Element, dimensions));
        int[] from = Shapes.Strides(stored.Dimensions.AsSpan());
        Array.Reverse(from);
        var index = new int[rank];
        int source = 0;
        for (int target = 0; target < stored.Count; target++)
        {
            Array.Copy(stored.Data, source, result.Data, target, 1);
            for (int axis = rank - 1; axis >= 0; axis--)
            {
                source += from[axis];
                if (++index[axis] < dimensions[axis])
                    break;
                source -= from[axis] * dimensions[axis];
                index[axis] = 0;
            }
        }
        return result;
    }

    /// <summary>Parses the header's Python dictionary literal: three keys, of which each must occur once.</summary>
    private ref struct HeaderParser(BoundedReader reader, string what, string text)
    {
        private int _at;

        public (string Descr, bool Fortran, long[] Shape) Parse()
        {
            string? descr = null;
            bool? fortran = null;
            long[]? shape = null;
            Expect('{');
            while (!Take('}'))
            {
                string key = Quoted();
                Expect(':');
                switch (key)
                {
                    case "descr" when descr is null:
                        Space();
                        if (_at < text.Length && text[_at] is '[' or '(')
                            throw reader.Malformed($"{what} has a structured element type; only booleans, numbers and texts are read");
                        descr = Quoted();
                        break;
                    case "fortran_order" when fortran is null:
                        fortran = Take("True") || (Take("False") ? false : throw Bad());
                        break;
                    case "shape" when shape is null:
                        shape = Tuple();
                        break;
                    default:
                        throw Bad();
                }
                if (!Take(','))
                {
                    Expect('}');
                    break;
                }
            }
            Space();
            if (_at != text.Length || descr is null || fortran is null || shape is null)
                throw Bad();
            return (descr, fortran.Value, shape);
        }

        private long[] Tuple()
        {
            var items = new List<long>();
            Expect('(');
            while (!Take(')'))
            {
                Space();
                int start = _at;
                while (_at < text.Length && char.IsAsciiDigit(text[_at]))
                    _at++;
                if (!long.TryParse(text.AsSpan(start, _at - start), NumberStyles.None, CultureInfo.InvariantCulture, out long value))
                    throw Bad();
                Take('L');
                items.Add(value);
                if (!Take(','))
                {
                    Expect(')');
                    break;
                }
            }
            return [.. items];
        }

        private string Quoted()
        {
            Space();
            if (_at >= text.Length || text[_at] is not ('\'' or '"'))
                throw Bad();
            int end = text.IndexOf(text[_at], _at + 1);
            if (end < 0)
                throw Bad();
            string value = text[(_at + 1)..end];
            _at = end + 1;
            return value;
        }

        private void Expect(char c)
        {
            if (!Take(c))
                throw Bad();
        }

        private bool Take(char c)
        {
            Space();
            if (_at >= text.Length || text[_at] != c)
                return false;
            _at++;
            return true;
        }

        private bool Take(string word)
        {
            Space();
            if (!text.AsSpan(_at).StartsWith(word))
                return false;
            _at += word.Length;
            return true;
        }

        private void Space()
        {
            while (_at < text.Length && char.IsWhiteSpace(text[_at]))
                _at++;
        }

        private ModelException Bad() => reader.Malformed($"{what} has a header that is no NumPy array description");
    }
}
