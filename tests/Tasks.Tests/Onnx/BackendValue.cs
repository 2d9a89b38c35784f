using Google.Protobuf;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx.Schema;

namespace OptimizerBuild.Onnx;

/// <summary>
/// The values of the ONNX backend suite's files: tensors, and the messages of sequences and optional values (onnx-data.proto), of which
/// the build itself reads none.
/// </summary>
internal static class BackendValue
{
    private const int TensorField = 3;
    private const int SequenceField = 5;
    private const int OptionalField = 7;

    /// <summary>
    /// The tensors of a value under the names that inputs and outputs of the graph have; a name without a tensor is an empty sequence or
    /// an absent value.
    /// </summary>
    /// <param name="info">The value's name and type.</param>
    /// <param name="path">The file.</param>
    public static IReadOnlyList<(string Name, Tensor? Value)> Read(ValueInfoProto info, string path) =>
        Read(info.Name, info.Type, ByteString.CopyFrom(File.ReadAllBytes(path)));

    /// <summary>The options with the shapes of a value's tensors.</summary>
    public static ImportOptions Bind(ImportOptions options, IEnumerable<(string Name, Tensor? Value)> tensors) =>
        tensors.Aggregate(options, (o, t) => t.Value is null ? o.WithNothing(t.Name) : o.WithShape(t.Name, t.Value.Dimensions.AsSpan()));

    /// <summary>The tensors of outputs.</summary>
    /// <param name="outputs">Names and types of the outputs.</param>
    /// <param name="paths">Their files.</param>
    public static Tensor[] ReadOutputs(IEnumerable<ValueInfoProto> outputs, IEnumerable<string> paths) =>
        [.. outputs.Zip(paths).SelectMany(o => Read(o.First, o.Second)).Select(t => t.Value).OfType<Tensor>()];

    private static (string Name, Tensor? Value)[] Read(string name, TypeProto? type, ByteString bytes)
    {
        switch (type?.ValueCase)
        {
            case TypeProto.ValueOneofCase.SequenceType:
                TypeProto element = type.SequenceType.ElemType;
                ByteString[] elements = [.. Fields(bytes).Where(f => f.Field == FieldOf(element)).Select(f => f.Content)];
                return elements.Length == 0 ? [(name, null)]
                    : [.. elements.SelectMany((e, i) => Read(InputBinding.ElementName(name, i), element, e))];
            case TypeProto.ValueOneofCase.OptionalType:
                (int Field, ByteString Content)[] content =
                    [.. Fields(bytes).Where(f => f.Field == FieldOf(type.OptionalType.ElemType))];
                return content is [var only] ? Read(name, type.OptionalType.ElemType, only.Content) : [(name, null)];
            default:
                return [(name, TensorProtoReader.Read(Typed(bytes, type), name))];
        }
    }

    // Some files leave the type to the model.
    private static byte[] Typed(ByteString bytes, TypeProto? type)
    {
        var tensor = TensorProto.Parser.ParseFrom(bytes);
        if (tensor.DataType != 0 || type?.TensorType is null)
            return bytes.ToByteArray();
        tensor.DataType = type.TensorType.ElemType;
        return tensor.ToByteArray();
    }

    private static int FieldOf(TypeProto type) => type.ValueCase switch
    {
        TypeProto.ValueOneofCase.SequenceType => SequenceField,
        TypeProto.ValueOneofCase.OptionalType => OptionalField,
        _ => TensorField,
    };

    // The message's parts that are messages or texts.
    private static IEnumerable<(int Field, ByteString Content)> Fields(ByteString bytes)
    {
        CodedInputStream input = bytes.CreateCodedInput();
        while (input.ReadTag() is var tag and not 0)
        {
            if (WireFormat.GetTagWireType(tag) == WireFormat.WireType.LengthDelimited)
                yield return (WireFormat.GetTagFieldNumber(tag), input.ReadBytes());
            else
                input.SkipLastField();
        }
    }
}
