using Google.Protobuf;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx.Schema;
using Kind = OptimizerBuild.Onnx.Schema.AttributeProto.Types.AttributeType;

namespace OptimizerBuild.Onnx;

/// <summary>Writes small ONNX models for tests.</summary>
internal sealed class ModelBuilder
{
    /// <param name="opset">The opset of the default domain.</param>
    public ModelBuilder(int opset = 21)
    {
        Model = new ModelProto { IrVersion = 10, Graph = new GraphProto { Name = "g" } };
        Model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = opset });
    }

    /// <summary>The message so far.</summary>
    public ModelProto Model { get; }

    /// <summary>The serialised model.</summary>
    public byte[] Bytes => Model.ToByteArray();

    /// <summary>Adds a float input; a dimension is a number, a name or null (missing).</summary>
    public ModelBuilder Input(string name, params object?[] dimensions) => Input(name, ElementType.Float32, dimensions);

    /// <summary>Adds an input of some type.</summary>
    public ModelBuilder Input(string name, ElementType element, params object?[] dimensions)
    {
        Model.Graph.Input.Add(Value(name, element, dimensions));
        return this;
    }

    /// <summary>Adds an output.</summary>
    public ModelBuilder Output(params string[] names)
    {
        foreach (string name in names)
            Model.Graph.Output.Add(new ValueInfoProto { Name = name });
        return this;
    }

    /// <summary>Adds an initialiser.</summary>
    public ModelBuilder Constant(string name, Tensor value)
    {
        Model.Graph.Initializer.Add(Proto(value, name));
        return this;
    }

    /// <summary>Adds a node; inputs and outputs are separated by commas.</summary>
    public ModelBuilder Node(string opType, string inputs, string outputs, params (string Name, object Value)[] attributes)
    {
        Model.Graph.Node.Add(NewNode(opType, inputs, outputs, attributes));
        return this;
    }

    /// <summary>Imports the model.</summary>
    public Graph Import(ImportOptions? options = null) => OnnxImporter.Import(Bytes, "test.onnx", options ?? ImportOptions.Default).Graph;

    /// <summary>A node.</summary>
    public static NodeProto NewNode(string opType, string inputs, string outputs, params (string Name, object Value)[] attributes)
    {
        var node = new NodeProto { OpType = opType };
        if (inputs.Length > 0)
            node.Input.Add(inputs.Split(','));
        node.Output.Add(outputs.Split(','));
        foreach ((string name, object value) in attributes)
            node.Attribute.Add(Attribute(name, value));
        return node;
    }

    /// <summary>An attribute.</summary>
    public static AttributeProto Attribute(string name, object value)
    {
        var attribute = new AttributeProto { Name = name };
        switch (value)
        {
            case int v:
                (attribute.Type, attribute.I) = (Kind.Int, v);
                break;
            case long v:
                (attribute.Type, attribute.I) = (Kind.Int, v);
                break;
            case float v:
                (attribute.Type, attribute.F) = (Kind.Float, v);
                break;
            case string v:
                (attribute.Type, attribute.S) = (Kind.String, ByteString.CopyFromUtf8(v));
                break;
            case long[] v:
                attribute.Type = Kind.Ints;
                attribute.Ints.Add(v);
                break;
            case float[] v:
                attribute.Type = Kind.Floats;
                attribute.Floats.Add(v);
                break;
            case string[] v:
                attribute.Type = Kind.Strings;
                attribute.Strings.Add(v.Select(ByteString.CopyFromUtf8));
                break;
            case Tensor v:
                (attribute.Type, attribute.T) = (Kind.Tensor, Proto(v, ""));
                break;
            case GraphProto v:
                (attribute.Type, attribute.G) = (Kind.Graph, v);
                break;
            default:
                throw new ArgumentException(value.GetType().Name, nameof(value));
        }
        return attribute;
    }

    /// <summary>A description of a value.</summary>
    public static ValueInfoProto Value(string name, ElementType element, params object?[] dimensions)
    {
        var shape = new TensorShapeProto();
        foreach (object? d in dimensions)
        {
            shape.Dim.Add(d switch
            {
                int v => new TensorShapeProto.Types.Dimension { DimValue = v },
                string s => new TensorShapeProto.Types.Dimension { DimParam = s },
                _ => new TensorShapeProto.Types.Dimension(),
            });
        }
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new() { ElemType = (int)element, Shape = shape } } };
    }

    /// <summary>A tensor with raw data.</summary>
    public static TensorProto Proto(Tensor value, string name)
    {
        var proto = new TensorProto { Name = name, DataType = (int)value.Element };
        proto.Dims.Add(value.Dimensions.Select(d => (long)d));
        if (value.Element == ElementType.String)
        {
            proto.StringData.Add(value.Values<string>().Select(ByteString.CopyFromUtf8));
            return proto;
        }
        proto.RawData = ByteString.CopyFrom(Raw(value));
        return proto;
    }

    /// <summary>A tensor's bytes as a file holds them, elements of 4 and 2 bits packed.</summary>
    public static byte[] Raw(Tensor value)
    {
        var bytes = new byte[value.Count * value.Element.Size()];
        Buffer.BlockCopy(value.Element == ElementType.Float16
            ? Array.ConvertAll(value.Values<Half>(), BitConverter.HalfToUInt16Bits)
            : value.Data, 0, bytes, 0, bytes.Length);
        int bits = value.Element.StoredBits();
        if (bits >= 8)
            return bytes;
        var packed = new byte[((value.Count * bits) + 7) / 8];
        for (int i = 0; i < bytes.Length; i++)
            packed[i * bits / 8] |= (byte)((bytes[i] & ((1 << bits) - 1)) << (i * bits % 8));
        return packed;
    }
}
