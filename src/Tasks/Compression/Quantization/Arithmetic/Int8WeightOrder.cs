using OptimizerBuild.Kernels;

namespace OptimizerBuild.Compression.Quantization.Arithmetic;

/// <summary>How a layer's kernel walks over its inputs, and so how its weights are ordered.</summary>
internal enum WeightOrder
{
    /// <summary>Rows of inputs, panels of outputs: Gemm and MatMul.</summary>
    Dense,

    /// <summary>The same with a row for each run of neighbouring inputs under the window; groups follow one another.</summary>
    Convolution,

    /// <summary>Blocks of channels, each with a window of its own.</summary>
    Depthwise,
}

/// <summary>
/// The places of a layer's s8 weights in the bytes that its kernel reads: the one door to <see cref="Int8Packing"/>, so that the bound on
/// pairs of neighbours and what is shipped cannot differ.
/// </summary>
/// <param name="Order">The order.</param>
/// <param name="Groups">Groups of channels that do not mix; of a depthwise layer its channels.</param>
/// <param name="Outputs">Output channels of a group.</param>
/// <param name="Inputs">Input channels of a group.</param>
/// <param name="KernelHeight">Window rows; 1 for matrix products.</param>
/// <param name="KernelWidth">Window columns; 1 for matrix products.</param>
/// <param name="PixelStride">Bytes from one input pixel to the next.</param>
/// <param name="Dilation">Input pixels from one window column to the next.</param>
internal readonly record struct Int8WeightOrder(
    WeightOrder Order, int Groups, int Outputs, int Inputs, int KernelHeight, int KernelWidth, int PixelStride, int Dilation)
{
    /// <summary>The number of bytes that the kernel reads.</summary>
    public int Bytes => Order switch
    {
        WeightOrder.Dense => Int8Packing.PackedBytes(Outputs, 1, Inputs),
        WeightOrder.Depthwise => Int8Packing.DepthwiseBytes(Groups, KernelHeight, KernelWidth),
        _ => Int8Packing.ConvolutionBytes(Groups, Outputs, Inputs, KernelHeight, KernelWidth, PixelStride, Dilation),
    };

    /// <summary>The runs of neighbouring inputs that a dense layer or a convolution sums over, and the groups of four in one.</summary>
    public (int Count, int Quads) Segments
    {
        get
        {
            (int count, int length) = Order == WeightOrder.Dense ? (1, Inputs)
                : Int8Packing.Segments(Inputs, KernelHeight, KernelWidth, PixelStride, Dilation);
            return (count, (length + 3) / 4);
        }
    }

    /// <summary>The bytes that the kernel reads.</summary>
    /// <param name="weights">[groups · outputs][inputs][window].</param>
    public byte[] Pack(ReadOnlySpan<sbyte> weights)
    {
        var packed = new byte[Bytes];
        switch (Order)
        {
            case WeightOrder.Dense:
                Int8Packing.Pack(weights, Outputs, 1, Inputs, packed);
                break;
            case WeightOrder.Depthwise:
                Int8Packing.PackDepthwise(weights, Groups, KernelHeight, KernelWidth, packed);
                break;
            default:
                Int8Packing.PackConvolution(
                    weights, Groups, Outputs, Inputs, KernelHeight, KernelWidth, PixelStride, Dilation, packed);
                break;
        }
        return packed;
    }

    /// <summary>The inverse of <see cref="Pack"/>.</summary>
    /// <param name="packed">The bytes that the kernel reads.</param>
    /// <param name="weights">Takes [groups · outputs][inputs][window].</param>
    public void Unpack(ReadOnlySpan<byte> packed, Span<sbyte> weights)
    {
        switch (Order)
        {
            case WeightOrder.Dense:
                Int8Packing.Unpack(packed, Outputs, 1, Inputs, weights);
                break;
            case WeightOrder.Depthwise:
                Int8Packing.UnpackDepthwise(packed, Groups, KernelHeight, KernelWidth, weights);
                break;
            default:
                Int8Packing.UnpackConvolution(
                    packed, Groups, Outputs, Inputs, KernelHeight, KernelWidth, PixelStride, Dilation, weights);
                break;
        }
    }

    /// <summary>Where a weight of the first output channel lies; all channels have the same neighbours.</summary>
    /// <param name="position">Its position in the channel's sum: inputs, and within an input the window.</param>
    public int Place(int position)
    {
        int taps = KernelHeight * KernelWidth;
        return Order switch
        {
            WeightOrder.Dense => Int8Packing.ConvolutionPlace(0, position, 0, Outputs, Inputs, 1, 1, Inputs, 1),
            WeightOrder.Depthwise => Int8DepthwiseLayout.Weight(
                0, position / KernelWidth, position % KernelWidth, Groups, KernelHeight, KernelWidth),
            _ => Int8Packing.ConvolutionPlace(
                0, position / taps, position % taps, Outputs, Inputs, KernelHeight, KernelWidth, PixelStride, Dilation),
        };
    }
}
