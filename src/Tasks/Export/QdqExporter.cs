using System.Collections.Immutable;
using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Export.Forms;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Control;
using OptimizerBuild.Operators.Elementwise;
using OptimizerBuild.Operators.Movement;
using OptimizerBuild.Operators.Quantization;
using OptimizerBuild.Operators.Recurrent;

namespace OptimizerBuild.Export;

/// <summary>
/// Writes a compressed model as an ONNX model in QDQ form: a float model in which QuantizeLinear and DequantizeLinear stand around
/// every node that runs in integers, with the scales, zero points, weights and biases of the compression. Any runtime gives the
/// compressed model's answers up to rounding; <c>docs/onnx-export.md</c> says where the two differ.
/// </summary>
internal sealed class QdqExporter
{
    private readonly Graph _graph;
    private readonly GraphQuantization? _quantization;
    private readonly OnnxModelBuilder _builder;
    private readonly ExportedValues _values;
    private readonly DotProductExport _dotProducts;
    private readonly RecurrentExport _recurrent;

    private QdqExporter(CompressedModel model)
    {
        (_graph, _quantization) = (model.Graph, model.Annotation<GraphQuantization>());
        _builder = new(_graph.Name.Length > 0 ? _graph.Name : "model");
        _values = new(_graph, _quantization, _builder);
        _dotProducts = new(_graph, _builder, _values);
        _recurrent = new(_graph, _builder, _values, _dotProducts);
    }

    /// <summary>The exported model: the same bytes for the same compressed model.</summary>
    /// <param name="model">The model after all compression techniques.</param>
    /// <param name="cancellation">Stops the work; checked between nodes.</param>
    /// <exception cref="ModelException">The model is too large for one file.</exception>
    public static byte[] Export(CompressedModel model, CancellationToken cancellation = default) =>
        new QdqExporter(model).Run(cancellation);

    /// <summary>Refuses a graph with nodes that cannot be written: before it is compressed, since passes make no further ones.</summary>
    /// <param name="graph">The graph after the passes.</param>
    /// <param name="model">The model's name.</param>
    /// <exception cref="ModelException">There are such nodes; an error for each.</exception>
    public static void RequireExportable(Graph graph, string model)
    {
        ImmutableArray<Diagnostic> obstacles = [.. graph.Nodes.Select(n => (Node: n, Reason: Obstacle(n))).Where(o => o.Reason is not null)
            .Select(o => Diagnostic.Of(DiagnosticCatalog.MetadataNotUnderstood, null, model, "ExportOnnx", "True",
                $"node '{o.Node.Name}' ({o.Node.OpType}) {o.Reason}"))];
        if (obstacles.Length > 0)
            throw new ModelException(obstacles);
    }

    /// <summary>Why a node cannot be written; null where it can.</summary>
    internal static string? Obstacle(Node node) =>
        OperatorRegistry.Of(node) is IControlFlow ? "has sub-graphs, which are not exported"
        : node.Domain != Node.InternalDomain || node.Is<RecurrentOperator>() || node.Is<FakeQuantizeOperator>()
            || node.Is<FusedElementwiseOperator>() || OnnxForm.Of(node) is not null ? null
        : "does what no operator of ONNX does in this form";

    private byte[] Run(CancellationToken cancellation)
    {
        foreach (string name in _graph.Inputs.Concat(_graph.Outputs))
            _builder.Reserve(name);
        foreach (string input in _graph.Inputs)
        {
            _builder.Input(input, _graph.TypeOf(input));
            _values.Define(input, input, 0, isRounded: false);
        }
        foreach (Node node in _graph.Nodes)
        {
            cancellation.ThrowIfCancellationRequested();
            Write(node);
        }
        foreach (string output in _graph.Outputs.Where(o => !_graph.Inputs.Contains(o)))
            _builder.Output(output, _graph.TypeOf(output), _values.Real(output, 0));
        return _builder.ToBytes();
    }

    private void Write(Node node)
    {
        bool isInteger = _quantization?.Nodes[node.Name].Integer == true;
        if (node.Is<TransposeOperator>() && OtherOrder(node) is { } order)
        {
            _values.DefineTransposed(node.Outputs[0], order, node.Inputs[0], isInteger);
            return;
        }
        order = Order(node);
        WeightQuantization? weights = isInteger ? _quantization!.Weights.GetValueOrDefault(node.Name) : null;
        string[] outputs = node.Is<RecurrentOperator>() ? _recurrent.Write(node, weights)
            : weights is not null ? [_dotProducts.Write(node, weights, order)]
            : Apply(node, isInteger, order);
        for (int i = 0; i < outputs.Length; i++)
        {
            if (node.Outputs[i].Length == 0)
                continue;
            string real = i == 0 ? Activated(node, outputs[0], isInteger) : outputs[i];
            _values.Define(node.Outputs[i], real, order, isInteger && !node.Is<RecurrentOperator>());
        }
    }

    /// <summary>The order in which a transposition's output is its input, where it exchanges the two orders of a feature map.</summary>
    private int? OtherOrder(Node node)
    {
        int rank = _graph.TypeOf(node.Inputs[0]).Rank;
        if (rank is not (3 or 4) || _graph.IsConstant(node.Inputs[0]) || TransposeOperator.Permutation(node) is not { } perm)
            return null;
        bool toSecond = perm.AsSpan().SequenceEqual([.. ChannelOrder.ToSecond(rank).Select(a => (long)a)]);
        bool toLast = perm.AsSpan().SequenceEqual([.. ChannelOrder.ToLast(rank).Select(a => (long)a)]);
        return toSecond && (!toLast || _values.HomeOrder(node.Inputs[0]) != 0) ? 0 : toLast ? rank : null;
    }

    // Convolutions and pools know one order only; elementwise nodes follow the values they read.
    private int Order(Node node)
    {
        if (OnnxForm.Of(node) is not null)
            return 0;
        int rank = node.Inputs.Length == 0 || !node.HasInput(0) ? 0 : _graph.TypeOf(node.Outputs[0]).Rank;
        if (node.IsChannelsLast())
            return rank;
        bool follows = ChannelOrder.Follows(node)
            && node.Inputs.Any(i => i.Length > 0 && !_graph.IsConstant(i) && _values.HomeOrder(i) == rank)
            && node.Inputs.All(i => i.Length == 0 || (_graph.IsConstant(i)
                ? _graph.TypeOf(i).Rank <= rank
                : _graph.TypeOf(i) is { } type && (type.Rank == rank || type.Rank == 0)));
        return follows ? rank : 0;
    }

    private string[] Apply(Node node, bool isInteger, int order)
    {
        if (FusedElementwiseOperator.BodyOf(node) is { } body)
            return [Inline(body, Read(node, 0, isInteger, order), node)];
        if (node.Is<FakeQuantizeOperator>())
        {
            var levels = new ActivationQuantization(
                ActivationType.U8, FakeQuantizeOperator.Scale(node), FakeQuantizeOperator.ZeroPoint(node));
            return [_values.Dequantize(node.Name, _values.Quantize(node.Name, Read(node, 0, isInteger, order), levels), levels)];
        }
        if (OnnxForm.Of(node) is { } form)
            return form.Write(new(_graph, node, i => Read(node, i, isInteger, 0), _builder));
        string[] inputs = [.. Enumerable.Range(0, node.Inputs.Length).Select(i => Read(node, i, isInteger, order))];
        string[] outputs = [.. node.Outputs.Select(o => o.Length == 0 ? "" : _builder.Name(o + "/real"))];
        if (order != 0 && node.Is<ConcatOperator>())
            node = ConcatOperator.WithAxis(node, ChannelOrder.AxisInSecond(Shapes.Axis(ConcatOperator.Axis(node), order), order));
        if (node.Is<SplitOperator>())
            node = SplitOperator.WithCount(node);
        _builder.Add(node.Name, node.OpType, inputs, outputs, OnnxAttributes(node).Select(a => (a.Key, a.Value)), node.Domain);
        return outputs;
    }

    // The name under which a node reads an input. Parameters of convolutions stay as they are; a scalar has no order.
    private string Read(Node node, int index, bool isInteger, int order)
    {
        string value = node.Inputs[index];
        if (value.Length == 0)
            return "";
        if (_graph.TypeOf(value).Rank == 0 || (index > 0 && !ChannelOrder.Follows(node)))
            order = 0;
        bool rounded = isInteger && _values.QuantizationOf(value) is not null
            && (!_graph.IsConstant(value)
                || OperatorRegistry.Of(node).IntegerForm(OperatorContext.Of(_graph, node)) == IntegerForm.Rescale);
        return rounded ? _values.Dequantized(value, order) : _values.Real(value, order);
    }

    // The nodes of a function of one value one after the other.
    private string Inline(Graph body, string argument, Node node)
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal) { [FusedElementwiseOperator.Input] = argument };
        foreach ((string name, Tensor value) in body.Constants)
            names[name] = _builder.Constant(node.Name + "/" + name, value);
        foreach (Node part in body.Nodes)
        {
            string real = _builder.Add(
                node.Name + "/" + part.Name, part.OpType, part.Inputs.Select(i => i.Length == 0 ? "" : names[i]),
                OnnxAttributes(part).Select(a => (a.Key, a.Value)));
            names[part.Outputs[0]] = part.HasActivation() ? Bounded(node.Name + "/" + part.Name, real, part.ActivationBounds()) : real;
        }
        return names[body.Outputs[0]];
    }

    // The fused activation: left away where the levels of the output reach no further; else behind levels of its own, so that
    // runtimes still find the node between DequantizeLinear and QuantizeLinear.
    private string Activated(Node node, string real, bool isInteger)
    {
        if (!node.HasActivation())
            return real;
        (float minimum, float maximum) = node.ActivationBounds();
        if (isInteger && _values.QuantizationOf(node.Outputs[0]) is { } q)
        {
            if (NearestLevels.Of(q, minimum) == 0 && NearestLevels.Of(q, maximum) == 255)
                return real;
            real = _values.Dequantize(node.Name, _values.Quantize(node.Name, real, q), q);
        }
        return Bounded(node.Name, real, (minimum, maximum));
    }

    // The node that bounds a value.
    private string Bounded(string stem, string real, (float Minimum, float Maximum) bounds)
    {
        if (bounds.Minimum == 0 && float.IsPositiveInfinity(bounds.Maximum))
            return _builder.Add(stem + "/activation", "Relu", [real]);
        string low = float.IsNegativeInfinity(bounds.Minimum) ? "" : _builder.Constant(stem + "/minimum", Tensor.Scalar(bounds.Minimum));
        string[] inputs = float.IsPositiveInfinity(bounds.Maximum) ? [real, low]
            : [real, low, _builder.Constant(stem + "/maximum", Tensor.Scalar(bounds.Maximum))];
        return _builder.Add(stem + "/activation", "Clip", inputs);
    }

    /// <summary>A node's attributes without those that only this build knows.</summary>
    public static IEnumerable<KeyValuePair<string, AttributeValue>> OnnxAttributes(Node node)
    {
        OperatorForm form = OperatorSchema.Of(OperatorRegistry.Of(node)).Newest;
        return node.Attributes.Where(a => form.Parameters.Any(p => p.Name == a.Key));
    }
}
