using System.Runtime.CompilerServices;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;
using OptimizerBuild.Operators.Movement;
using OptimizerBuild.Operators.Pooling;

namespace OptimizerBuild.Compression.Quantization.Weights;

/// <summary>
/// Which layers multiply signs by signs: their input is what Sign makes, and the weights of each output are one number and its negative.
/// Such layers run on bits, exactly, whatever precision the model has; rounding what Sign reads to levels would turn many a sign into 0.
/// </summary>
internal sealed class SignLayers
{
    private static readonly ConditionalWeakTable<Graph, SignLayers> Known = [];

    private readonly HashSet<string> _signs = new(StringComparer.Ordinal);
    private readonly HashSet<string> _layers = new(StringComparer.Ordinal);
    private readonly HashSet<string> _leading = new(StringComparer.Ordinal);

    private SignLayers(Graph graph)
    {
        foreach (Node node in graph.Nodes)
        {
            if (node.Outputs.Length == 1
                && (MakesSigns(node) || (node.HasInput(0) && _signs.Contains(node.Inputs[0]) && PassesOn(graph, node)))
                && graph.TypeOf(node.Outputs[0]).Element == ElementType.Float32)
                _signs.Add(node.Outputs[0]);
            else if (node.Is<IDotProduct>() && _signs.Contains(node.Inputs[0]) && Read(graph, node) is { } layer && HasSigns(layer))
                _layers.Add(node.Name);
        }
        GraphIndex index = GraphIndex.Of(graph);
        foreach (Node node in graph.Nodes.Reverse().Where(n => n.Outputs.Length == 1 && _signs.Contains(n.Outputs[0])))
        {
            string output = node.Outputs[0];
            if (!index.IsOutput(output) && index.Readers(output) is { Count: > 0 } readers
                && readers.All(r => r.Inputs[0] == output && (_layers.Contains(r.Name) || _leading.Contains(r.Name))))
                _leading.Add(node.Name);
        }
    }

    /// <summary>Whether a node is such a layer.</summary>
    public static bool Multiplies(Graph graph, Node node) => Of(graph)._layers.Contains(node.Name);

    /// <summary>
    /// Whether a node only makes signs, or hands them on, that such layers alone read: rounding it to levels would gain nothing.
    /// </summary>
    public static bool LeadsThere(Graph graph, Node node) => Of(graph)._leading.Contains(node.Name);

    /// <summary>The value that a layer's bits are made from: what Sign reads, where it stands before the layer, else its input.</summary>
    public static string Argument(Graph graph, Node layer) =>
        GraphIndex.Of(graph).Producer(layer.Inputs[0]) is { } producer && producer.Is<SignOperator>() ? producer.Inputs[0]
            : layer.Inputs[0];

    /// <summary>
    /// Gives layers that read signs binary weights: the signs of their own times the mean magnitude of each output's, which is the scale
    /// with the least squared error (M. Rastegari et al., "XNOR-Net", arXiv 1603.05279, section 3.1). First and last layers keep theirs.
    /// </summary>
    /// <param name="graph">The float graph.</param>
    /// <param name="isAsked">Whether a layer's weights are to be binary, and whether that is said of it by itself.</param>
    public static Graph Binarized(Graph graph, Func<Node, (bool Binary, bool Fixed)> isAsked)
    {
        SignLayers signs = Of(graph);
        Node[] layers = [.. graph.Nodes.Where(n => n.Is<IDotProduct>() && signs._signs.Contains(n.Inputs[0]) && isAsked(n).Binary
            && !signs._layers.Contains(n.Name) && Read(graph, n) is not null)];
        if (layers.Length == 0)
            return graph;
        var quantizable = new QuantizableGraph(graph);
        var editor = new GraphEditor(graph);
        foreach (Node node in layers.Where(n =>
            isAsked(n).Fixed || !quantizable.IsOuter(quantizable.Nodes.Single(q => q.Node.Name == n.Name))))
        {
            DotProductLayer layer = Read(graph, node)!;
            Tensor weights = graph.Constants[node.Inputs[1]];
            float[] values = (float[])weights.Values<float>().Clone();
            for (int c = 0; c < layer.Channels; c++)
            {
                double sum = 0;
                for (int k = 0; k < layer.Length; k++)
                    sum += Math.Abs((double)values[layer.Index(c, k)]);
                float scale = (float)(sum / layer.Length);
                for (int k = 0; k < layer.Length; k++)
                    values[layer.Index(c, k)] = values[layer.Index(c, k)] < 0 ? -scale : scale;
            }
            string name = editor.AddConstant(node.Inputs[1] + " signs", new Tensor(weights.Type, values));
            editor.Replace(editor.Find(node.Name)!, node with { Inputs = node.Inputs.SetItem(1, name) });
        }
        return editor.ToGraph();
    }

    private static SignLayers Of(Graph graph) => Known.GetValue(graph, g => new SignLayers(g));

    // A layer that could run on bits, had it binary weights; else null.
    private static DotProductLayer? Read(Graph graph, Node node)
    {
        var context = OperatorContext.Of(graph, node);
        return DotProductLayer.Read(context, out _) is { Groups: 1 } layer && layer.Weights.All(float.IsFinite)
            && (layer.IsMatrix || WindowGeometry.OfConvolution(context).IsChannelsLastMap) ? layer : null;
    }

    private static bool HasSigns(DotProductLayer layer)
    {
        for (int c = 0; c < layer.Channels; c++)
        {
            float scale = Math.Abs(layer.Weights[layer.Index(c, 0)]);
            for (int k = 1; k < layer.Length; k++)
                if (Math.Abs(layer.Weights[layer.Index(c, k)]) != scale)
                    return false;
        }
        return true;
    }

    // Also as the last of a chain of functions.
    private static bool MakesSigns(Node node) => node.Is<SignOperator>() || (FusedElementwiseOperator.BodyOf(node) is { } body
        && GraphIndex.Of(body).Producer(body.Outputs[0])?.Is<SignOperator>() == true);

    // Nodes whose outputs are elements of their first input; the maximum over a window that lies wholly in the padding is none.
    private static bool PassesOn(Graph graph, Node node) => !node.HasActivation()
        && (node.Is<IKeepsElementOrder>() || node.Is<TransposeOperator>() || (node.Is<MaxPoolOperator>()
            && !WindowGeometry.OfPooling(OperatorContext.Of(graph, node)).HasEmptyWindow));
}
