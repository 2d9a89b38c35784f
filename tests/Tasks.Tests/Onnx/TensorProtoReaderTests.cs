using Google.Protobuf;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx.Schema;

namespace OptimizerBuild.Onnx;

/// <summary>Every element type, in every field that may hold it.</summary>
public sealed class TensorProtoReaderTests
{
    /// <summary>Two elements of each type; more where several share a byte.</summary>
    public static TheoryData<int> Types => [.. Values.Keys.Select(t => (int)t)];

    private static Dictionary<ElementType, Array> Values { get; } = new()
    {
        [ElementType.Float32] = (float[])[1.5f, float.NegativeInfinity],
        [ElementType.Float64] = (double[])[1e300, -0.0],
        [ElementType.Float16] = (Half[])[(Half)1.5f, Half.MinValue],
        [ElementType.Int8] = (sbyte[])[-128, 127],
        [ElementType.Int16] = (short[])[short.MinValue, 7],
        [ElementType.Int32] = (int[])[int.MinValue, 7],
        [ElementType.Int64] = (long[])[long.MinValue, 7],
        [ElementType.UInt8] = (byte[])[255, 7],
        [ElementType.UInt16] = (ushort[])[65535, 7],
        [ElementType.UInt32] = (uint[])[uint.MaxValue, 7],
        [ElementType.UInt64] = (ulong[])[ulong.MaxValue, 7],
        [ElementType.Bool] = (bool[])[true, false],
        [ElementType.String] = (string[])["grün", ""],
        [ElementType.BFloat16] = (ushort[])[0x3F80, 0xFF80],
        [ElementType.Float8E4M3FN] = (byte[])[0x38, 0xFE],
        [ElementType.Float8E4M3FNUZ] = (byte[])[0x40, 0x80],
        [ElementType.Float8E5M2] = (byte[])[0x3C, 0xFC],
        [ElementType.Float8E5M2FNUZ] = (byte[])[0x40, 0x80],
        [ElementType.Float8E8M0] = (byte[])[0x7F, 0xFF],
        [ElementType.Float4E2M1] = (byte[])[2, 15, 7],
        [ElementType.UInt4] = (byte[])[1, 15, 9],
        [ElementType.Int4] = (sbyte[])[-8, 7, -1],
        [ElementType.UInt2] = (byte[])[0, 3, 1, 2, 3],
        [ElementType.Int2] = (sbyte[])[-2, 1, 0, -1, -2, 1, 1],
    };

    [Fact]
    public void All_types_are_tested() => Assert.Equal(Enum.GetValues<ElementType>(), Values.Keys.Order());

    [Theory]
    [MemberData(nameof(Types))]
    public void Typed_fields_and_raw_data_give_the_same(int type)
    {
        var element = (ElementType)type;
        var expected = new Tensor(TensorType.Of(element, Values[element].Length), Values[element]);

        Tensor raw = TensorProtoReader.Read(ModelBuilder.Proto(expected, "t").ToByteArray(), "t.pb");
        Tensor typed = TensorProtoReader.Read(Typed(expected).ToByteArray(), "t.pb");

        Assert.Equal(expected.Type, raw.Type);
        Assert.Equal(expected.Data, raw.Data);
        Assert.Equal(expected.Type, typed.Type);
        Assert.Equal(expected.Data, typed.Data);
    }

    /// <summary>The bytes that the specification's packing gives: the first element in the lowest bits.</summary>
    [Fact]
    public void Elements_of_four_and_two_bits_are_unpacked()
    {
        Assert.Equal([-7, -8, 3], Raw(ElementType.Int4, 3, 0x89, 0xF3).Values<sbyte>());
        Assert.Equal([9, 8, 3], Raw(ElementType.UInt4, 3, 0x89, 0xF3).Values<byte>());
        Assert.Equal([1, -2, -1, 0, 1], Raw(ElementType.Int2, 5, 0b00_11_10_01, 0b11_11_11_01).Values<sbyte>());
        Assert.Equal([1, 2, 3, 0, 1], Raw(ElementType.UInt2, 5, 0b00_11_10_01, 0b11_11_11_01).Values<byte>());
        Assert.Empty(Raw(ElementType.Int4, 0).Values<sbyte>());
        Assert.Throws<ModelException>(() => Raw(ElementType.Int4, 3, 0x89));
        Assert.Throws<ModelException>(() => Raw(ElementType.UInt2, 4, 1, 2));

        static Tensor Raw(ElementType type, int count, params byte[] bytes)
        {
            var proto = new TensorProto { DataType = (int)type, RawData = ByteString.CopyFrom(bytes) };
            proto.Dims.Add(count);
            return TensorProtoReader.Read(proto.ToByteArray(), "t");
        }
    }

    [Fact]
    public void Scalars_and_empty_tensors_are_read()
    {
        var scalar = new TensorProto { DataType = (int)ElementType.Float32 };
        scalar.FloatData.Add(3);
        var empty = new TensorProto { DataType = (int)ElementType.Int64 };
        empty.Dims.Add([0, 4]);

        Assert.Equal([3f], TensorProtoReader.Read(scalar.ToByteArray(), "s").Values<float>());
        Assert.Equal(TensorType.Of(ElementType.Int64, 0, 4), TensorProtoReader.Read(empty.ToByteArray(), "e").Type);
    }

    [Fact]
    public void Any_raw_byte_but_zero_is_true()
    {
        var proto = new TensorProto { DataType = (int)ElementType.Bool, RawData = ByteString.CopyFrom(0, 1, 2, 255) };
        proto.Dims.Add(4);

        Assert.Equal([false, true, true, true], TensorProtoReader.Read(proto.ToByteArray(), "b").Values<bool>());
    }

    [Fact]
    public void Files_are_read()
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, ModelBuilder.Proto(Tensor.Of([1f, 2f], 2), "t").ToByteArray());
            Assert.Equal([1f, 2f], TensorProtoReader.Read(path).Values<float>());
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static TensorProto Typed(Tensor value)
    {
        var proto = new TensorProto { DataType = (int)value.Element };
        proto.Dims.Add(value.Dimensions.Select(d => (long)d));
        switch (value.Data)
        {
            case float[] v:
                proto.FloatData.Add(v);
                break;
            case double[] v:
                proto.DoubleData.Add(v);
                break;
            case string[] v:
                proto.StringData.Add(v.Select(ByteString.CopyFromUtf8));
                break;
            case Half[] v:
                proto.Int32Data.Add(v.Select(h => (int)BitConverter.HalfToUInt16Bits(h)));
                break;
            case bool[] v:
                proto.Int32Data.Add(v.Select(b => b ? 1 : 0));
                break;
            case var _ when value.Element.IsNarrow() && value.Element != ElementType.BFloat16:
                proto.Int32Data.Add(ModelBuilder.Raw(value).Select(b => (int)b));
                break;
            case ushort[] v:
                proto.Int32Data.Add(v.Select(x => (int)x));
                break;
            default:
                long[]? longs = value.Element == ElementType.UInt64 ? null : value.ToInt64();
                if (value.Element is ElementType.UInt32)
                    proto.Uint64Data.Add(longs!.Select(x => (ulong)x));
                else if (longs is null)
                    proto.Uint64Data.Add(value.Values<ulong>());
                else if (value.Element == ElementType.Int64)
                    proto.Int64Data.Add(longs);
                else
                    proto.Int32Data.Add(longs.Select(x => (int)x));
                break;
        }
        return proto;
    }
}
