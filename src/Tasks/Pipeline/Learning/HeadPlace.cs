using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Linear;
using OptimizerBuild.Operators.Movement;
using OptimizerBuild.Operators.Pooling;
using OptimizerBuild.Operators.Reduction;

namespace OptimizerBuild.Pipeline.Learning;

/// <summary>Where a classifier's last layer stands, and how another one takes its place: everything before it stays.</summary>
/// <param name="Layer">The name of the last layer.</param>
/// <param name="Output">The output with its scores.</param>
/// <param name="AreProbabilities">Whether the scores are made probabilities behind the layer.</param>
internal sealed record HeadPlace(string Layer, string Output, bool AreProbabilities)
{
    /// <summary>Finds the last layer before an output of scores.</summary>
    /// <param name="graph">The model as imported.</param>
    /// <param name="output">The output.</param>
    /// <param name="obstacle">Why there is none, in words; empty where there is.</param>
    public static HeadPlace? Find(Graph graph, string output, out string obstacle)
    {
        obstacle = "";
        GraphIndex index = GraphIndex.Of(graph);
        string value = output;
        while (index.Producer(value) is { } node)
        {
            if (node.Is<IDotProduct>() && !graph.IsConstant(node.Inputs[0])
                && graph.Constant(node.Input(1)) is { Element: ElementType.Float32 })
            {
                // One row for each sample, in the output as well.
                if (FeaturesOf(graph, node) is not null && graph.TypeOf(node.Inputs[0]).Dimensions[0] == 1)
                    return new(node.Name, output, ClassifierDetection.AreProbabilities(graph, output));
                obstacle = $"the last layer '{node.Name}' reads several rows for one sample";
                return null;
            }
            string[] data = [.. node.Inputs.Where(i => i.Length > 0 && !graph.IsConstant(i))];
            bool isPassedOn = node.Is<AxisFunction>() || node.Is<IKeepsElementOrder>() || node.Is<TransposeOperator>()
                || node.Is<IFunctionOfOneValue>() || node.Is<IFunctionOfTwoValues>() || node.Is<IReduction>();
            if (data.Length != 1 || !isPassedOn)
            {
                obstacle = $"between the output '{output}' and the last layer there is '{node.Name}' ({node.OpType})";
                return null;
            }
            value = data[0];
        }
        obstacle = $"no layer with weights makes the output '{output}'";
        return null;
    }

    /// <summary>The number of features that the last layer reads.</summary>
    /// <param name="graph">The model, with any number of samples at a time.</param>
    public int Features(Graph graph) => FeaturesOf(graph, Node(graph))!.Value;

    /// <summary>The model that gives the features, one row a sample, in the place of everything else.</summary>
    /// <param name="graph">The model as imported.</param>
    public Graph Body(Graph graph)
    {
        var editor = new Editor(graph, this);
        string features = editor.Features();
        return editor.Finish([features]);
    }

    /// <summary>The model with another last layer; outputs that follow from the old one are left out.</summary>
    /// <param name="graph">The model as imported, with any number of samples at a time.</param>
    /// <param name="weights">The weights of the new one: features, then classes.</param>
    /// <param name="bias">A number for each class.</param>
    public Graph Replace(Graph graph, Tensor weights, Tensor bias)
    {
        var editor = new Editor(graph, this);
        string features = editor.Features();
        editor.Remove(Output);
        string scores = editor.Add<GemmOperator>(AreProbabilities ? "new head/scores" : Output,
            features, editor.Constant("new head/weights", weights), editor.Constant("new head/bias", bias));
        if (AreProbabilities)
            editor.Add<SoftmaxOperator>(Output, scores);
        return editor.Finish([.. graph.Outputs.Where(o => o == Output || !DependsOnLayer(graph, o))]);
    }

    /// <summary>Whether a value follows from what the last layer gives.</summary>
    /// <param name="graph">The model as imported.</param>
    /// <param name="value">The value.</param>
    public bool DependsOnLayer(Graph graph, string value)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<string>([value]);
        while (open.TryPop(out string? name))
        {
            if (!seen.Add(name) || GraphIndex.Of(graph).Producer(name) is not { } node)
                continue;
            if (node.Name == Layer)
                return true;
            foreach (string input in node.Inputs.Where(i => i.Length > 0))
                open.Push(input);
        }
        return false;
    }

    private Node Node(Graph graph) => graph.Nodes.First(n => n.Name == Layer);

    // Channels of a convolution, the numbers of a matrix product's row; null where a sample has several rows.
    private static int? FeaturesOf(Graph graph, Node layer)
    {
        TensorType input = graph.TypeOf(layer.Inputs[0]);
        return input.Rank < 2 || input.Dimensions[0] == 0 ? null
            : layer.Is<IConvolution>() ? input.Dimensions[1]
            : input.Dimensions[1..^1].All(d => d == 1) && !layer.As<IMatrixProduct>()!.TransposesFirst(layer) ? input.Dimensions[^1] : null;
    }

    private sealed class Editor(Graph graph, HeadPlace place)
    {
        private readonly List<Node> _nodes = [.. graph.Nodes];
        private readonly Dictionary<string, Tensor> _added = new(StringComparer.Ordinal);

        public string Features()
        {
            Node layer = place.Node(graph);
            TensorType type = graph.TypeOf(layer.Inputs[0]);
            if (type.Rank == 2)
                return layer.Inputs[0];
            // What a convolution sees at several places is averaged over them.
            string value = layer.Inputs[0];
            if (layer.Is<IConvolution>() && Shapes.Count(type.Dimensions.AsSpan()[2..]) > 1)
                value = Add<GlobalAveragePoolOperator>("new head/mean", value);
            return Add<FlattenOperator>("new head/features", value);
        }

        public string Add<T>(string result, params ImmutableArray<string> inputs)
            where T : Operator
        {
            _nodes.Add(NodeOperators.New<T>(result == place.Output ? "new head" : result, inputs, [result]));
            return result;
        }

        public string Constant(string name, Tensor value)
        {
            _added[name] = value;
            return name;
        }

        public void Remove(string value) => _nodes.RemoveAll(n => n.Outputs.Contains(value));

        public Graph Finish(ImmutableArray<string> outputs)
        {
            Graph changed = graph with
            {
                Nodes = [.. _nodes], Outputs = outputs, Constants = graph.Constants.AddRange(_added),
                Types = graph.Types.Remove(place.Output),
            };
            return ShapeInference.Infer(new GraphEditor(changed with { Types = ShapeInference.Infer(changed).Types }).ToGraph());
        }
    }
}
