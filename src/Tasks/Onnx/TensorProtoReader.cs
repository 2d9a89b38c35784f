using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Google.Protobuf.Collections;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Files;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx.Schema;

namespace OptimizerBuild.Onnx;

/// <summary>Turns <c>TensorProto</c> messages into tensors: raw, typed and external data of every supported element type.</summary>
internal static class TensorProtoReader
{
    /// <summary>The most bytes one tensor may have: what one .NET array of bytes can hold.</summary>
    public const long MaximumBytes = 0x7FFF_FFC7;

    /// <summary>Reads a file that holds a single tensor (<c>.pb</c>), as the ONNX test suite stores inputs and outputs.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ModelException">The file cannot be read or does not hold a valid tensor.</exception>
    public static Tensor Read(string path)
    {
        byte[] bytes;
        try
        {
            bytes = UserFile.Read(path, MaximumBytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelException(DiagnosticCatalog.ModelFileUnreadable, Path.GetFileName(path), e is FileNotFoundException
                ? "it does not exist" : e.Message);
        }
        return Read(bytes, Path.GetFileName(path));
    }

    /// <summary>Reads a serialised tensor.</summary>
    /// <param name="bytes">The message.</param>
    /// <param name="file">The file's name, for messages.</param>
    /// <exception cref="ModelException">The bytes are no valid tensor.</exception>
    public static Tensor Read(byte[] bytes, string file)
    {
        if (!ProtobufMessage.TryParse(TensorProto.Parser, bytes, out TensorProto? proto, out string reason))
            throw new ModelException(DiagnosticCatalog.CorruptProtobuf, file, reason);
        return Read(proto, proto.Name.Length > 0 ? proto.Name : file, new ExternalDataFolder(null));
    }

    /// <summary>Reads a tensor of a model.</summary>
    /// <param name="proto">The message.</param>
    /// <param name="name">The tensor's name, for messages.</param>
    /// <param name="external">Where external data lies.</param>
    /// <exception cref="ModelException">The tensor is not valid.</exception>
    public static Tensor Read(TensorProto proto, string name, ExternalDataFolder external)
    {
        ElementType element = ElementTypeOf(proto.DataType, name);
        int[] dimensions = Dimensions(proto.Dims, name);
        long count = 1;
        foreach (int d in dimensions)
            count = checked(count * d);
        if (proto.Segment is not null)
            throw Invalid(name, "it is split into segments, which no ONNX version in use does");
        var type = new TensorType(element, [.. dimensions]);

        if (element == ElementType.String)
        {
            Expect(proto.StringData.Count, count, name, "string_data");
            return new(type, proto.StringData.Select(s => s.ToString(Encoding.UTF8)).ToArray());
        }
        if (count * element.Size() > MaximumBytes)
            throw TooLarge(name, $"{count * element.Size()} bytes", $"{MaximumBytes} bytes");
        long bytes = ((count * element.StoredBits()) + 7) / 8;

        if (proto.DataLocation == TensorProto.Types.DataLocation.External)
            return new(type, FromBytes(element, external.Read(proto, name, bytes), (int)count));
        if (proto.HasRawData)
        {
            if (proto.RawData.Length != bytes)
                throw Invalid(name, $"raw_data holds {proto.RawData.Length} bytes, {type} takes {bytes}");
            return new(type, FromBytes(element, proto.RawData.Span, (int)count));
        }
        return new(type, Typed(proto, element, count, name));
    }

    /// <summary>The element type of a number in a file.</summary>
    /// <exception cref="ModelException">It is not a supported type.</exception>
    public static ElementType ElementTypeOf(int dataType, string value) =>
        Enum.IsDefined((ElementType)dataType)
            ? (ElementType)dataType
            : throw new ModelException(DiagnosticCatalog.UnsupportedElementType, value, TypeName(dataType),
                "supported are double, float, float16, bfloat16, the floats of 8 and 4 bits, the integers of 2 to 64 bits, bool and "
                    + "string");

    /// <summary>Concrete dimensions from a file's numbers.</summary>
    /// <exception cref="ModelException">A dimension is negative, or the tensor has too many elements.</exception>
    public static int[] Dimensions(IReadOnlyList<long> dims, string name)
    {
        // More dimensions than any operator knows are a sign of damage, and would cost time in every loop over them.
        if (dims.Count > 64)
            throw TooLarge(name, $"{dims.Count} dimensions", "64");
        var result = new int[dims.Count];
        decimal count = 1;
        for (int i = 0; i < result.Length; i++)
        {
            if (dims[i] < 0)
                throw Invalid(name, $"dimension {i} is {dims[i]}");
            if (dims[i] > int.MaxValue)
                throw TooLarge(name, $"dimension {i} is {dims[i]}", int.MaxValue.ToString(CultureInfo.InvariantCulture));
            result[i] = (int)dims[i];
            if (result[i] > 0)
                count *= result[i];
            // Zero dimensions are left out of the product, so that strides cannot overflow either.
            if (count > int.MaxValue)
                throw TooLarge(name, $"its dimensions {string.Join('×', dims)} multiply to too many elements", $"{int.MaxValue} elements");
        }
        return result;
    }

    private static Array Typed(TensorProto proto, ElementType element, long count, string name)
    {
        switch (element)
        {
            case ElementType.Float32:
                Expect(proto.FloatData.Count, count, name, "float_data");
                return proto.FloatData.ToArray();
            case ElementType.Float64:
                Expect(proto.DoubleData.Count, count, name, "double_data");
                return proto.DoubleData.ToArray();
            case ElementType.Int64:
                Expect(proto.Int64Data.Count, count, name, "int64_data");
                return proto.Int64Data.ToArray();
            case ElementType.UInt64:
                Expect(proto.Uint64Data.Count, count, name, "uint64_data");
                return proto.Uint64Data.ToArray();
            case ElementType.UInt32:
                Expect(proto.Uint64Data.Count, count, name, "uint64_data");
                return proto.Uint64Data.Select(v => unchecked((uint)v)).ToArray();
            default:
                // Elements of 4 and 2 bits are packed into bytes, of which each is one number.
                long numbers = ((count * element.StoredBits()) + 7) / 8 / element.Size();
                Expect(proto.Int32Data.Count, numbers, name, "int32_data");
                return Narrow(proto.Int32Data, element, (int)count);
        }
    }

    // int32_data holds every type of at most 32 bits, bit patterns of the floats of at most 16 bits among them.
    private static Array Narrow(RepeatedField<int> data, ElementType element, int count) => unchecked(element switch
    {
        ElementType.Int32 => data.ToArray(),
        ElementType.Int16 => data.Select(v => (short)v).ToArray(),
        ElementType.UInt16 => data.Select(v => (ushort)v).ToArray(),
        ElementType.Int8 => data.Select(v => (sbyte)v).ToArray(),
        ElementType.UInt8 => data.Select(v => (byte)v).ToArray(),
        ElementType.Bool => data.Select(v => v != 0).ToArray(),
        ElementType.Float16 => data.Select(v => BitConverter.UInt16BitsToHalf((ushort)v)).ToArray(),
        ElementType.BFloat16 => data.Select(v => (ushort)v).ToArray(),
        _ when element.IsNarrow() => FromBytes(element, data.Select(v => (byte)v).ToArray(), count),
        _ => throw new ArgumentOutOfRangeException(nameof(element), element, "not held in int32_data"),
    });

    private static Array FromBytes(ElementType element, ReadOnlySpan<byte> bytes, int count) => element switch
    {
        ElementType.Float32 => Copy<float>(bytes),
        ElementType.UInt8 => Copy<byte>(bytes),
        ElementType.Int8 => Copy<sbyte>(bytes),
        ElementType.UInt16 => Copy<ushort>(bytes),
        ElementType.Int16 => Copy<short>(bytes),
        ElementType.Int32 => Copy<int>(bytes),
        ElementType.Int64 => Copy<long>(bytes),
        ElementType.Float16 => Copy<Half>(bytes),
        ElementType.Float64 => Copy<double>(bytes),
        ElementType.UInt32 => Copy<uint>(bytes),
        ElementType.UInt64 => Copy<ulong>(bytes),
        ElementType.BFloat16 => Copy<ushort>(bytes),
        _ when element.IsNarrow() => Unpacked(element, bytes, count),
        // Any byte but 0 counts as true; a bool with another bit pattern than 0 or 1 would be undefined in .NET.
        ElementType.Bool => Array.ConvertAll(bytes[..count].ToArray(), b => b != 0),
        _ => throw new ArgumentOutOfRangeException(nameof(element), element, "no fixed size"),
    };

    // The first element lies in the lowest bits of its byte; signed ones are widened with their sign.
    private static Array Unpacked(ElementType element, ReadOnlySpan<byte> bytes, int count)
    {
        int bits = element.StoredBits();
        int perByte = 8 / bits;
        var result = Array.CreateInstance(element.ClrType(), count);
        Span<byte> elements = MemoryMarshal.CreateSpan(ref MemoryMarshal.GetArrayDataReference(result), count);
        bool signed = element is ElementType.Int4 or ElementType.Int2;
        for (int i = 0; i < count; i++)
        {
            int field = (bytes[i / perByte] << (8 - bits - (i % perByte * bits))) & 0xFF;
            elements[i] = unchecked((byte)(signed ? (sbyte)field >> (8 - bits) : field >> (8 - bits)));
        }
        return result;
    }

    private static T[] Copy<T>(ReadOnlySpan<byte> bytes)
        where T : unmanaged => MemoryMarshal.Cast<byte, T>(bytes).ToArray();

    private static void Expect(int found, long expected, string name, string field)
    {
        if (found != expected)
            throw Invalid(name, $"{field} holds {found} elements, its dimensions take {expected}");
    }

    private static string TypeName(int dataType) => dataType switch
    {
        0 => "undefined",
        14 => "complex64",
        15 => "complex128",
        _ => string.Create(CultureInfo.InvariantCulture, $"number {dataType}"),
    };

    private static ModelException Invalid(string name, string reason) => new(DiagnosticCatalog.InvalidNode, name, "tensor", reason);

    private static ModelException TooLarge(string name, string size, string limit) =>
        new(DiagnosticCatalog.ModelTooLarge, $"tensor '{name}'", size, limit);
}
