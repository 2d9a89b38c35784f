namespace OptimizerBuild.Kernels;

/// <summary>
/// Where the parameters of a depthwise convolution lie. Channels come in blocks of 32, the last one of 16 where at most 16 remain; taps
/// come in quads, four kernel rows of one kernel column (four kernel columns where there is one row), the bytes of a quad side by side.
/// </summary>
/// <remarks>
/// In a block of 32 the channels stand in the order into which interleaving four rows of 32 bytes within 128-bit halves brings them:
/// 0-3, 16-19, 4-7, 20-23, 8-11, 24-27, 12-15, 28-31. Packing the sums to bytes restores the natural one.
/// </remarks>
internal static class Int8DepthwiseLayout
{
    /// <summary>Channels of a block.</summary>
    public const int Block = 32;

    /// <summary>Channels rounded up to whole blocks: how many biases and multipliers there are.</summary>
    public static int PaddedChannels(int channels) => checked((channels + 15) & ~15);

    /// <summary>Quads of one kernel column; of all columns where the kernel has one row.</summary>
    public static int ColumnQuads(int kernelHeight, int kernelWidth) =>
        unchecked(((kernelHeight == 1 ? kernelWidth : kernelHeight) + 3) >> 2);

    /// <summary>Quads of the whole kernel.</summary>
    public static int Quads(int kernelHeight, int kernelWidth) =>
        checked(ColumnQuads(kernelHeight, kernelWidth) * (kernelHeight == 1 ? 1 : kernelWidth));

    /// <summary>The place of a channel's bias and multiplier.</summary>
    public static int Lane(int channel, int channels)
    {
        unchecked
        {
            int block = channel & ~(Block - 1);
            int within = channel - block;
            return PaddedChannels(channels) - block < Block
                ? channel
                : block + ((within & 12) << 1) + ((within & 16) >> 2) + (within & 3);
        }
    }

    /// <summary>The place of a weight among the packed bytes.</summary>
    public static int Weight(int channel, int row, int column, int channels, int kernelHeight, int kernelWidth)
    {
        checked
        {
            int block = channel & ~(Block - 1);
            int left = PaddedChannels(channels) - block;
            int size = left < Block ? left : Block;
            int tap = kernelHeight == 1 ? column : row;
            int quad = (kernelHeight == 1 ? 0 : column * ColumnQuads(kernelHeight, kernelWidth)) + (tap >> 2);
            return (block * Quads(kernelHeight, kernelWidth) * 4)
                + (((quad * size) + Lane(channel, channels) - block) * 4) + (tap & 3);
        }
    }
}
