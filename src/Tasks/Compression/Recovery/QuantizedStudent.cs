using System.Collections.Immutable;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;
using OptimizerBuild.Operators.Linear;
using OptimizerBuild.Operators.Quantization;
using OptimizerBuild.Operators.Recurrent;
using OptimizerBuild.Training;

namespace OptimizerBuild.Compression.Recovery;

/// <summary>
/// A quantised model as a float graph that computes what the integers will: values are rounded to their levels, the weights of integer
/// layers are integers times scales (B. Jacob et al. 2018, arXiv 1712.05877, section 3). Its weights and biases can be trained; layers
/// that have the same integers share them, so that they are still stored once.
/// </summary>
internal sealed class QuantizedStudent
{
    private readonly Graph _graph;
    private readonly GraphQuantization _quantization;
    private readonly Dictionary<string, string> _rounded = new(StringComparer.Ordinal);
    private readonly List<Layer> _layers = [];

    /// <summary>The student of a quantised model.</summary>
    /// <param name="graph">The float graph.</param>
    /// <param name="quantization">What the quantiser decided.</param>
    /// <param name="levelsOf">The integers that the weights of a layer may become, from those that they have.</param>
    public QuantizedStudent(Graph graph, GraphQuantization quantization, Func<Node, sbyte[], WeightLevels> levelsOf)
    {
        (_graph, _quantization) = (graph, quantization);
        var editor = new GraphEditor(graph);
        foreach (Node node in graph.Nodes)
        {
            if (!quantization.Weights.TryGetValue(node.Name, out WeightQuantization? rounded))
                continue;
            if (node.Is<RecurrentOperator>() && graph.Constant(node.Inputs[1]) is { } state)
                AddLayer(editor, node, DotProductLayer.OfState(state), rounded, levelsOf(node, rounded.Values));
            else if (node.Is<IDotProduct>() && DotProductLayer.Read(OperatorContext.Of(graph, node), out _) is { } layer && IsPlain(node))
                AddLayer(editor, node, layer, rounded, levelsOf(node, rounded.Values));
        }
        Graph = Rounded(editor.ToGraph());
    }

    /// <summary>The student's graph.</summary>
    public Graph Graph { get; }

    /// <summary>What is trained of it.</summary>
    public IReadOnlyList<TrainedParameter> Parameters => [.. _layers.SelectMany(l =>
        (TrainedParameter?[])[l.IsOriginal ? l.Weights : null, l.Bias]).OfType<TrainedParameter>()];

    /// <summary>The name that a value has in the student: that of its rounded form where it is rounded.</summary>
    /// <param name="value">The name in the model.</param>
    public string Renamed(string value) => _rounded.GetValueOrDefault(value, value);

    /// <summary>The model with what was trained.</summary>
    /// <param name="model">The model that the student was made from.</param>
    /// <param name="notes">Hears of layers that could not take it.</param>
    public CompressedModel WriteBack(CompressedModel model, List<string> notes)
    {
        var editor = new GraphEditor(_graph);
        ImmutableSortedDictionary<string, WeightQuantization>.Builder weights = _quantization.Weights.ToBuilder();
        foreach (IGrouping<TrainedParameter, Layer> group in _layers.GroupBy(l => l.Weights))
        {
            (Layer Layer, WeightQuantization Trained)[] trained = [.. group.Select(l => (l, Trained(l)))];
            if (trained.FirstOrDefault(t => !KeepsItsSums(t.Layer, t.Trained)) is { Layer: { } other })
            {
                notes.Add($"'{other.Node.Name}' keeps its weights: its sums would need other kernels");
                continue;
            }
            foreach ((Layer layer, WeightQuantization now) in trained)
            {
                weights[layer.Node.Name] = now;
                SetFloats(editor, layer);
            }
        }
        return new CompressedModel(editor.ToGraph(), [.. model.Annotations.Where(a => a is not GraphQuantization)])
            .With(_quantization with { Weights = weights.ToImmutable() });
    }

    private WeightQuantization Trained(Layer layer)
    {
        WeightQuantization before = _quantization.Weights[layer.Node.Name];
        float[] scales = layer.Form.Scales(layer.Weights.Values.AsSpan(layer.Weights.Count));
        double[] own = [.. scales.Select((s, c) => layer.Ratios[c] == 1 ? s : (double)(float)(s * layer.Ratios[c]))];
        return before with
        {
            Values = layer.Form.Levels(layer.Weights.Values),
            Scales = own,
            Bias = layer.Bias is not { } bias ? before.Bias : [.. bias.Values.Select((b, c) => (int)Math.Clamp(
                Math.Round(b / (_quantization.Values[layer.Node.Inputs[0]].Scale * own[c])), -(1 << 30), 1 << 30))],
        };
    }

    // States have their own proof of 32 bits, which follows their weights.
    private bool KeepsItsSums(Layer layer, WeightQuantization trained) => layer.Bias is null
        || (_quantization.Values[layer.Node.Inputs[0]].ZeroPoint is var zero
            && AccumulatorBound.Holds(layer.Product, _quantization.Weights[layer.Node.Name], zero)
                == AccumulatorBound.Holds(layer.Product, trained, zero));

    // The float weights follow, for whoever exports them or looks at them, where they belong to layers that share them.
    private void SetFloats(GraphEditor editor, Layer layer)
    {
        GraphIndex index = GraphIndex.Of(_graph);
        string weights = layer.Node.Inputs[1];
        if (layer.Ratios.All(r => r == 1) && index.Readers(weights).All(r => _layers.Any(l => l.Node.Name == r.Name
            && l.Weights == layer.Weights && l.Node.Inputs.Count(i => i == weights) == 1)))
            editor.SetConstant(weights, new(_graph.Constants[weights].Type, (float[])layer.Weights.Weights.Clone()));
        if (layer.Bias is { } bias && layer.Node.HasInput(2) && _graph.Constant(layer.Node.Inputs[2]) is { } own
            && own.Count == bias.Values.Length && index.Readers(layer.Node.Inputs[2]).Count == 1)
            editor.SetConstant(layer.Node.Inputs[2], new(own.Type, (float[])bias.Values.Clone()));
    }

    // Weights with a factor of their own are left as they are.
    private static bool IsPlain(Node node) => node.As<IDotProduct>() is not IMatrixProduct product
        || (product.ProductFactor(node) == 1 && (!node.HasInput(2) || product.AddendFactor(node) == 1));

    private void AddLayer(GraphEditor editor, Node node, DotProductLayer layer, WeightQuantization rounded, WeightLevels levels)
    {
        (Layer? original, string weightName) = Weights(editor, node, layer, rounded);
        LevelWeights form = original?.Form ?? new(layer, rounded, levels);
        TrainedParameter weights = original?.Weights
            ?? new(weightName, editor.Constant(weightName)!.Values<float>(), form.Master, form, decays: false);
        double[] ratios = original is null ? [.. rounded.Scales.Select(_ => 1.0)] : Ratios(original, rounded);
        Node changed = node with { Inputs = node.Inputs.SetItem(1, weightName) };
        if (node.Is<RecurrentOperator>())
        {
            editor.Replace(node, changed);
            _layers.Add(new(node, layer, form, weights, null, ratios, original is null));
            return;
        }
        double inputScale = _quantization.Values[node.Inputs[0]].Scale;
        float[] bias = [.. rounded.Bias.Select((b, c) => (float)(b * inputScale * rounded.Scales[c]))];
        string biasName = editor.AddConstant(node.Name + "/bias", Tensor.Of(bias, bias.Length));
        if (!node.Is<MatMulOperator>())
        {
            changed = changed with { Inputs = node.Inputs.Length > 2
                ? changed.Inputs.SetItem(2, biasName) : changed.Inputs.Add(biasName) };
            editor.Replace(node, changed);
        }
        else
        {
            string sums = editor.AddValue(node.Name + "/sums", _graph.TypeOf(node.Outputs[0]));
            editor.Replace(node, changed.WithoutActivation() with { Outputs = [sums] },
                NodeOperators.New<AddOperator>(node.Name + "/addition", [sums, biasName], node.Outputs).WithActivationOf(node));
        }
        _layers.Add(new(node, layer, form, weights, new(biasName, bias, (float[])bias.Clone(), new FreeWeights(bias, keepsZeros: false),
            decays: false), ratios, original is null));
    }

    // The weights that a layer reads: its own, or those of an earlier layer with the same integers, times what its scales are of theirs.
    private (Layer? Original, string Name) Weights(GraphEditor editor, Node node, DotProductLayer layer, WeightQuantization rounded)
    {
        TensorType type = _graph.Constants[node.Inputs[1]].Type;
        Layer? original = _layers.FirstOrDefault(l => l.IsOriginal && HasSameOrder(l, node, layer, type)
            && _quantization.Weights[l.Node.Name].Values.AsSpan().SequenceEqual(rounded.Values) && HasSamePairs(l.Node, rounded));
        if (original is null)
            return (null, editor.AddConstant(node.Name + "/weights", new(type, new float[layer.Weights.Length])));
        double[] ratios = Ratios(original, rounded);
        if (ratios.All(r => r == 1))
            return (original, original.Weights.Name);
        var factors = new float[layer.Weights.Length];
        for (int c = 0; c < layer.Channels; c++)
            for (int k = 0; k < layer.Length; k++)
                factors[layer.Index(c, k)] = (float)ratios[c];
        string scaled = editor.AddValue(node.Name + "/weights", type);
        editor.InsertBefore(node, NodeOperators.New<MulOperator>(node.Name + "/scaling",
            [original.Weights.Name, editor.AddConstant(node.Name + "/ratios", new(type, factors))], [scaled]));
        return (original, scaled);
    }

    private bool HasSameOrder(Layer original, Node node, DotProductLayer layer, TensorType type) =>
        original.Node.OpType == node.OpType && _graph.Constants[original.Node.Inputs[1]].Type == type
        && original.Product.Groups == layer.Groups && original.Product.Length == layer.Length
        && original.Product.Index(1 % layer.Channels, 0) == layer.Index(1 % layer.Channels, 0);

    // Pairs that are bounded in one layer would not be in the other.
    private bool HasSamePairs(Node original, WeightQuantization rounded) =>
        _quantization.Weights[original.Name].PairSumsBounded == rounded.PairSumsBounded;

    private double[] Ratios(Layer original, WeightQuantization rounded) =>
        [.. rounded.Scales.Zip(_quantization.Weights[original.Node.Name].Scales, (own, other) => own / other)];

    // Every value that integer nodes exchange, behind what makes it. What has been pulled into 32 bits stays a real number.
    private Graph Rounded(Graph graph)
    {
        ImmutableSortedDictionary<string, TensorType>.Builder types = graph.Types.ToBuilder();
        var nodes = ImmutableArray.CreateBuilder<Node>();
        foreach (string input in graph.Inputs)
            Round(input);
        foreach (Node node in graph.Nodes)
        {
            nodes.Add(node with { Inputs = [.. node.Inputs.Select(Renamed)] });
            foreach (string output in node.Outputs)
                Round(output);
        }
        return graph with { Nodes = nodes.ToImmutable(), Types = types.ToImmutable(), Outputs = [.. graph.Outputs.Select(Renamed)] };

        void Round(string value)
        {
            if (value.Length == 0 || graph.IsConstant(value)
                || _quantization.Values.GetValueOrDefault(value) is not { Type: ActivationType.U8 } levels
                || graph.TypeOf(value).Element != ElementType.Float32)
                return;
            string rounded = value + "/rounded";
            _rounded[value] = rounded;
            types[rounded] = graph.TypeOf(value);
            nodes.Add(FakeQuantizeOperator.Create(value + "/rounding", value, rounded, (float)levels.Scale, levels.ZeroPoint));
        }
    }

    // A layer of the student: its scales are those of its weights' form times the ratios; a recurrent one has no bias of its own.
    private sealed record Layer(Node Node, DotProductLayer Product, LevelWeights Form, TrainedParameter Weights, TrainedParameter? Bias,
        double[] Ratios, bool IsOriginal);
}
