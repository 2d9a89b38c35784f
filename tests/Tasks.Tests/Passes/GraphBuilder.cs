using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Passes;

/// <summary>Builds small graphs node by node, with types inferred and nothing folded.</summary>
internal sealed class GraphBuilder
{
    private readonly List<string> _inputs = [];
    private readonly List<Node> _nodes = [];
    private readonly Dictionary<string, Tensor> _constants = [];
    private readonly Dictionary<string, TensorType> _types = [];
    private readonly Func<float> _positive;
    private readonly Func<float> _signed;

    /// <summary>A graph with seeded weights.</summary>
    public GraphBuilder(int seed = 1)
    {
        var random = new Random(seed);
        _positive = () => (float)(0.5 + random.NextDouble());
        _signed = () => (float)((0.5 + random.NextDouble()) * (random.Next(2) == 0 ? 1 : -1));
    }

    /// <summary>A graph with weights of given numbers, from -9999 to 9999, used over and over.</summary>
    public GraphBuilder(IReadOnlyList<int> weights)
    {
        int at = 0;
        _signed = () =>
        {
            int number = weights[at++ % weights.Count];
            return number < 0 ? -0.5f + (number / 10000f) : 0.5f + (number / 10000f);
        };
        _positive = () => Math.Abs(_signed());
    }

    public string Input(params ReadOnlySpan<int> dimensions) => Input(TensorType.Float32(dimensions));

    public string Input(TensorType type)
    {
        string name = $"in{_inputs.Count}";
        _inputs.Add(name);
        _types[name] = type;
        return name;
    }

    public TensorType TypeOf(string value) => _constants.TryGetValue(value, out Tensor? c) ? c.Type : _types[value];

    public string Constant(Tensor value)
    {
        string name = $"c{_constants.Count}";
        _constants[name] = value;
        return name;
    }

    public string Ints(params long[] values) => Constant(Tensor.Of(values, values.Length));

    public string Scalar(float value) => Constant(Tensor.Scalar(value));

    /// <summary>A constant of values between 0.5 and 1.5, some of them negative.</summary>
    public string Weights(params ReadOnlySpan<int> dimensions) => Filled(dimensions, _signed);

    /// <summary>A constant of values between 0.5 and 1.5.</summary>
    public string Positive(params ReadOnlySpan<int> dimensions) => Filled(dimensions, _positive);

    public string Add(string opType, params string[] inputs) => Add(new Node("", opType, [.. inputs], []));

    public string Add(string opType, string[] inputs, params (string Name, object Value)[] attributes) =>
        Add(With(new Node("", opType, [.. inputs], []), attributes));

    public string Add(Node node)
    {
        string output = $"v{_nodes.Count}";
        node = node with { Name = $"n{_nodes.Count}", Outputs = [output] };
        var context = new OperatorContext(
            node, [.. node.Inputs.Select(i => i.Length == 0 ? null : TypeOf(i))], [.. node.Inputs.Select(i =>
                _constants.GetValueOrDefault(i))]);
        _types[output] = OperatorRegistry.Of(node).Infer(context)[0];
        _nodes.Add(node);
        return output;
    }

    public Graph Build(params string[] outputs) => new()
    {
        Name = "test",
        Inputs = [.. _inputs],
        Outputs = [.. outputs],
        Nodes = [.. _nodes],
        Constants = _constants.ToImmutableSortedDictionary(StringComparer.Ordinal),
        Types = _types.ToImmutableSortedDictionary(StringComparer.Ordinal),
    };

    private string Filled(ReadOnlySpan<int> dimensions, Func<float> next)
    {
        var values = new float[Shapes.Count(dimensions)];
        for (int i = 0; i < values.Length; i++)
            values[i] = next();
        return Constant(Tensor.Of(values, dimensions));
    }

    private static Node With(Node node, (string Name, object Value)[] attributes)
    {
        foreach ((string name, object value) in attributes)
            node = node.With(name, value switch
            {
                int v => new AttributeValue.Int(v),
                float v => new AttributeValue.Float(v),
                string v => new AttributeValue.Text(v),
                long[] v => new AttributeValue.Ints([.. v]),
                _ => throw new ArgumentException(name),
            });
        return node;
    }
}
