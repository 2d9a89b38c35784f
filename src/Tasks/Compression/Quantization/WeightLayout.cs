using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>
/// The kernel form and the weight order of one integer dot product. The quantiser chooses it, from the layer's shape, its output's type and
/// the bound of its sums, and records it with the weights; Lowering packs by it. What lies beside what is read from
/// <see cref="Int8WeightOrder"/>, so that the bound on pairs of neighbours and the bytes that the kernel reads cannot differ.
/// </summary>
internal sealed record WeightLayout
{
    /// <summary>The order of the weights.</summary>
    public required WeightOrder Order { get; init; }

    /// <summary>Whether sums may leave 32 bits, so that the kernel that adds blocks in 64 bits is needed.</summary>
    public required bool AddsBlocks { get; init; }

    /// <summary>Groups of channels that do not mix; 1 but for convolutions.</summary>
    public required int Groups { get; init; }

    /// <summary>Output channels of a group.</summary>
    public required int Outputs { get; init; }

    /// <summary>Input channels of a group.</summary>
    public required int Inputs { get; init; }

    /// <summary>Window rows; 1 for matrix products.</summary>
    public required int KernelHeight { get; init; }

    /// <summary>Window columns; 1 for matrix products.</summary>
    public required int KernelWidth { get; init; }

    /// <summary>Input pixels from one window column to the next.</summary>
    public required int Dilation { get; init; }

    /// <summary>Channels from one input pixel to the next: all of the map's, more where it is a slice of a wider one.</summary>
    public required int PixelStride { get; init; }

    /// <summary>Whether the node stores an input's weights side by side instead of an output's.</summary>
    public required bool IsStoredByInputs { get; init; }

    /// <summary>Weights of one output channel.</summary>
    public int Length => Inputs * Taps;

    /// <summary>Weights of one output and one input channel.</summary>
    public int Taps => KernelHeight * KernelWidth;

    private Int8WeightOrder Places => new(Order, Groups, Outputs, Inputs, KernelHeight, KernelWidth, PixelStride, Dilation);

    /// <summary>Chooses the layout of a dot product.</summary>
    /// <param name="node">A Conv, Gemm or MatMul with constant weights.</param>
    /// <param name="isWide">Whether its output is s32, of which there is no depthwise kernel.</param>
    /// <param name="addsBlocks">Whether its sums may leave 32 bits, for which there is no depthwise kernel either.</param>
    public static WeightLayout Of(QuantizableNode node, bool isWide, bool addsBlocks)
    {
        DotProductLayer layer = node.Layer!;
        ReadOnlySpan<int> shape = node.Context.InputConstants[1]!.Dimensions.AsSpan();
        bool isConvolution = !layer.IsMatrix;
        bool isDepthwise = isConvolution && shape[1] == 1 && layer.Groups == layer.Channels && layer.Groups > 1 && !isWide && !addsBlocks;
        return new()
        {
            Order = isDepthwise ? WeightOrder.Depthwise : isConvolution ? WeightOrder.Convolution : WeightOrder.Dense,
            AddsBlocks = addsBlocks,
            Groups = layer.Groups,
            Outputs = layer.Channels / layer.Groups,
            Inputs = isConvolution ? shape[1] : layer.Length,
            KernelHeight = isConvolution ? Shapes.Count(shape[2..^1]) : 1,
            KernelWidth = isConvolution ? shape[^1] : 1,
            Dilation = WindowAttributes.Dilations(node.Node) is [.., long last] ? checked((int)last) : 1,
            PixelStride = layer.InputChannels,
            IsStoredByInputs = !isConvolution && layer.Index(0, 1) != 1,
        };
    }

    /// <summary>The layout for a map that is a slice of a wider one: rows of the window are then no runs of neighbouring inputs.</summary>
    /// <param name="pixelStride">Bytes from one pixel of the map to the next.</param>
    public WeightLayout Over(int pixelStride) => pixelStride == PixelStride ? this : this with { PixelStride = pixelStride };

    /// <summary>The weights of each output channel side by side.</summary>
    /// <param name="values">The weights in the order of the node's weight tensor.</param>
    public sbyte[] Rows(sbyte[] values)
    {
        if (!IsStoredByInputs)
            return values;
        var rows = new sbyte[values.Length];
        for (int k = 0; k < Length; k++)
            for (int c = 0; c < Outputs; c++)
                rows[(c * Length) + k] = values[(k * Outputs) + c];
        return rows;
    }

    /// <summary>The bytes that the kernel reads.</summary>
    /// <param name="values">The weights in the order of the node's weight tensor.</param>
    public byte[] Pack(sbyte[] values) => Places.Pack(Rows(values));

    /// <summary>
    /// The pairs of weights of an output channel, by their positions in its sum, that are multiplied and added together: those at two
    /// neighbouring places of the packed bytes, the first an even one.
    /// </summary>
    public (int First, int Second)[] Neighbours()
    {
        Int8WeightOrder order = Places;
        var places = new Dictionary<int, int>(Length);
        for (int k = 0; k < Length; k++)
            places[order.Place(k)] = k;
        return [.. places.Where(p => p.Key % 2 == 0 && places.ContainsKey(p.Key + 1)).Select(p => (p.Value, places[p.Key + 1]))];
    }
}
