namespace OptimizerBuild.Kernels;

/// <summary>One or two output rows of one block of channels, as <see cref="Int8DepthwiseColumnTile"/> sees them.</summary>
internal struct Int8DepthwiseColumnRow
{
    /// <summary>Output pixels of a segment of a row.</summary>
    public int Pixels;

    /// <summary>Bytes from one input row to the next.</summary>
    public nint InputRowStride;

    /// <summary>Bytes from one input pixel to the next.</summary>
    public nint InputPixelStride;

    /// <summary>Bytes from one output pixel to the next.</summary>
    public nint OutputPixelStride;

    /// <summary>Input bytes from the first segment of the row to the second.</summary>
    public nint InputSegment1;

    /// <summary>Input bytes from the first segment to the third.</summary>
    public nint InputSegment2;

    /// <summary>Input bytes from the first segment to the fourth.</summary>
    public nint InputSegment3;

    /// <summary>Output bytes from the first segment to the second.</summary>
    public nint OutputSegment1;

    /// <summary>Output bytes from the first segment to the third.</summary>
    public nint OutputSegment2;

    /// <summary>Output bytes from the first segment to the fourth.</summary>
    public nint OutputSegment3;
}
