using OptimizerBuild.Compression.Quantization.Synthetic;
using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;
using OptimizerBuild.Operators.Linear;
using OptimizerBuild.Operators.Reduction;

namespace OptimizerBuild.Compression.Quantization.Outliers;

/// <summary>
/// Gives noisy dot products the range of what they read at the moment instead of one range for all samples: the input is divided by its
/// greatest magnitude, and the product, which is homogeneous, multiplied by it again; the bias is added behind. Convolutions take the
/// greatest magnitude of the whole sample, since each sum mixes places; matrix products that of each row. This is dynamic quantisation,
/// for rows the token-wise one of ZeroQuant (Z. Yao et al. 2022, arXiv 2206.01861), written in operators that exist anyway: the range of
/// the divided input is static, and the integers between are those of any dot product.
/// </summary>
/// <remarks>
/// What makes the extent, divides and multiplies stays in float32, and the divided input is never clipped, since that would cut the peaks
/// of
/// every sample: <see cref="IsPart"/>, <see cref="IsDivided"/>. It serves where samples differ in extent, as behind a normalisation over
/// places, which gives a nearly constant signal few and far
/// peaks. It costs some passes over input and output in float, so it is for inputs that are made in float anyway.
/// </remarks>
internal static class DynamicRange
{
    // In dB. Far less work than the product itself, so that it is also tried where a product is not to blame for much.
    private const double Quiet = 40;

    // Products for each element read and written, from which on the integer products repay some passes over both. Pointwise convolutions
    // of some dozen channels have as many; depthwise ones and those of a single channel stay in float32.
    private const long LeastIntensity = 16;

    /// <summary>The attribute that marks the nodes which carry a dynamic range.</summary>
    public const string Attribute = "dynamic_range";

    private const string Divided = "divided";

    // An input of zeros has no extent; what it is divided by must have a finite reciprocal.
    private const float LeastExtent = 1e-30f;

    /// <summary>Rewrites the noisy dot products that read float values under a plan; null where there is none.</summary>
    public static Graph? Apply(QuantizableGraph graph, GraphQuantization plan)
    {
        QuantizableNode[] noisy = [.. NoisyProducts.Of(graph, plan, Quiet)];
        if (noisy.Length == 0)
            return null;
        var editor = new GraphEditor(graph.Graph);
        foreach (QuantizableNode node in noisy)
            new Rewrite(editor, node).Apply();
        return editor.ToGraph();
    }

    /// <summary>
    /// Rewrites the dot products that read values of unknown range, where their products are so many that the passes over input and output
    /// are worth it; the activation of those that make such values becomes a node of its own, so that they hand over their sums. Null where
    /// there is nothing to rewrite.
    /// </summary>
    /// <param name="graph">The graph.</param>
    /// <param name="unsettled">The values of unknown range.</param>
    /// <param name="all">Whether all dot products are rewritten, be their products ever so few.</param>
    public static Graph? Apply(QuantizableGraph graph, UnsettledRanges unsettled, bool all)
    {
        var editor = new GraphEditor(graph.Graph);
        bool changed = false;
        foreach (QuantizableNode node in graph.Nodes.Where(n => n.Form == IntegerForm.DotProduct))
        {
            if (unsettled.Contains(node.Node.Inputs[0]))
            {
                if (!all && !IsWorthIt(node))
                    continue;
                new Rewrite(editor, node).Apply();
                changed = true;
            }
            else if (node.HasActivation && unsettled.Contains(node.Node.Outputs[0]))
            {
                SplitActivation(editor, node);
                changed = true;
            }
        }
        return changed ? editor.ToGraph() : null;
    }

    /// <summary>Rewrites the dot products that are asked for.</summary>
    public static Graph Apply(QuantizableGraph graph, Func<QuantizableNode, bool> asked)
    {
        var editor = new GraphEditor(graph.Graph);
        foreach (QuantizableNode node in graph.Nodes.Where(asked))
            new Rewrite(editor, node).Apply();
        return editor.ToGraph();
    }

    /// <summary>Whether a dot product has so many products that the passes over its input and output are repaid.</summary>
    public static bool IsWorthIt(QuantizableNode node) =>
        node.MultiplyAccumulates >= LeastIntensity * (node.Context.InputTypes[0]!.Count + (long)node.Context.OutputTypes[0].Count);

    /// <summary>Makes the activation of a dot product a node of its own behind it, so that the product hands over its sums.</summary>
    public static void SplitActivation(GraphEditor editor, QuantizableNode source)
    {
        Node node = source.Node;
        (double low, double high) = source.ActivationBounds;
        string sums = editor.AddValue(node.Outputs[0] + ".sums", editor.TypeOf(node.Outputs[0]));
        editor.Replace(
            node,
            node.WithoutActivation() with { Outputs = [sums] },
            NodeOperators.New<ClipOperator>(
                editor.UniqueName(node.Name + ".activation"), [sums, Bound("low", low), Bound("high", high)], node.Outputs));

        string Bound(string name, double value) =>
            double.IsFinite(value) ? editor.AddConstant(node.Name + "." + name, Tensor.Scalar((float)value)) : "";
    }

    /// <summary>Whether a node carries a dynamic range and therefore runs in float32.</summary>
    public static bool IsPart(Node node) => node.Text(Attribute, "").Length > 0;

    /// <summary>Whether a node makes an input that has been divided by its extent.</summary>
    public static bool IsDivided(Node? node) => node?.Text(Attribute, "") == Divided;

    /// <summary>The steps in the place of one dot product.</summary>
    private sealed class Rewrite(GraphEditor editor, QuantizableNode source)
    {
        private readonly Node _node = source.Node;
        private readonly DotProductLayer _layer = source.Layer!;
        private readonly List<Node> _steps = [];

        public void Apply()
        {
            string input = _node.Inputs[0];
            string extent = Extent(input);
            string inverse = Step<ReciprocalOperator>("inverse", editor.TypeOf(extent), extent);
            string divided = Step<MulOperator>(Divided, editor.TypeOf(input), input, inverse);

            TensorType type = editor.TypeOf(_node.Outputs[0]);
            Node product = GemmOperator.WithoutBetaFactor(_node.WithoutActivation());
            string sums = editor.AddValue(_node.Outputs[0] + ".divided", type);
            _steps.Add(product with { Inputs = [divided, _node.Inputs[1]], Outputs = [sums] });
            string result = Step<MulOperator>("multiplied", type, sums, extent);
            if (_layer.Bias.Any(b => b != 0))
            {
                int[] shape = _layer.InputAxis == 1 ? [_layer.Channels, .. Enumerable.Repeat(1, type.Rank - 2)] : [_layer.Channels];
                string bias = editor.AddConstant(_node.Name + ".offset", Tensor.Of(_layer.Bias, shape));
                string biased = editor.AddValue(_node.Name + ".biased.y", type);
                _steps.Add(NodeOperators.New<AddOperator>(editor.UniqueName(_node.Name + ".biased"), [result, bias], [biased]));
            }
            _steps[^1] = _steps[^1].WithActivationOf(_node) with { Outputs = _node.Outputs };
            editor.Replace(_node, [.. _steps]);
        }

        // max |x| over the sample or the row. Places come before channels, which lie side by side and fill vectors.
        private string Extent(string input)
        {
            TensorType type = editor.TypeOf(input);
            int channels = _layer.InputAxis < 0 ? type.Rank + _layer.InputAxis : _layer.InputAxis;
            string value = Step<AbsOperator>("magnitude", type, input);
            if (_node.Is<ISpatial>())
                value = Greatest("places", value, [.. Enumerable.Range(1, type.Rank - 1).Where(a => a != channels)]);
            value = Greatest("channels", value, [channels]);
            return Step<MaxOperator>(
                "extent", editor.TypeOf(value), value, editor.AddConstant(_node.Name + ".least", Tensor.Scalar(LeastExtent)));
        }

        private string Greatest(string name, string value, int[] axes)
        {
            TensorType type = editor.TypeOf(value);
            string along = editor.AddConstant(_node.Name + "." + name + ".axes", Tensor.Of([.. axes.Select(a => (long)a)], axes.Length));
            var reduced = TensorType.Float32([.. type.Dimensions.Select((d, a) => axes.Contains(a) ? 1 : d)]);
            return Step<ReduceMaxOperator>(name, reduced, value, along);
        }

        private string Step<T>(string name, TensorType type, params string[] inputs)
            where T : Operator
        {
            string value = editor.AddValue(_node.Name + "." + name + ".y", type);
            _steps.Add(NodeOperators.New<T>(editor.UniqueName(_node.Name + "." + name), [.. inputs], [value])
                .With(Attribute, new AttributeValue.Text(name)));
            return value;
        }
    }
}
