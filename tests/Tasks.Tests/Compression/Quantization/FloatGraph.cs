using System.Collections.Immutable;
using OptimizerBuild.Data;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>Builds small float graphs node by node; types are inferred, weights are seeded noise.</summary>
internal sealed class FloatGraph
{
    private readonly Random _random = new(11);
    private readonly List<Node> _nodes = [];
    private readonly SortedDictionary<string, Tensor> _constants = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, TensorType> _types = new(StringComparer.Ordinal);
    private readonly List<string> _inputs = [];

    /// <summary>Adds an input.</summary>
    public string Input(string name, params int[] dimensions)
    {
        _inputs.Add(name);
        _types[name] = TensorType.Float32(dimensions);
        return name;
    }

    /// <summary>Adds a constant.</summary>
    public string Constant(string name, Tensor value)
    {
        _constants[name] = value;
        return name;
    }

    /// <summary>Adds a constant of normal noise.</summary>
    public string Noise(string name, double deviation, params int[] dimensions) =>
        Constant(name, Tensor.Of(Normal(Shapes.Count(dimensions), deviation), dimensions));

    /// <summary>Adds a node; its outputs have its name, further ones with an index.</summary>
    public string Add(string name, string op, string[] inputs, Func<Node, Node>? attributes = null, int outputs = 1)
    {
        var node = new Node(name + "/node", op, [.. inputs], [.. Enumerable.Range(0, outputs).Select(i => i == 0 ? name : name + i)]);
        node = attributes?.Invoke(node) ?? node;
        Graph soFar = Build();
        ImmutableArray<TensorType> types = OperatorRegistry.Of(node).Infer(OperatorContext.Of(soFar, node));
        for (int i = 0; i < outputs; i++)
            _types[node.Outputs[i]] = types[i];
        _nodes.Add(node);
        return name;
    }

    /// <summary>Adds a dense layer.</summary>
    public string Dense(string name, string input, int length, int channels, bool relu = false) => Add(
        name,
        "Gemm",
        [input, Noise(name + ".w", 1 / Math.Sqrt(length), channels, length), Noise(name + ".b", 0.1, channels)],
        n => Relu(n.With("transB", 1), relu));

    /// <summary>Adds a channels-last convolution with zero padding that keeps the size.</summary>
    public string Conv(string name, string input, int inputs, int outputs, int kernel, bool relu = false, int groups = 1, int stride = 1) =>
        Add(
        name,
        "Conv",
        [input, Noise(name + ".w", 1 / Math.Sqrt(inputs / groups * kernel * kernel), outputs, inputs / groups, kernel, kernel),
            Noise(name + ".b", 0.1, outputs)],
        n => Relu(n.With("channels_last", 1).With("group", groups).With("pads", kernel / 2, kernel / 2, kernel / 2,
            kernel / 2).With("strides", stride, stride), relu));

    /// <summary>The graph.</summary>
    public Graph Build(params string[] outputs) => new()
    {
        Name = "test",
        Inputs = [.. _inputs],
        Outputs = [.. outputs],
        Nodes = [.. _nodes],
        Constants = _constants.ToImmutableSortedDictionary(StringComparer.Ordinal),
        Types = _types.ToImmutableSortedDictionary(StringComparer.Ordinal),
    };

    /// <summary>Seeded normal inputs for a graph.</summary>
    public static SampleSet Samples(Graph graph, int count, int seed = 1, float scale = 1)
    {
        var random = new Random(seed);
        return new([.. Enumerable.Range(0, count).Select(_ => (IReadOnlyList<Tensor>)
            [.. graph.Inputs.Select(i => Tensor.Of(Normal(random, graph.TypeOf(i).Count, scale), graph.TypeOf(i).Dimensions.AsSpan()))])],
                false);
    }

    /// <summary>The node with a fused Clip from 0.</summary>
    public static Node Relu(Node node, bool relu = true) =>
        relu ? node.With("activation", new AttributeValue.Text("Clip")).With("activation_min", new AttributeValue.Float(0)) : node;

    private float[] Normal(int count, double deviation) => Normal(_random, count, deviation);

    private static float[] Normal(Random random, int count, double deviation) =>
        [.. Enumerable.Range(0, count).Select(_ =>
            (float)(deviation * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))];
}
