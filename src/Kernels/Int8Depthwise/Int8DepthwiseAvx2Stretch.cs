namespace OptimizerBuild.Kernels;

/// <summary>
/// A stretch of one or two output rows of one block of channels, as <see cref="Int8DepthwiseAvx2Tile"/> sees it.
/// </summary>
internal struct Int8DepthwiseAvx2Stretch
{
    /// <summary>The requantisation of the sums.</summary>
    public Requantization Requantization;

    /// <summary>Output pixels.</summary>
    public int Pixels;

    /// <summary>Output pixels of a vector, whose places are neighbours: 2 where the block has 16 channels, else 1.</summary>
    public int VectorPixels;

    /// <summary>Outputs of a pixel that are stored.</summary>
    public int Count;

    /// <summary>Bytes from one output pixel to the next.</summary>
    public nint OutputPixelStride;

    /// <summary>Bytes from one plane to the next; four planes hold one set of rows.</summary>
    public nint Pitch;

    /// <summary>Bytes of a plane from an even column of the kernel (0, 2, …) to the next.</summary>
    public nint EvenColumnStep;

    /// <summary>Bytes of a plane from an odd column of the kernel to the next: others where every second place lies apart.</summary>
    public nint OddColumnStep;

    /// <summary>Bytes of a plane from one output pixel's first place to the next one's.</summary>
    public nint PixelStep;

    /// <summary>Columns of the kernel; 1 where it has one row, whose taps stand in for rows.</summary>
    public int Columns;

    /// <summary>Sets of rows, of two or four (<see cref="IDepthwiseTaps"/>).</summary>
    public int Sets;
}
