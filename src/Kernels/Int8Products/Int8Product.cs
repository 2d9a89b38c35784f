namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>
/// A convolution or dense layer as the tiles see it: rows (output pixels) times panels of output channels, summed over segments
/// (contiguous runs of the input). <see cref="Int8Convolution"/> and <see cref="Int8Dense"/> describe themselves with it and
/// <see cref="Int8ProductLoop"/> carries it out.
/// </summary>
internal struct Int8Product
{
    /// <summary>Arena offset of the first tap of output (0, 0) of the first image.</summary>
    public int Input;

    /// <summary>Bytes from one image's input to the next one's.</summary>
    public int InputImageStride;

    /// <summary>Bytes in the input from one output row to the next.</summary>
    public int InputRowStep;

    /// <summary>Bytes in the input from one output pixel to the next.</summary>
    public int InputPixelStep;

    /// <summary>Bytes in the input from one group to the next.</summary>
    public int InputGroupStep;

    /// <summary>Arena offset of the first output.</summary>
    public int Output;

    /// <summary>Bytes from one image's output to the next one's.</summary>
    public int OutputImageStride;

    /// <summary>Bytes from one output row to the next.</summary>
    public int OutputRowStride;

    /// <summary>Bytes from one output pixel to the next.</summary>
    public int OutputPixelStride;

    /// <summary>Whether weights, biases and multipliers lie in the arena, where they were packed at run time.</summary>
    public bool ConstantsInArena;

    /// <summary>Whether the weights lie in the workspace's scratch memory, where they were expanded.</summary>
    public bool WeightsInScratch;

    /// <summary>Offset of the packed panels, group after group.</summary>
    public int Weights;

    /// <summary>Offset of the biases: one s32 (s64 where sums are) for each channel, each group rounded up to 8 channels.</summary>
    public int Bias;

    /// <summary>Offset of the multipliers: one s32 for each channel, each group rounded up to 8 channels.</summary>
    public int Multipliers;

    /// <summary>
    /// What each sum of a row gets for each unit of the sum of the row's inputs: the zero point of weights that have one, negated; else 0.
    /// </summary>
    public int RowFactor;

    /// <summary>Inputs of a row, where <see cref="RowFactor"/> asks for their sum.</summary>
    public int RowLength;

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

    /// <summary>Number of groups.</summary>
    public int Groups;

    /// <summary>Output channels of a group.</summary>
    public int Channels;

    /// <summary>Segments one below the other.</summary>
    public int SegmentRows;

    /// <summary>Bytes in the input from one segment to the one below it.</summary>
    public int SegmentRowStep;

    /// <summary>Segments side by side; 1 where a kernel row is one contiguous run.</summary>
    public int SegmentColumns;

    /// <summary>Bytes in the input from one segment to the one beside it.</summary>
    public int SegmentColumnStep;

    /// <summary>Groups of four inputs in a segment, the last one filled up with zero weights.</summary>
    public int SegmentQuads;

    /// <summary>Groups of four inputs in all segments together.</summary>
    public readonly int Quads => SegmentRows * SegmentColumns * SegmentQuads;

    /// <summary>Channels of a group rounded up to whole panels.</summary>
    public readonly int PaddedChannels => (Channels + 7) & ~7;

    /// <summary>The byte at an offset of the memory that holds the weights.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ref byte Panel(Workspace w, int offset)
    {
        if (WeightsInScratch)
            return ref Unsafe.Add(ref w.Scratch(0), offset);
        return ref Constant(w, offset);
    }

    /// <summary>The byte at an offset of the memory that holds biases, multipliers and, if it is not scratch memory, weights.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ref byte Constant(Workspace w, int offset) =>
        ref (ConstantsInArena ? ref w.Arena(offset) : ref w.Weight(offset));
}
