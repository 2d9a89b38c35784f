using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Linear;

namespace OptimizerBuild.Passes;

/// <summary>
/// A Conv, Gemm or MatMul with constant weights, seen as what the three have in common: each weight belongs to one output and one
/// input channel, each output channel has a bias.
/// </summary>
internal sealed class LinearLayer
{
    private readonly Tensor _weights;
    private readonly double[]? _bias;
    private readonly float _scale;
    private float[]? _magnitudes;

    private LinearLayer(GraphEditor editor, Node node, Tensor weights, double[]? bias, float scale)
    {
        Node = node;
        _weights = weights;
        _bias = bias;
        _scale = scale;
        InputType = editor.TypeOf(node.Input(0));
        OutputType = editor.TypeOf(node.Outputs[0]);
        bool channelsSecond = node.Is<ISpatial>() && !node.IsChannelsLast();
        InputAxis = channelsSecond ? 1 : InputType.Rank - 1;
        OutputAxis = channelsSecond ? 1 : OutputType.Rank - 1;
    }

    /// <summary>The node.</summary>
    public Node Node { get; }

    /// <summary>The type of the activations that come in.</summary>
    public TensorType InputType { get; }

    /// <summary>The type of the activations that go out.</summary>
    public TensorType OutputType { get; }

    /// <summary>The axis of the input channels.</summary>
    public int InputAxis { get; }

    /// <summary>The axis of the output channels.</summary>
    public int OutputAxis { get; }

    /// <summary>The number of output channels.</summary>
    public int Outputs => OutputType.Dimensions[OutputAxis];

    /// <summary>The number of input channels.</summary>
    public int Inputs => InputType.Dimensions[InputAxis];

    /// <summary>The bias of each output channel; null where the layer has none.</summary>
    public IReadOnlyList<double>? Bias => _bias;

    /// <summary>Whether zeros are added around the input, so that not every output sees every weight.</summary>
    public bool IsPadded => Node.Is<IWindow>() && WindowAttributes.IsPadded(Node);

    /// <summary>Whether the layer can have a bias: a product of stacked matrices has no input for one.</summary>
    public bool TakesBias => !Node.Is<MatMulOperator>() || InputType.Rank == 2;

    /// <summary>The layer of a node; null where the node is none, its weights are not constant or its bias is not one value for each
    /// output channel.</summary>
    public static LinearLayer? Of(GraphEditor editor, Node node)
    {
        if (editor.Constant(node.Input(1)) is not { Element: ElementType.Float32 } weights
            || editor.Constant(node.Input(0)) is not null)
            return null;
        float scale = 1, biasScale = 1;
        if (!node.Is<IConvolution>())
        {
            if (node.As<IMatrixProduct>() is not { } product || product.TransposesFirst(node) || weights.Rank != 2
                || editor.TypeOf(node.Input(0)).Rank < 2)
                return null;
            scale = product.ProductFactor(node);
            biasScale = product.AddendFactor(node);
        }
        double[]? bias = null;
        if (node.HasInput(2))
        {
            TensorType type = editor.TypeOf(node.Outputs[0]);
            int axis = node.Is<ISpatial>() ? 1 : type.Rank - 1;
            float[]? values = node.Is<ISpatial>() ? editor.Constant(node.Input(2))?.Values<float>()
                : ConstantArithmetic.AlongAxis(editor.Constant(node.Input(2)), type, axis);
            if (values is null)
                return null;
            bias = Array.ConvertAll(values, v => (double)v * biasScale);
        }
        return new LinearLayer(editor, node, weights, bias, scale);
    }

    /// <summary>A layer whose results are <c>scale · y + offset</c> of this one's, channel by channel.</summary>
    public Node WithOutputAffine(GraphEditor editor, float[]? scale, float[]? offset)
    {
        float[] weights = Scaled((o, _) => scale is null ? 1 : scale[o]);
        var bias = new double[Outputs];
        for (int o = 0; o < bias.Length; o++)
            bias[o] = ((_bias?[o] ?? 0) * (scale?[o] ?? 1)) + (offset?[o] ?? 0);
        return With(editor, weights, _bias is null && offset is null ? null : bias);
    }

    /// <summary>A layer that gives for <c>x</c> what this one gives for <c>scale · x + offset</c>, channel by channel. With an offset the
    /// input may not be padded.</summary>
    public Node WithInputAffine(GraphEditor editor, double[] scale, double[] offset)
    {
        bool moves = offset.Any(t => t != 0);
        var bias = new double[Outputs];
        if (_bias is not null)
            Array.Copy(_bias, bias, bias.Length);
        float[] original = _weights.Values<float>();
        for (int i = 0; moves && i < original.Length; i++)
        {
            (int output, int input) = Channels(i);
            bias[output] += (double)original[i] * _scale * offset[input];
        }
        return With(editor, Scaled((_, i) => scale[i]), _bias is null && !moves ? null : bias);
    }

    /// <summary>A layer whose weights are multiplied by a factor for their output channel and one for their input channel, and whose biases
    /// by that for their output channel.</summary>
    public Node WithFactors(GraphEditor editor, double[] outputs, double[] inputs) => With(
        editor, Scaled((o, i) => outputs[o] * inputs[i]), _bias is null ? null : [.. _bias.Select((b, o) => b * outputs[o])]);

    /// <summary>The largest magnitude among the weights of each output channel and among those that read each input channel, when the
    /// weights are multiplied by positive factors as in <see cref="WithFactors"/>.</summary>
    public (double[] Outputs, double[] Inputs) Ranges(double[] outputs, double[] inputs)
    {
        // Factors are those of channels, so that of a window's weights only the largest counts. Whoever looks for factors asks many times.
        float[] magnitudes = _magnitudes ??= Magnitudes();
        var byOutput = new double[Outputs];
        var byInput = new double[Inputs];
        int each = magnitudes.Length / Outputs;
        for (int o = 0; o < byOutput.Length; o++)
        {
            double greatest = 0, output = outputs[o];
            int first = FirstInput(o, each);
            for (int k = 0; k < each; k++)
            {
                double magnitude = magnitudes[(o * each) + k] * (double)Math.Abs(_scale) * output * inputs[first + k];
                greatest = Math.Max(greatest, magnitude);
                byInput[first + k] = Math.Max(byInput[first + k], magnitude);
            }
            byOutput[o] = greatest;
        }
        return (byOutput, byInput);
    }

    /// <summary>The sum of the squares of the weights that read each input channel.</summary>
    public double[] SquaresByInput()
    {
        float[] weights = _weights.Values<float>();
        var squares = new double[Inputs];
        for (int k = 0; k < weights.Length; k++)
            squares[Channels(k).Input] += (double)weights[k] * weights[k] * _scale * _scale;
        return squares;
    }

    /// <summary>A layer that reads its input channels in another order: channel <c>i</c> of the new input is channel <c>order[i]</c> of
    /// the old. Gemm and MatMul only.</summary>
    public Node WithInputOrder(GraphEditor editor, int[] order)
    {
        float[] from = Scaled((_, _) => 1);
        var to = new float[from.Length];
        int n = Outputs, k = Inputs;
        bool transposed = GemmOperator.TransposesB(Node);
        for (int i = 0; i < k; i++)
            for (int o = 0; o < n; o++)
                to[transposed ? (o * k) + i : (i * n) + o] = from[transposed ? (o * k) + order[i] : (order[i] * n) + o];
        return With(editor, to, _bias);
    }

    /// <summary>The same layer with scalar factors multiplied into the constants and the bias as one vector.</summary>
    public Node Normalised(GraphEditor editor) => With(editor, Scaled((_, _) => 1), _bias);

    /// <summary>The output and input channel that a weight connects.</summary>
    private (int Output, int Input) Channels(int index)
    {
        if (!Node.Is<ISpatial>())
            return GemmOperator.TransposesB(Node) ? (index / Inputs, index % Inputs) : (index % Outputs, index / Outputs);
        int perGroup = _weights.Dimensions[1];
        int taps = Shapes.Count(_weights.Dimensions.AsSpan()[2..]);
        int output = index / (perGroup * taps);
        int groups = Inputs / perGroup;
        int group = output / (Outputs / groups);
        return (output, (group * perGroup) + (index / taps % perGroup));
    }

    // Output channel by output channel the largest magnitude among the weights by which it reads each of its input channels.
    private float[] Magnitudes()
    {
        float[] weights = _weights.Values<float>();
        int each = Node.Is<ISpatial>() ? _weights.Dimensions[1] : Inputs;
        var magnitudes = new float[Outputs * each];
        for (int k = 0; k < weights.Length; k++)
        {
            (int o, int i) = Channels(k);
            ref float magnitude = ref magnitudes[(o * each) + i - FirstInput(o, each)];
            magnitude = Math.Max(magnitude, Math.Abs(weights[k]));
        }
        return magnitudes;
    }

    // The first of the input channels that an output channel reads: those of its group.
    private int FirstInput(int output, int each) => output / (Outputs / (Inputs / each)) * each;

    private float[] Scaled(Func<int, int, double> factor)
    {
        float[] from = _weights.Values<float>();
        var to = new float[from.Length];
        for (int i = 0; i < to.Length; i++)
        {
            (int output, int input) = Channels(i);
            double f = factor(output, input) * _scale;
            to[i] = f == 1 ? from[i] : (float)(from[i] * f);
        }
        return to;
    }

    // A matrix product of two matrices with a bias is a Gemm. That of stacked ones takes none: who gives it one makes a Gemm of it.
    private Node With(GraphEditor editor, float[] weights, double[]? bias)
    {
        string w = editor.AddConstant(Node.Input(1), new Tensor(_weights.Type, weights));
        Node result = GemmOperator.WithoutFactors(Node) with { Inputs = [Node.Input(0), w] };
        if (bias is null)
            return result;
        string b = editor.AddConstant(Node.HasInput(2) ? Node.Input(2) : Node.Name + ".bias",
            Tensor.Of(Array.ConvertAll(bias, v => (float)v), bias.Length));
        result = result with { Inputs = [Node.Input(0), w, b] };
        return Node.Is<MatMulOperator>() && InputType.Rank == 2 ? result.Becoming<GemmOperator>() : result;
    }
}
