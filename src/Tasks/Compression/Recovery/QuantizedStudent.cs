using System.Collections.Immutable;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;
using OptimizerBuild.Operators.Linear;
using OptimizerBuild.Operators.Quantization;
using OptimizerBuild.Training;

namespace OptimizerBuild.Compression.Recovery;

/// <summary>
/// A quantised model as a float graph that computes what the integers will: values are rounded to their levels, the weights of integer
/// layers are integers times scales (B. Jacob et al. 2018, arXiv 1712.05877, section 3). Its weights and biases can be trained.
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
            if (quantization.Weights.TryGetValue(node.Name, out WeightQuantization? rounded) && node.Is<IDotProduct>()
                && DotProductLayer.Read(OperatorContext.Of(graph, node), out _) is { } layer && IsPlain(node))
                AddLayer(editor, node, layer, rounded, levelsOf(node, rounded.Values));
        Graph = Rounded(editor.ToGraph());
    }

    /// <summary>The student's graph.</summary>
    public Graph Graph { get; }

    /// <summary>What is trained of it.</summary>
    public IReadOnlyList<TrainedParameter> Parameters => [.. _layers.SelectMany(l => (TrainedParameter[])[l.Weights, l.Bias])];

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
        foreach (Layer layer in _layers)
        {
            float[] values = layer.Weights.Values, bias = layer.Bias.Values;
            float[] scales = layer.Form.Scales(values.AsSpan(layer.Weights.Count));
            ActivationQuantization input = _quantization.Values[layer.Node.Inputs[0]];
            WeightQuantization before = _quantization.Weights[layer.Node.Name];
            WeightQuantization trained = before with
            {
                Values = layer.Form.Levels(values),
                Scales = [.. scales.Select(s => (double)s)],
                Bias = [.. bias.Select((b, c) => (int)Math.Clamp(Math.Round(b / (input.Scale * scales[c])), -(1 << 30), 1 << 30))],
            };
            if (AccumulatorBound.Holds(layer.Product, before, input.ZeroPoint)
                != AccumulatorBound.Holds(layer.Product, trained, input.ZeroPoint))
            {
                notes.Add($"'{layer.Node.Name}' keeps its weights: its sums would need other kernels");
                continue;
            }
            weights[layer.Node.Name] = trained;
            // The float weights follow, for whoever exports them or looks at them, where they belong to the node alone.
            Tensor constant = _graph.Constants[layer.Node.Inputs[1]];
            if (GraphIndex.Of(_graph).Readers(layer.Node.Inputs[1]).Count == 1)
                editor.SetConstant(layer.Node.Inputs[1], new(constant.Type, (float[])layer.Weights.Weights.Clone()));
            if (layer.Node.HasInput(2) && _graph.Constant(layer.Node.Inputs[2]) is { } own && own.Count == bias.Length
                && GraphIndex.Of(_graph).Readers(layer.Node.Inputs[2]).Count == 1)
                editor.SetConstant(layer.Node.Inputs[2], new(own.Type, (float[])bias.Clone()));
        }
        return new CompressedModel(editor.ToGraph(), [.. model.Annotations.Where(a => a is not GraphQuantization)])
            .With(_quantization with { Weights = weights.ToImmutable() });
    }

    // Weights with a factor of their own are left as they are.
    private static bool IsPlain(Node node) => node.As<IDotProduct>() is not IMatrixProduct product
        || (product.ProductFactor(node) == 1 && (!node.HasInput(2) || product.AddendFactor(node) == 1));

    private void AddLayer(GraphEditor editor, Node node, DotProductLayer layer, WeightQuantization rounded, WeightLevels levels)
    {
        double inputScale = _quantization.Values[node.Inputs[0]].Scale;
        float[] bias = [.. rounded.Bias.Select((b, c) => (float)(b * inputScale * rounded.Scales[c]))];
        var form = new LevelWeights(layer, rounded, levels);
        var weights = new float[layer.Weights.Length];
        string weightName = editor.AddConstant(node.Name + "/weights", new(_graph.Constants[node.Inputs[1]].Type, weights));
        string biasName = editor.AddConstant(node.Name + "/bias", Tensor.Of(bias, bias.Length));
        Node changed = node with { Inputs = node.Inputs.SetItem(1, weightName) };
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
        _layers.Add(new(node, layer, form,
            new(weightName, weights, form.Master, form, decays: false),
            new(biasName, bias, (float[])bias.Clone(), new FreeWeights(bias, keepsZeros: false), decays: false)));
    }

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

    // A layer of the student.
    private sealed record Layer(Node Node, DotProductLayer Product, LevelWeights Form, TrainedParameter Weights, TrainedParameter Bias);
}
