using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Data;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;
using OptimizerBuild.Operators.Movement;

namespace OptimizerBuild.Models.Accuracy;

/// <summary>
/// Another form in which a model might have been trained: it takes <c>x'</c> where the model at hand takes <c>Factor · x' + Shift</c>.
/// </summary>
/// <param name="Name">The form.</param>
/// <param name="Factor">What the new input is multiplied by.</param>
/// <param name="Shift">What is added then.</param>
internal sealed record InputForm(string Name, double Factor, double Shift)
{
    /// <summary>A value of an input of the model at hand in this form.</summary>
    public Tensor Of(Tensor input) => IsNone
        ? input
        : new(input.Type, Array.ConvertAll(input.Values<float>(), v => (float)((v - Shift) / Factor)));

    /// <summary>Samples of the model at hand, which has one input, in this form.</summary>
    public SampleSet Of(SampleSet samples) =>
        samples with { Samples = [.. samples.Samples.Select(s => (IReadOnlyList<Tensor>)[Of(s[0])])] };

    /// <summary>
    /// The model in this form: folded into the first layer, so that nothing in the file tells it; behind a normalisation, which the model
    /// does itself, where it begins with one.
    /// </summary>
    public Graph Apply(Graph graph)
    {
        if (IsNone)
            return graph;
        string value = graph.Inputs[0];
        while (GraphIndex.Of(graph).Readers(value) is [var next] && (next.Is<ReshapingOperator>() || next.Is<TransposeOperator>()))
            value = next.Outputs[0];
        return GraphIndex.Of(graph).Readers(value) is [var first] && first.Is<IDotProduct>() ? Fold(graph, first) : Insert(graph);
    }

    private bool IsNone => Factor == 1 && Shift == 0;

    // Weights and bias as training on this form would have left them. Zero padding, which a training on this form would have had as well,
    // keeps its zeros, so that the border of a map may differ a little from the original's.
    private Graph Fold(Graph graph, Node node)
    {
        OperatorContext context = OperatorContext.Of(graph, node);
        DotProductLayer layer = DotProductLayer.Read(context, out string obstacle) ?? throw new InvalidOperationException(obstacle);
        var editor = new GraphEditor(graph);
        Tensor weights = context.InputConstants[1]!;
        string scaled = editor.AddConstant(
            "scaled", new(weights.Type, Array.ConvertAll(weights.Values<float>(), w => (float)(w * Factor))));
        float[] offsets = [.. Enumerable.Range(0, layer.Channels).Select(c =>
            (float)(Shift * Enumerable.Range(0, layer.Length).Sum(k => layer.Weights[layer.Index(c, k)])))];
        TensorType type = graph.TypeOf(node.Outputs[0]);
        int[] shape = node.Is<ISpatial>() ? [layer.Channels, .. Enumerable.Repeat(1, type.Rank - 2)] : [layer.Channels];
        string sums = editor.AddValue("sums", type);
        editor.Replace(
            node,
            node with { Inputs = node.Inputs.SetItem(1, scaled), Outputs = [sums] },
            NodeOperators.New<AddOperator>(
                editor.UniqueName("offset"), [sums, editor.AddConstant("offsets", Tensor.Of(offsets, shape))], node.Outputs));
        return editor.ToGraph();
    }

    private Graph Insert(Graph graph)
    {
        string input = graph.Inputs[0];
        var editor = new GraphEditor(graph);
        Node[] readers = [.. editor.Consumers(input)];
        TensorType type = graph.TypeOf(input);
        string multiplied = editor.AddValue("multiplied", type), added = editor.AddValue("added", type);
        Node[] affine =
        [
            NodeOperators.New<MulOperator>(
                editor.UniqueName("factor"), [input, editor.AddConstant("f", Tensor.Scalar((float)Factor))], [multiplied]),
            NodeOperators.New<AddOperator>(
                editor.UniqueName("shift"), [multiplied, editor.AddConstant("s", Tensor.Scalar((float)Shift))], [added]),
        ];
        for (int i = 0; i < readers.Length; i++)
        {
            Node reader = readers[i] with { Inputs = [.. readers[i].Inputs.Select(n => n == input ? added : n)] };
            editor.Replace(readers[i], i == 0 ? [.. affine, reader] : [reader]);
        }
        return editor.ToGraph();
    }
}
