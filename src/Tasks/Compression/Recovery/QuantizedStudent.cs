using System.Collections.Immutable;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;
using OptimizerBuild.Operators.Linear;
using OptimizerBuild.Operators.Recurrent;
using OptimizerBuild.Options;
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
    private readonly LearnedRanges _ranges;
    private readonly Dictionary<string, TrainedParameter> _floats = new(StringComparer.Ordinal);

    /// <summary>The student of a quantised model.</summary>
    /// <param name="graph">The float graph.</param>
    /// <param name="quantization">What the quantiser decided.</param>
    /// <param name="levelsOf">The integers that the weights of a layer may become, from those that they have.</param>
    /// <param name="sharesValues">Whether the weights of a float32 layer share values; null: none do.</param>
    public QuantizedStudent(
        Graph graph, GraphQuantization quantization, Func<Node, sbyte[], WeightLevels> levelsOf, Func<Node, bool>? sharesValues = null)
    {
        (_graph, _quantization) = (graph, quantization);
        var editor = new GraphEditor(graph);
        foreach (Node node in graph.Nodes)
        {
            if (!quantization.Weights.TryGetValue(node.Name, out WeightQuantization? rounded))
            {
                if (!quantization.Nodes[node.Name].Integer && TrainableInputs.IsLayer(node) && sharesValues?.Invoke(node) == true
                    && !SignLayers.Multiplies(graph, node))
                    AddFloats(editor, node);
                continue;
            }
            if (node.Is<RecurrentOperator>() && graph.Constant(node.Inputs[1]) is { } state)
                AddLayer(editor, node, DotProductLayer.OfState(state), rounded, levelsOf(node, rounded.Values));
            else if (node.Is<IDotProduct>() && IsTrainable(node)
                && DotProductLayer.Read(OperatorContext.Of(graph, node), out _) is { } layer)
                AddLayer(editor, node, layer, rounded, levelsOf(node, rounded.Values));
        }
        // With all levels of 8 bits there is so little to win that a change of ranges costs more.
        _ranges = new(graph, quantization, node => _layers.Any(l => l.Node == node), isOn: _layers.Any(l => l.Form.HasFewLevels));
        Graph = Rounded(editor.ToGraph());
    }

    /// <summary>The student's graph.</summary>
    public Graph Graph { get; }

    /// <summary>The layers whose integers are made from the graph's weights.</summary>
    public IReadOnlyList<Layer> Layers => _layers;

    /// <summary>What is trained of it.</summary>
    public IReadOnlyList<TrainedParameter> Parameters => [.. _layers.SelectMany(l =>
        (TrainedParameter?[])[l.IsOriginal ? l.Weights : null, l.Bias]).OfType<TrainedParameter>(),
        .. _ranges.Parameters, .. _floats.Values];

    /// <summary>
    /// The integers that the weights of a layer may become, from those that they have: shared levels are those that are there; otherwise
    /// all of the bits that were asked for and suffice.
    /// </summary>
    /// <param name="options">What the item asks for.</param>
    /// <param name="node">The layer.</param>
    /// <param name="values">Its integers.</param>
    public static WeightLevels LevelsOf(ModelOptions options, Node node, sbyte[] values)
    {
        if (node.Is<RecurrentOperator>())
            return WeightLevels.Bits8;
        if ((options.Layers.ClustersOf(node.Origin) ?? options.Clusters ?? 0) > 0)
            return WeightLevels.Of(values.Select(v => (int)v));
        var asked = WeightLevels.Of(options.Layers.PrecisionOf(node.Origin) ?? options.Precision);

        // Among binary weights that were pruned there are zeros.
        return values.Any(v => Math.Abs((int)v) > asked.Highest) ? WeightLevels.Bits8
            : asked.IsSigns ? WeightLevels.Fewest(values) : asked;
    }

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
                foreach ((Layer layer, _) in trained)
                    weights[layer.Node.Name] = WithScaleOfInput(layer);
                continue;
            }
            foreach ((Layer layer, WeightQuantization now) in trained)
            {
                weights[layer.Node.Name] = now;
                SetFloats(editor, layer);
            }
        }
        foreach ((string name, TrainedParameter floats) in _floats)
            editor.SetConstant(name, new(_graph.Constants[name].Type, (float[])floats.Weights.Clone()));
        return new CompressedModel(editor.ToGraph(), [.. model.Annotations.Where(a => a is not GraphQuantization)])
            .With(_quantization with
            {
                Values = _quantization.Values.ToImmutableSortedDictionary(
                    v => v.Key, v => _ranges.Trained(v.Value), StringComparer.Ordinal),
                Weights = weights.ToImmutable(),
            });
    }

    // The bias is in units of the input's scale, also where nothing else was learned.
    private WeightQuantization WithScaleOfInput(Layer layer)
    {
        WeightQuantization before = _quantization.Weights[layer.Node.Name];
        if (layer.Bias is null)
            return before;
        ActivationQuantization range = _quantization.Values[layer.Node.Inputs[0]];
        double ratio = range.Scale / _ranges.Trained(range).Scale;
        return ratio == 1 ? before : before with { Bias = [.. before.Bias.Select(b => Clamped(b * ratio))] };
    }

    private static int Clamped(double bias) => (int)Math.Clamp(Math.Round(bias), -(1 << 30), 1 << 30);

    private WeightQuantization Trained(Layer layer)
    {
        WeightQuantization before = _quantization.Weights[layer.Node.Name];
        float[] scales = layer.Form.Scales(layer.Weights.Values.AsSpan(layer.Weights.Count));
        double[] own = [.. scales.Select((s, c) => layer.Ratios[c] == 1 ? s : (double)(float)(s * layer.Ratios[c]))];
        return before with
        {
            Values = layer.Form.Levels(layer.Weights.Values),
            Scales = own,
            Bias = layer.Bias is not { } bias ? before.Bias : [.. bias.Values.Select((b, c) => Clamped(
                b / (_ranges.Trained(_quantization.Values[layer.Node.Inputs[0]]).Scale * own[c])))],
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
        (float Product, float Addend) factors = Factors(layer.Node);
        if (layer.Ratios.All(r => r == 1) && index.Readers(weights).All(r => _layers.Any(l => l.Node.Name == r.Name
            && l.Weights == layer.Weights && Factors(l.Node).Product == factors.Product && l.Node.Inputs.Count(i => i == weights) == 1)))
            editor.SetConstant(weights, new(_graph.Constants[weights].Type, Without(factors.Product, layer.Weights.Weights)));
        if (layer.Bias is { } bias && layer.Node.HasInput(2) && _graph.Constant(layer.Node.Inputs[2]) is { } own
            && own.Count == bias.Values.Length && index.Readers(layer.Node.Inputs[2]).Count == 1)
            editor.SetConstant(layer.Node.Inputs[2], new(own.Type, Without(factors.Addend, bias.Values)));

        static float[] Without(float factor, float[] values) => Array.ConvertAll(values, v => v / factor);
    }

    // What factors of the node take away is not trained.
    private static bool IsTrainable(Node node) => Factors(node) is { Product: not 0, Addend: not 0 };

    // The factors of the node, which the integers hold.
    private static (float Product, float Addend) Factors(Node node) => node.As<IDotProduct>() is IMatrixProduct product
        ? (product.ProductFactor(node), node.HasInput(2) ? product.AddendFactor(node) : 1) : (1, 1);

    // Only what float32 layers alone read: integer ones have made their own of it.
    private void AddFloats(GraphEditor editor, Node node)
    {
        string name = node.Inputs[1];
        if (_floats.ContainsKey(name) || !TrainableInputs.Of(_graph, node).Contains(1)
            || GraphIndex.Of(_graph).Readers(name).Any(r => _quantization.Nodes[r.Name].Integer))
            return;
        float[] weights = (float[])_graph.Constants[name].Values<float>().Clone();
        editor.SetConstant(name, new(_graph.Constants[name].Type, weights));
        _floats[name] = new(name, weights, (float[])weights.Clone(), new SharedValues(weights), decays: false);
    }

    private void AddLayer(GraphEditor editor, Node node, DotProductLayer layer, WeightQuantization rounded, WeightLevels levels)
    {
        (Layer? original, string weightName) = Weights(editor, node, layer, rounded);
        LevelWeights form = original?.Form ?? new(layer, rounded, levels);
        TrainedParameter weights = original?.Weights
            ?? new(weightName, editor.Constant(weightName)!.Values<float>(), form.Master, form, decays: false);
        double[] ratios = original is null ? [.. rounded.Scales.Select(_ => 1.0)] : Ratios(original, rounded);
        Node changed = node with { Inputs = node.Inputs.SetItem(1, weightName) };
        if (Factors(node) != (1, 1))
            changed = GemmOperator.WithoutFactors(changed);
        if (node.Is<RecurrentOperator>())
        {
            editor.Replace(node, changed);
            _layers.Add(new(node, layer, form, levels, weights, null, ratios, original is null));
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
        _layers.Add(new(node, layer, form, levels, weights, new(biasName, bias, (float[])bias.Clone(),
            new FreeWeights(bias, keepsZeros: false), decays: false), ratios, original is null));
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
        return graph with
        {
            Nodes = nodes.ToImmutable(),
            Types = types.ToImmutable(),
            Constants = graph.Constants.AddRange(_ranges.Constants),
            Outputs = [.. graph.Outputs.Select(Renamed)],
        };

        void Round(string value)
        {
            if (value.Length == 0 || graph.IsConstant(value)
                || _quantization.Values.GetValueOrDefault(value) is not { Type: ActivationType.U8 } levels
                || graph.TypeOf(value).Element != ElementType.Float32)
                return;
            string rounded = value + "/rounded";
            _rounded[value] = rounded;
            nodes.AddRange(_ranges.Round(value, rounded, levels, graph.TypeOf(value), types));
        }
    }

    /// <summary>A layer of the student: its scales are those of its weights' form times the ratios.</summary>
    /// <param name="Node">The layer in the model.</param>
    /// <param name="Product">Its weights before they were rounded.</param>
    /// <param name="Form">What its weights may be.</param>
    /// <param name="Levels">The integers that they may become.</param>
    /// <param name="Weights">What is trained of them: that of another layer where it has the same integers.</param>
    /// <param name="Bias">What is trained of its bias; null for a recurrent layer, which has none of its own.</param>
    /// <param name="Ratios">What its scales are of those of the weights' form.</param>
    /// <param name="IsOriginal">Whether the weights are its own.</param>
    internal sealed record Layer(Node Node, DotProductLayer Product, LevelWeights Form, WeightLevels Levels, TrainedParameter Weights,
        TrainedParameter? Bias, double[] Ratios, bool IsOriginal);
}
