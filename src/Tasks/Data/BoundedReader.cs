using System.Runtime.InteropServices;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Data;

/// <summary>Reads a data file's bytes into tensors with every length checked against what the file can hold and against the
/// limits.</summary>
/// <param name="file">The file's name for messages.</param>
/// <param name="limits">The limits.</param>
internal sealed class BoundedReader(string file, DataLimits limits)
{
    /// <summary>
    /// A deflated stream cannot expand further than this: RFC 1951 encodes at most 258 bytes in two bits, which is a factor of 1032.
    /// </summary>
    public const long MaximumExpansion = 1032;

    private long _total;

    /// <summary>The file's name for messages.</summary>
    public string File => file;

    /// <summary>The error that the file cannot be read.</summary>
    public ModelException Malformed(string what) => new ModelException(DiagnosticCatalog.DataFileMalformed, file, what).In(file);

    /// <summary>A tensor's type from dimensions as a file states them.</summary>
    /// <param name="element">The element type.</param>
    /// <param name="dimensions">The dimensions.</param>
    /// <param name="what">What is read, for messages.</param>
    /// <param name="available">The number of bytes that the file can hold at most for these elements.</param>
    public TensorType Type(ElementType element, ReadOnlySpan<long> dimensions, string what, long available)
    {
        const int MaximumRank = 16;
        if (dimensions.Length > MaximumRank)
            throw Malformed($"{what} has {dimensions.Length} dimensions; at most {MaximumRank} are read");
        // A dimension of zero must not hide others that overflow.
        long bytes = element.Size();
        foreach (long d in dimensions)
        {
            if (d is < 0 or > int.MaxValue)
                throw Malformed($"{what} has the impossible dimension {d}");
            bytes = bytes > long.MaxValue / Math.Max(1, d) ? long.MaxValue : bytes * Math.Max(1, d);
        }
        string shape = string.Join('×', dimensions.ToArray());
        if (bytes > limits.MaximumArrayBytes || (_total += bytes) > limits.MaximumTotalBytes)
        {
            long limit = Math.Min(limits.MaximumArrayBytes, limits.MaximumTotalBytes);
            throw Malformed($"{what} ({shape} {element}) takes more than the {limit} bytes that are read");
        }
        if (dimensions.Contains(0))
            bytes = 0;
        if (bytes > available)
            throw Malformed($"{what} ({shape} {element}) needs {bytes} bytes, but the file holds at most {available}");
        return new TensorType(element, [.. dimensions.ToArray().Select(d => (int)d)]);
    }

    /// <summary>Reads a tensor's elements from a stream that stores them one after the other.</summary>
    /// <param name="stream">The stream, at the first element.</param>
    /// <param name="type">The tensor's type.</param>
    /// <param name="bigEndian">Whether the most significant byte comes first.</param>
    /// <param name="what">What is read, for messages.</param>
    public Tensor Elements(Stream stream, TensorType type, bool bigEndian, string what)
    {
        Tensor tensor = Tensor.Zeros(type);
        Span<byte> bytes = Bytes(tensor);
        Fill(stream, bytes, what);
        int size = type.Element.Size();
        if (bigEndian == BitConverter.IsLittleEndian && size > 1)
            for (int i = 0; i < bytes.Length; i += size)
                bytes.Slice(i, size).Reverse();
        return tensor;
    }

    /// <summary>Fills a span from a stream.</summary>
    public void Fill(Stream stream, Span<byte> target, string what)
    {
        int read = stream.ReadAtLeast(target, target.Length, throwOnEndOfStream: false);
        if (read < target.Length)
            throw Malformed($"{what} ends after {read} of {target.Length} bytes: the file is truncated");
    }

    /// <summary>Demands that a stream has no more bytes.</summary>
    public void End(Stream stream, string what)
    {
        if (stream.ReadByte() >= 0)
            throw Malformed($"{what} is followed by bytes that do not belong to it");
    }

    /// <summary>Runs a reader and turns what a damaged file makes the stream classes throw into the coded error.</summary>
    public T Guard<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (FileNotFoundException)
        {
            throw Malformed("the file does not exist");
        }
        catch (DirectoryNotFoundException)
        {
            throw Malformed("its folder does not exist");
        }
        catch (UnauthorizedAccessException)
        {
            throw Malformed("access is denied");
        }
        catch (InvalidDataException error)
        {
            throw Malformed($"its compression is damaged ({error.Message.TrimEnd('.')})");
        }
        catch (Exception error) when (error is ArgumentException or ArithmeticException or IndexOutOfRangeException)
        {
            throw Malformed("its compression is damaged");
        }
        catch (NotSupportedException)
        {
            throw Malformed("its compression is not supported");
        }
        catch (IOException error)
        {
            throw Malformed(error.Message.TrimEnd('.'));
        }
    }

    private static Span<byte> Bytes(Tensor tensor) => tensor.Data switch
    {
        float[] v => MemoryMarshal.AsBytes(v.AsSpan()),
        double[] v => MemoryMarshal.AsBytes(v.AsSpan()),
        Half[] v => MemoryMarshal.AsBytes(v.AsSpan()),
        long[] v when tensor.Element == ElementType.Int64 => MemoryMarshal.AsBytes(v.AsSpan()),
        ulong[] v => MemoryMarshal.AsBytes(v.AsSpan()),
        int[] v when tensor.Element == ElementType.Int32 => MemoryMarshal.AsBytes(v.AsSpan()),
        uint[] v => MemoryMarshal.AsBytes(v.AsSpan()),
        short[] v when tensor.Element == ElementType.Int16 => MemoryMarshal.AsBytes(v.AsSpan()),
        ushort[] v => MemoryMarshal.AsBytes(v.AsSpan()),
        sbyte[] v when tensor.Element == ElementType.Int8 => MemoryMarshal.AsBytes(v.AsSpan()),
        byte[] v => v,
        bool[] v => MemoryMarshal.AsBytes(v.AsSpan()),
        _ => throw new InvalidOperationException($"{tensor} has no byte form"),
    };
}
