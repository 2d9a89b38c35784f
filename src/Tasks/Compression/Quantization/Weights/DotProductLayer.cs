using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression.Quantization.Weights;

/// <summary>
/// The weights and the bias of a convolution or matrix product, seen as one row of <see cref="Length"/> weights for each output
/// channel, whatever the order of the node's weight tensor. Gemm's alpha and beta are multiplied in. The weights of a recurrent layer's
/// state
/// are rows, too.
/// </summary>
internal sealed class DotProductLayer
{
    private readonly int _channelStride;
    private readonly int _stride;
    private readonly int _kernelArea;
    private readonly int _channelsPerGroup;

    private DotProductLayer(float[] weights, float[] bias, int length, int channelStride, int stride, int kernelArea, int groups,
        int inputAxis)
    {
        Weights = weights;
        Bias = bias;
        Length = length;
        _channelStride = channelStride;
        _stride = stride;
        _kernelArea = kernelArea;
        _channelsPerGroup = bias.Length / groups;
        Groups = groups;
        InputAxis = inputAxis;
    }

    /// <summary>The weights in the order of the node's weight tensor.</summary>
    public float[] Weights { get; }

    /// <summary>One bias for each output channel; zeros where the node has none.</summary>
    public float[] Bias { get; }

    /// <summary>The number of output channels.</summary>
    public int Channels => Bias.Length;

    /// <summary>The number of weights of one output channel.</summary>
    public int Length { get; }

    /// <summary>The number of groups of a grouped convolution, else 1.</summary>
    public int Groups { get; }

    /// <summary>Whether this is a matrix product and no convolution.</summary>
    public required bool IsMatrix { get; init; }

    /// <summary>The axis of the input along which its channels lie, counted from the end when negative.</summary>
    public int InputAxis { get; }

    /// <summary>The number of input channels.</summary>
    public int InputChannels => Length / _kernelArea * Groups;

    /// <summary>
    /// Where the weight of an output channel and a position <paramref name="k"/> of its sum lies in <see cref="Weights"/>.
    /// </summary>
    public int Index(int channel, int k) => (channel * _channelStride) + (k * _stride);

    /// <summary>The input channel that position <paramref name="k"/> of a channel's sum reads.</summary>
    public int InputChannel(int channel, int k) => (channel / _channelsPerGroup * (Length / _kernelArea)) + (k / _kernelArea);

    /// <summary>The weights of a recurrent layer's state.</summary>
    /// <param name="weights">[directions, rows, size].</param>
    public static DotProductLayer OfState(Tensor weights)
    {
        int size = weights.Dimensions[2];
        return new(weights.Values<float>(), new float[weights.Count / size], size, size, 1, 1, 1, -1) { IsMatrix = true };
    }

    /// <summary>Reads a node's weights, or says what keeps the node from being an integer dot product.</summary>
    public static DotProductLayer? Read(OperatorContext context, out string obstacle)
    {
        Node node = context.Node;
        obstacle = "";
        if (!node.HasInput(1) || context.InputConstants[1] is not { Element: ElementType.Float32 } weights)
        {
            obstacle = "weights are not constant";
            return null;
        }
        if (context.InputConstants[0] is not null)
        {
            obstacle = "the activation is constant";
            return null;
        }
        return node.As<IDotProduct>() switch
        {
            IConvolution convolution => ReadConvolution(context, convolution, weights, out obstacle),
            IMatrixProduct product => ReadMatrix(context, product, weights, out obstacle),
            _ => Refuse("no integer form", out obstacle),
        };
    }

    private static DotProductLayer? ReadConvolution(
        OperatorContext context, IConvolution convolution, Tensor weights, out string obstacle)
    {
        obstacle = "";
        Node node = context.Node;
        int channels = weights.Dimensions[0];
        int groups = convolution.Groups(node);
        if (weights.Count == 0 || channels % groups != 0)
            return Refuse("the weights are empty", out obstacle);
        float[]? bias = ReadBias(context, channels, 1);
        if (bias is null)
            return Refuse("the bias is not constant", out obstacle);
        int length = weights.Count / channels;
        int inputAxis = node.IsChannelsLast() ? -1 : 1;
        return new(weights.Values<float>(), bias, length, length, 1, length / weights.Dimensions[1], groups, inputAxis)
        {
            IsMatrix = false,
        };
    }

    private static DotProductLayer? ReadMatrix(OperatorContext context, IMatrixProduct product, Tensor weights, out string obstacle)
    {
        obstacle = "";
        Node node = context.Node;
        if (product.TransposesFirst(node))
            return Refuse("transA is set", out obstacle);
        if (weights.Rank != 2 || weights.Count == 0)
            return Refuse("the weights are not a matrix", out obstacle);
        bool transposed = product.TransposesSecond(node);
        int channels = weights.Dimensions[transposed ? 0 : 1];
        int length = weights.Dimensions[transposed ? 1 : 0];
        float[]? bias = ReadBias(context, channels, product.AddendFactor(node));
        if (bias is null)
            return Refuse("the bias is not one constant for each channel", out obstacle);
        float factor = product.ProductFactor(node);
        float[] values = weights.Values<float>();
        if (factor != 1)
            values = Array.ConvertAll(values, w => w * factor);
        return new(values, bias, length, transposed ? length : 1, transposed ? 1 : channels, 1, 1, -1) { IsMatrix = true };
    }

    private static float[]? ReadBias(OperatorContext context, int channels, float factor)
    {
        if (!context.Node.HasInput(2))
            return new float[channels];
        if (context.InputConstants[2] is not { Element: ElementType.Float32 } bias || (bias.Count != 1 && bias.Count != channels))
            return null;

        // Gemm's C may have the shape (1, N), but (M, 1) has one bias for each row and not for each channel.
        if (bias.Count > 1 && bias.Dimensions[^1] != channels)
            return null;
        float[] values = bias.Values<float>();
        return [.. Enumerable.Range(0, channels).Select(c => factor * values[values.Length == 1 ? 0 : c])];
    }

    private static DotProductLayer? Refuse(string reason, out string obstacle)
    {
        obstacle = reason;
        return null;
    }
}
