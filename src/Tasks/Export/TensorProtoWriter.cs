using System.Runtime.InteropServices;
using Google.Protobuf;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx.Schema;
using Kind = OptimizerBuild.Onnx.Schema.AttributeProto.Types.AttributeType;

namespace OptimizerBuild.Export;

/// <summary>Turns tensors, types and attributes into the messages of an ONNX file.</summary>
internal static class TensorProtoWriter
{
    /// <summary>A tensor, its elements as raw data in little-endian order.</summary>
    /// <param name="name">The initialiser's name; empty in attributes.</param>
    /// <param name="value">The tensor.</param>
    public static TensorProto Write(string name, Tensor value)
    {
        var proto = new TensorProto { Name = name, DataType = (int)value.Element };
        proto.Dims.Add(value.Dimensions.Select(d => (long)d));
        if (value.Element == ElementType.String)
            proto.StringData.Add(value.Values<string>().Select(ByteString.CopyFromUtf8));
        else
            proto.RawData = UnsafeByteOperations.UnsafeWrap(Bytes(value));
        return proto;
    }

    /// <summary>The description of an input or output.</summary>
    public static ValueInfoProto Write(string name, TensorType type)
    {
        var shape = new TensorShapeProto();
        shape.Dim.Add(type.Dimensions.Select(d => new TensorShapeProto.Types.Dimension { DimValue = d }));
        return new ValueInfoProto { Name = name,
            Type = new TypeProto { TensorType = new() { ElemType = (int)type.Element, Shape = shape } } };
    }

    /// <summary>An attribute of any kind but a graph, which only operators of the build's own domain have.</summary>
    public static AttributeProto Write(string name, AttributeValue value)
    {
        var proto = new AttributeProto { Name = name };
        switch (value)
        {
            case AttributeValue.Int v:
                (proto.Type, proto.I) = (Kind.Int, v.Value);
                break;
            case AttributeValue.Float v:
                (proto.Type, proto.F) = (Kind.Float, v.Value);
                break;
            case AttributeValue.Text v:
                (proto.Type, proto.S) = (Kind.String, ByteString.CopyFromUtf8(v.Value));
                break;
            case AttributeValue.Ints v:
                proto.Type = Kind.Ints;
                proto.Ints.Add(v.Values);
                break;
            case AttributeValue.Floats v:
                proto.Type = Kind.Floats;
                proto.Floats.Add(v.Values);
                break;
            case AttributeValue.Texts v:
                proto.Type = Kind.Strings;
                proto.Strings.Add(v.Values.Select(ByteString.CopyFromUtf8));
                break;
            case AttributeValue.TensorValue v:
                (proto.Type, proto.T) = (Kind.Tensor, Write("", v.Value));
                break;
            default:
                throw new ArgumentException($"attribute '{name}' holds a graph", nameof(value));
        }
        return proto;
    }

    private static byte[] Bytes(Tensor value)
    {
        int size = value.Element.Size();
        var bytes = new byte[value.Count * size];
        Buffer.BlockCopy(
            value.Element == ElementType.Float16 ? MemoryMarshal.Cast<Half, ushort>(value.Values<Half>()).ToArray() : value.Data,
            0, bytes, 0, bytes.Length);
        if (!BitConverter.IsLittleEndian)
            for (int i = 0; i < bytes.Length; i += size)
                bytes.AsSpan(i, size).Reverse();
        return bytes;
    }
}
