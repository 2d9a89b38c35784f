using Google.Protobuf;
using Google.Protobuf.Collections;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Onnx.Schema;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Lookup;

namespace OptimizerBuild.Export;

/// <summary>An ONNX model in the making: nodes in order of execution, initialisers and unique names.</summary>
internal sealed class OnnxModelBuilder
{
    // The first opset whose QuantizeLinear and DequantizeLinear take the forms written here, and the operators that came later.
    private const int Opset = 21;
    private const int NewestIrVersion = 10;
    private static readonly Dictionary<string, int> LaterOperators = new(StringComparer.Ordinal)
    {
        ["RMSNormalization"] = 23,
        ["Swish"] = 24,
    };

    // The versions of other domains in which their operators take the forms that graphs have.
    private static readonly Dictionary<string, int> OtherDomains = new(StringComparer.Ordinal) { [LabelEncoderOperator.MlDomain] = 4 };

    private readonly SortedSet<string> _domains = new(StringComparer.Ordinal);
    private readonly GraphProto _graph;
    private readonly UniqueNames _values = new();
    private readonly UniqueNames _nodes = new();
    private readonly Dictionary<string, string> _renamed = new(StringComparer.Ordinal);
    private int _opset = Opset;
    private long _constantBytes;

    /// <summary>Starts a model.</summary>
    /// <param name="name">The graph's name.</param>
    public OnnxModelBuilder(string name) => _graph = new GraphProto { Name = name };

    /// <summary>Keeps a name for the value that will have it.</summary>
    public void Reserve(string name) => _values.Reserve(name);

    /// <summary>A name that no other value has.</summary>
    public string Name(string stem) => _values.Next(stem);

    /// <summary>Adds an input under its own name.</summary>
    public void Input(string name, TensorType type) => _graph.Input.Add(TensorProtoWriter.Write(name, type));

    /// <summary>Adds a constant.</summary>
    /// <returns>Its name.</returns>
    /// <exception cref="ModelException">The constants exceed what one file can hold.</exception>
    public string Constant(string stem, Tensor value)
    {
        _constantBytes += value.Element == ElementType.String ? 0 : (long)value.Count * value.Element.Size();
        if (_constantBytes > TensorProtoReader.MaximumBytes)
            throw new ModelException(DiagnosticCatalog.ModelTooLarge, "the model that ExportOnnx asks for",
                $"{_constantBytes} bytes of weights",
                $"{TensorProtoReader.MaximumBytes} bytes");
        string name = Name(stem);
        _graph.Initializer.Add(TensorProtoWriter.Write(name, value));
        return name;
    }

    /// <summary>Adds a node with one new output.</summary>
    /// <param name="stem">What the names of node and output begin with.</param>
    /// <param name="opType">Its operator.</param>
    /// <param name="inputs">Names of its inputs.</param>
    /// <param name="attributes">Its attributes.</param>
    /// <returns>The output's name.</returns>
    public string Add(string stem, string opType, IEnumerable<string> inputs,
        params IEnumerable<(string Name, AttributeValue Value)> attributes)
    {
        string output = Name(stem);
        Add(stem, opType, inputs, [output], attributes);
        return output;
    }

    /// <summary>Adds a node.</summary>
    /// <param name="stem">What its name begins with.</param>
    /// <param name="opType">Its operator.</param>
    /// <param name="inputs">Names of its inputs.</param>
    /// <param name="outputs">Names of its outputs.</param>
    /// <param name="attributes">Its attributes.</param>
    /// <param name="domain">Its operator's domain; empty for <c>ai.onnx</c>.</param>
    public void Add(
        string stem, string opType, IEnumerable<string> inputs, IEnumerable<string> outputs,
        IEnumerable<(string Name, AttributeValue Value)> attributes, string domain = "")
    {
        var node = new NodeProto { Name = _nodes.Next(stem), OpType = opType };
        if (domain.Length > 0)
        {
            node.Domain = domain;
            _domains.Add(domain);
        }
        node.Input.Add(inputs);
        node.Output.Add(outputs);
        node.Attribute.Add(attributes.Select(a => TensorProtoWriter.Write(a.Name, a.Value)));
        if (domain.Length == 0)
            _opset = Math.Max(_opset, Math.Max(LaterOperators.GetValueOrDefault(opType), FirstOpset(node)));
        _graph.Node.Add(node);
    }

    /// <summary>Adds an output.</summary>
    /// <param name="name">Its name, which has been reserved.</param>
    /// <param name="type">Its type.</param>
    /// <param name="source">The value that it shows.</param>
    public void Output(string name, TensorType type, string source)
    {
        // Another output may have given the value its name already.
        source = _renamed.GetValueOrDefault(source, source);

        // The node that makes the value gives it the output's name; a value that has a name of its own for callers is copied.
        NodeProto? producer = _graph.Node.FirstOrDefault(n => n.Output.Contains(source));
        if (producer is null || _graph.Output.Any(o => o.Name == source))
            Add(name, "Identity", [source], [name], []);
        else
            foreach (NodeProto node in _graph.Node)
            {
                Rename(node.Input, source, name);
                Rename(node.Output, source, name);
            }
        _renamed.TryAdd(source, name);
        _graph.Output.Add(TensorProtoWriter.Write(name, type));
    }

    // The first opset in which the operator has all of the node's attributes.
    private static int FirstOpset(NodeProto node)
    {
        if (OperatorRegistry.Find(new Node("", node.OpType, [], [])) is not { } op)
            return 0;
        OperatorForm form = OperatorSchema.Of(op).Newest;
        return node.Attribute.Select(a => form.Parameters.FirstOrDefault(p => p.Name == a.Name)?.From ?? 0).DefaultIfEmpty().Max();
    }

    private static void Rename(RepeatedField<string> names, string from, string to)
    {
        for (int i = 0; i < names.Count; i++)
            if (names[i] == from)
                names[i] = to;
    }

    /// <summary>The finished model, the same bytes for the same calls.</summary>
    public byte[] ToBytes()
    {
        var model = new ModelProto { IrVersion = NewestIrVersion, ProducerName = "OptimizerBuild", Graph = _graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = _opset });
        model.OpsetImport.Add(_domains.Select(d => new OperatorSetIdProto { Domain = d, Version = OtherDomains[d] }));
        return model.ToByteArray();
    }
}
