using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression.Channels;

/// <summary>
/// A convolution or matrix product with constant weights as one matrix product for each group of channels: rows of inputs (for a
/// convolution the patch under the window, channel by channel and then tap by tap) times weights, plus a bias.
/// </summary>
internal sealed class LayerMatrix
{
    private readonly TensorType _input;
    private readonly float[] _weights;
    private readonly WindowGeometry? _window;
    private readonly bool _transposed;

    private LayerMatrix(Node node, TensorType input, Tensor weights, float[]? bias, WindowGeometry? window, bool transposed)
    {
        Node = node;
        _input = input;
        _weights = weights.Values<float>();
        WeightType = weights.Type;
        Bias = bias;
        _window = window;
        _transposed = transposed;
        if (window is null)
        {
            (Groups, Outputs, Columns) = (1, weights.Dimensions[transposed ? 0 : 1], weights.Dimensions[transposed ? 1 : 0]);
            Rows = Columns == 0 ? 0 : input.Count / Columns;
            InputAxis = input.Rank - 1;
            Taps = 1;
        }
        else
        {
            Groups = node.As<IConvolution>()!.Groups(node);
            Taps = Shapes.Count(weights.Dimensions.AsSpan()[2..]);
            (Outputs, Columns) = (weights.Dimensions[0] / Groups, weights.Dimensions[1] * Taps);
            Rows = window.Batch * window.OutputPixels;
            InputAxis = window.ChannelsLast ? input.Rank - 1 : 1;
        }
    }

    /// <summary>The node.</summary>
    public Node Node { get; }

    /// <summary>The type of the weights.</summary>
    public TensorType WeightType { get; }

    /// <summary>The bias of each output of all groups; null where the layer has none.</summary>
    public float[]? Bias { get; }

    /// <summary>The groups of channels that do not see each other.</summary>
    public int Groups { get; }

    /// <summary>The output channels of a group.</summary>
    public int Outputs { get; }

    /// <summary>The inputs of an output: channels of a group times taps.</summary>
    public int Columns { get; }

    /// <summary>The taps of a window; 1 for a matrix product.</summary>
    public int Taps { get; }

    /// <summary>The rows of one sample: places of the window, or rows of the input.</summary>
    public int Rows { get; }

    /// <summary>The axis of the input along which channels lie.</summary>
    public int InputAxis { get; }

    /// <summary>Whether the layer can be given a bias where it has none: all but products with batches.</summary>
    public bool TakesBias => Bias is not null || _window is not null || _input.Rank == 2;

    /// <summary>The layer of a node; null where the node is none, or its weights or bias are not constant.</summary>
    public static LayerMatrix? Of(Graph graph, Node node)
    {
        if (!node.Is<IDotProduct>() || graph.Constant(node.Input(1)) is not { Element: ElementType.Float32 } weights
            || graph.IsConstant(node.Input(0)) || graph.TypeOf(node.Input(0)) is not { Element: ElementType.Float32, Rank: > 1 } input)
            return null;
        float[]? bias = null;
        int outputs;
        WindowGeometry? window = null;
        bool transposed = false;
        if (node.Is<IConvolution>())
        {
            window = WindowGeometry.OfConvolution(OperatorContext.Of(graph, node));
            outputs = weights.Dimensions[0];
        }
        else
        {
            if (node.As<IMatrixProduct>() is not { } product || product.TransposesFirst(node) || weights.Rank != 2
                || product.ProductFactor(node) != 1 || product.AddendFactor(node) != 1)
                return null;
            transposed = product.TransposesSecond(node);
            outputs = weights.Dimensions[transposed ? 0 : 1];
        }
        if (node.HasInput(2))
        {
            // As many numbers as outputs, but down the rows, are one for each row.
            if (graph.Constant(node.Input(2)) is not { } constant
                || (constant.Count != 1 && (constant.Count != outputs || constant.Dimensions[^1] != outputs)))
                return null;
            bias = constant.Count == outputs ? constant.Values<float>() : [.. Enumerable.Repeat(constant.Values<float>()[0], outputs)];
        }
        return new(node, input, weights, bias, window, transposed);
    }

    /// <summary>The place of a column's channel along the input's axis of channels.</summary>
    public int Channel(int group, int column) => (group * (Columns / Taps)) + (column / Taps);

    /// <summary>The weights of a group, [outputs, columns].</summary>
    public float[] Weights(int group)
    {
        var matrix = new float[Outputs * Columns];
        if (_transposed || _window is not null)
        {
            Array.Copy(_weights, group * matrix.Length, matrix, 0, matrix.Length);
            return matrix;
        }
        for (int o = 0; o < Outputs; o++)
            for (int k = 0; k < Columns; k++)
                matrix[(o * Columns) + k] = _weights[(k * Outputs) + o];
        return matrix;
    }

    /// <summary>Reads one row of a sample: what the weights of a group are multiplied with.</summary>
    /// <param name="x">The layer's input.</param>
    /// <param name="row">The row.</param>
    /// <param name="group">The group.</param>
    /// <param name="to">Takes the columns.</param>
    public void Read(ReadOnlySpan<float> x, int row, int group, Span<float> to)
    {
        if (_window is not { } window)
        {
            x.Slice(row * Columns, Columns).CopyTo(to);
            return;
        }
        ImmutableArray<WindowAxis> axes = window.Axes;
        int image = row / window.OutputPixels, pixel = row % window.OutputPixels, pixels = window.InputPixels;
        Span<int> start = stackalloc int[axes.Length];
        for (int a = axes.Length - 1; a >= 0; a--)
        {
            start[a] = (pixel % axes[a].Output * axes[a].Stride) - axes[a].PadBegin;
            pixel /= axes[a].Output;
        }
        int channels = Columns / Taps, step = window.ChannelsLast ? 1 : pixels;
        for (int tap = 0; tap < Taps; tap++)
        {
            int rest = tap, at = 0, scale = 1;
            bool inside = true;
            for (int a = axes.Length - 1; a >= 0; a--)
            {
                int place = start[a] + (rest % axes[a].Kernel * axes[a].Dilation);
                rest /= axes[a].Kernel;
                inside &= place >= 0 && place < axes[a].Input;
                at += place * scale;
                scale *= axes[a].Input;
            }
            int from = window.ChannelsLast
                ? (((image * pixels) + at) * window.Channels) + (group * channels)
                : (((image * window.Channels) + (group * channels)) * pixels) + at;
            for (int c = 0; c < channels; c++)
                to[(c * Taps) + tap] = inside ? x[from + (c * step)] : 0;
        }
    }

    /// <summary>The layer's weights from matrices.</summary>
    /// <param name="groups">For each group its matrix as <see cref="Weights"/> gives it.</param>
    public Tensor WeightTensor(IReadOnlyList<float[]> groups)
    {
        var values = new float[_weights.Length];
        for (int g = 0; g < Groups; g++)
            for (int o = 0; o < Outputs; o++)
                for (int k = 0; k < Columns; k++)
                    values[_transposed || _window is not null ? (((g * Outputs) + o) * Columns) + k : (k * Outputs) + o] =
                        groups[g][(o * Columns) + k];
        return new(WeightType, values);
    }

    /// <summary>Puts a layer with other weights in the place of the node.</summary>
    /// <param name="editor">The graph.</param>
    /// <param name="groups">For each group its matrix.</param>
    /// <param name="bias">The bias of each output of all groups; null where it stays as it is.</param>
    public void Replace(GraphEditor editor, IReadOnlyList<float[]> groups, float[]? bias)
    {
        Node node = editor.Find(Node.Name)!;
        ImmutableArray<string> inputs = [node.Input(0), editor.AddConstant(node.Input(1), WeightTensor(groups))];
        if (bias is not null)
            inputs = inputs.Add(editor.AddConstant(node.HasInput(2) ? node.Input(2) : node.Name + ".bias", Tensor.Of(bias, bias.Length)));
        else if (node.HasInput(2))
            inputs = inputs.Add(node.Input(2));
        Node result = node with { Inputs = inputs };
        if (bias is not null && _window is null && node.Is<Operators.Linear.MatMulOperator>())
            result = result.Becoming<Operators.Linear.GemmOperator>();
        editor.Replace(node, result);
    }
}
