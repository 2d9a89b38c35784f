namespace OptimizerBuild.Kernels;

/// <summary>What the tiles of a depthwise convolution share (<see cref="Int8DepthwiseTile"/>), for one block of channels.</summary>
internal struct Int8DepthwiseRow
{
    /// <summary>The requantisation of the sums.</summary>
    public Requantization Requantization;

    /// <summary>Bytes from the weights or multipliers of one vector of channels to those of the next.</summary>
    public nint VectorStride;

    /// <summary>Bytes from what the sums of one vector start with to those of the next.</summary>
    public nint StartStride;

    /// <summary>Bytes from one output pixel's first quad to the next one's.</summary>
    public nint PixelStep;

    /// <summary>Columns of quads; 1 where the kernel has one row.</summary>
    public int Columns;

    /// <summary>Quads of a column.</summary>
    public int ColumnQuads;

    /// <summary>Bytes from the end of one column's quads to the next column that the kernel reads.</summary>
    public nint ColumnGap;

    /// <summary>Bytes from one output pixel to the next.</summary>
    public nint OutputPixelStride;

    /// <summary>Outputs of a pixel.</summary>
    public int Count;
}
