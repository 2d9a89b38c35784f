using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>
/// A node that is written with others, what is known of its inputs, and the nodes so far: each is folded and typed at once.
/// </summary>
/// <param name="node">The node.</param>
/// <param name="opset">The version of the operator set it belongs to.</param>
/// <param name="values">The values known so far.</param>
/// <param name="uniqueNode">Gives an unused node name.</param>
/// <param name="add">Imports a node in the newest form, which may have an expansion itself.</param>
internal sealed class ExpansionContext(
    Node node, int opset, ShapeInference values, Func<string, string> uniqueNode, Action<Node> add)
{
    /// <summary>The node.</summary>
    public Node Node { get; } = node;

    /// <summary>The version of the operator set it belongs to.</summary>
    public int Opset { get; } = opset;

    /// <summary>The most elements of a constant that is made for a node: what no model needs is a sign of a damaged file.</summary>
    public const long MostElements = 1 << 25;

    /// <summary>The name of an input.</summary>
    public string this[int input] => Node.Inputs[input];

    /// <summary>Whether an optional input is given.</summary>
    public bool Has(int input) => Node.HasInput(input);

    /// <summary>Whether somebody may read an output.</summary>
    public bool Gives(int output) => Node.HasOutput(output);

    /// <summary>The type of an input.</summary>
    public TensorType Type(int input) => TypeOf(this[input]);

    /// <summary>The type of a value.</summary>
    public TensorType TypeOf(string value) => values.TypeOf(value);

    /// <summary>The constant that a value is; null where it is computed.</summary>
    public Tensor? Constant(string value) => values.Constant(value);

    /// <summary>The numbers of an input that must be constant, because shapes follow from it.</summary>
    /// <exception cref="ModelException">The input is computed from the model's inputs.</exception>
    public long[] Integers(int input) => NumericCast.Convert(Fixed(input), ElementType.Int64)?.Values<long>()
        ?? throw Invalid($"its input {input} is {Type(input)} instead of integers");

    /// <summary>The real numbers of an input that must be constant, because shapes follow from it.</summary>
    /// <exception cref="ModelException">The input is computed from the model's inputs.</exception>
    public float[] Reals(int input) => NumericCast.Convert(Fixed(input), ElementType.Float32)?.Values<float>()
        ?? throw Invalid($"its input {input} is {Type(input)} instead of numbers");

    /// <summary>The bytes of an input that must be constant.</summary>
    /// <exception cref="ModelException">The input is computed from the model's inputs.</exception>
    public byte[] Bytes(int input) => Fixed(input).Values<byte>();

    private Tensor Fixed(int input) => Constant(this[input])
        ?? throw new ModelException(DiagnosticCatalog.DataDependentShape, Node.Name, Node.OpType, this[input]);

    /// <summary>An axis attribute or number, counted from the front.</summary>
    /// <exception cref="ModelException">It lies outside the tensor.</exception>
    public int Axis(long axis, int rank) => axis >= -rank && axis < rank
        ? (int)(axis < 0 ? axis + rank : axis)
        : throw Invalid($"axis {axis} lies outside a tensor of {rank} dimensions");

    /// <summary>Adds a node with one output.</summary>
    /// <returns>The name of the output.</returns>
    public string Add(string opType, params ReadOnlySpan<string> inputs) => Add(new Node("", opType, [.. inputs], []));

    /// <summary>Adds a node with one output; its name and its output are made up here.</summary>
    /// <returns>The name of the output.</returns>
    public string Add(Node made) => Add(made, 1)[0];

    /// <summary>Adds a node with several outputs; its name and its outputs are made up here.</summary>
    /// <returns>The names of the outputs.</returns>
    public string[] Add(Node made, int outputs)
    {
        string[] names = [.. Enumerable.Range(0, outputs).Select(_ => values.UniqueValue($"{Node.Name}/{made.OpType}"))];
        add(made with { Name = uniqueNode($"{Node.Name}/{made.OpType}"), Outputs = [.. names] });
        return names;
    }

    /// <summary>A node to be added by <see cref="Add(Node)"/>, with attributes.</summary>
    public static Node New(string opType, params ReadOnlySpan<string> inputs) => new("", opType, [.. inputs], []);

    /// <summary>Says which value an output of the node is.</summary>
    public void Return(int output, string value)
    {
        if (Gives(output))
            add(new Node(uniqueNode($"{Node.Name}/Identity"), "Identity", [value], [Node.Outputs[output]]));
    }

    /// <summary>Says which value an output of the node is of which only the first places along an axis count.</summary>
    /// <param name="output">The output.</param>
    /// <param name="value">The value with all places that there can be.</param>
    /// <param name="length">An int64 scalar, how many count.</param>
    /// <param name="axis">The axis, from 0.</param>
    public void Return(int output, string value, string length, int axis)
    {
        if (!Gives(output))
            return;
        if (Constant(length) is { } known)
            Return(output, Slice(value, axis, 0, known.Values<long>()[0]));
        else
            values.AddStructure(Node.Outputs[output], new ModelValue.Bounded(value, length, axis));
    }

    /// <summary>Adds a constant and returns its name.</summary>
    public string Add(Tensor constant)
    {
        string name = values.UniqueValue($"{Node.Name}/constant");
        values.AddConstant(name, constant);
        return name;
    }

    /// <summary>Adds a constant list of integers and returns its name.</summary>
    public string Ints(params ReadOnlySpan<long> list) => Add(Tensor.Of(list.ToArray(), list.Length));

    /// <summary>Adds one number of a type and returns its name.</summary>
    public string Scalar(ElementType element, double value) => Add(NumericCast.Convert(Tensor.Scalar(value), element)!);

    /// <summary>A value under another shape.</summary>
    public string Reshape(string value, params ReadOnlySpan<long> shape) =>
        Add(New("Reshape", value, Ints(shape)).With("allowzero", 1));

    /// <summary>A value under the shape of a type.</summary>
    public string Reshape(string value, ReadOnlySpan<int> shape) => Reshape(value, [.. shape.ToArray().Select(d => (long)d)]);

    /// <summary>A value with its dimensions in another order.</summary>
    public string Transpose(string value, params ReadOnlySpan<long> order) => Add(New("Transpose", value).With("perm", order));

    /// <summary>A value in another element type; the value itself where it has that already.</summary>
    public string Cast(string value, ElementType element) =>
        TypeOf(value).Element == element ? value : Add(New("Cast", value).With("to", (int)element));

    /// <summary>A reduction over axes; their dimensions stay with size 1 or vanish.</summary>
    public string Reduce(string opType, string value, ReadOnlySpan<long> axes, bool keep = true) =>
        Add(New(opType, value, Ints(axes)).With("keepdims", keep ? 1 : 0).With("noop_with_empty_axes", 1));

    /// <summary>A part of a value along one axis.</summary>
    public string Slice(string value, int axis, long start, long end) => Add("Slice", value, Ints(start), Ints(end), Ints(axis));

    /// <summary>The product of extents of a constant that is made for the node.</summary>
    /// <exception cref="ModelException">It has more elements than any model needs.</exception>
    public int Elements(params ReadOnlySpan<long> extents)
    {
        long count = 1;
        foreach (long extent in extents)
        {
            if (extent < 0 || extent > MostElements || (count *= extent) > MostElements)
                throw Invalid($"it needs a constant of the extents [{string.Join(',', extents.ToArray())}]");
        }
        return (int)count;
    }

    /// <summary>The error that says what is wrong with the node.</summary>
    public ModelException Invalid(string reason) => new(DiagnosticCatalog.InvalidNode, Node.Name, Node.OpType, reason);

    /// <summary>The error that says that this form is not supported.</summary>
    public ModelException Unsupported(string nearest) => new(DiagnosticCatalog.UnsupportedOperator, Node.Name, Node.OpType,
        Node.Domain.Length == 0 ? "ai.onnx" : Node.Domain, Opset, nearest);
}
