namespace OptimizerBuild.Kernels;

#if NET9_0_OR_GREATER

/// <summary>
/// A stretch of one or two output rows of one block of channels, as a tile sees it (<see cref="Int8DepthwisePlaneTile"/>).
/// </summary>
internal struct Int8DepthwiseStretch
{
    /// <summary>The requantisation of the sums.</summary>
    public Requantization Requantization;

    /// <summary>Output pixels.</summary>
    public int Pixels;

    /// <summary>
    /// Output pixels of a vector, whose places are neighbours: of 32 bytes 2 where the block has 16 channels, else 1; of 64 bytes twice as
    /// many, but 1 where the block has 64 channels.
    /// </summary>
    public int VectorPixels;

    /// <summary>Outputs of a pixel that are stored.</summary>
    public int Count;

    /// <summary>Bytes from one output pixel to the next.</summary>
    public nint OutputPixelStride;

    /// <summary>Bytes from one plane to the next.</summary>
    public nint Pitch;

    /// <summary>Bytes of a plane from one input place to the next.</summary>
    public nint Place;

    /// <summary>Bytes of a plane from one output pixel's first place to the next one's.</summary>
    public nint PixelStep;

    /// <summary>Columns of the kernel: 3 or 5.</summary>
    public int Columns;

    /// <summary>Quads of two columns of two rows: 3 where the kernel has five rows, else 0.</summary>
    public int Pairs;

    /// <summary>Where the weights of a row that is alone lie in a line of the table: as the upper one's or the lower one's.</summary>
    public nint SingleRow;

    /// <summary>Bytes from the planes of columns to the planes of pairs of columns.</summary>
    public nint PairPlanes;
}

#endif
