namespace OptimizerBuild.Kernels;

/// <summary>A depthwise convolution as its loops see it. Strides are bytes, offsets count in the arena or in the weights.</summary>
internal struct Int8DepthwiseProduct
{
    /// <summary>Arena offset of the top-left tap of output (0, 0) of the first image.</summary>
    public int Input;

    /// <summary>Bytes from one input image to the next.</summary>
    public int InputImageStride;

    /// <summary>Bytes from one input row to the next.</summary>
    public int InputRowStride;

    /// <summary>Bytes from one input pixel to the next.</summary>
    public int InputPixelStride;

    /// <summary>Arena offset of the first output.</summary>
    public int Output;

    /// <summary>Bytes from one output image to the next.</summary>
    public int OutputImageStride;

    /// <summary>Bytes from one output row to the next.</summary>
    public int OutputRowStride;

    /// <summary>Bytes from one output pixel to the next.</summary>
    public int OutputPixelStride;

    /// <summary>Weights offset of the packed weights.</summary>
    public int Weights;

    /// <summary>Weights offset of the biases (s32).</summary>
    public int Bias;

    /// <summary>Weights offset of the multipliers (s32).</summary>
    public int Multipliers;

    /// <summary>The requantisation of the sums.</summary>
    public Requantization Requantization;

    /// <summary>Whether no sum of two neighbouring products leaves 16 bits, whatever the activations: the build has proved it.</summary>
    public bool PairSumsFit;

    /// <summary>Number of images.</summary>
    public int Images;

    /// <summary>Output rows of an image.</summary>
    public int Height;

    /// <summary>Output pixels of a row.</summary>
    public int Width;

    /// <summary>Number of channels.</summary>
    public int Channels;

    /// <summary>Kernel rows.</summary>
    public int KernelHeight;

    /// <summary>Taps of a kernel row.</summary>
    public int KernelWidth;

    /// <summary>Input rows from one output row to the next.</summary>
    public int StrideHeight;

    /// <summary>Input pixels from one output pixel to the next.</summary>
    public int StrideWidth;

    /// <summary>Input rows from one kernel row to the next.</summary>
    public int DilationHeight;

    /// <summary>Input pixels from one tap to the next.</summary>
    public int DilationWidth;

    /// <summary>Channels rounded up to whole blocks.</summary>
    public readonly int PaddedChannels => Int8DepthwiseLayout.PaddedChannels(Channels);

    /// <summary>Whether quads are taken along the kernel's only row instead of down its columns.</summary>
    public readonly bool IsRow => KernelHeight == 1;

    /// <summary>Quads of a kernel column; of all columns where the kernel has one row.</summary>
    public readonly int ColumnQuads => Int8DepthwiseLayout.ColumnQuads(KernelHeight, KernelWidth);

    /// <summary>Places side by side whose quads one output reads over: input columns, or one where quads lie along the row.</summary>
    public readonly int Span => unchecked(IsRow ? 1 : ((KernelWidth - 1) * DilationWidth) + 1);

    /// <summary>Places from one output to the next.</summary>
    public readonly int Advance => IsRow ? 1 : StrideWidth;
}
