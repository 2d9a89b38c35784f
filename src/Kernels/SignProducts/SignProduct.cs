namespace OptimizerBuild.Kernels;

/// <summary>
/// A convolution of signs by weights that are signs times a scale for each output, as <see cref="SignLoop"/> carries it out. Weights are
/// bits, 1 for negative ones, in the layout of <c>SignPacking</c>.
/// </summary>
internal struct SignProduct
{
    /// <summary>Outputs of a panel of weights.</summary>
    public const int PanelWidth = 8;

    /// <summary>Arena offset of the plane of negative inputs, at the top-left tap of the first output.</summary>
    public int Negative;

    /// <summary>Arena offset of the plane of inputs that are not zero; strides are the same.</summary>
    public int Nonzero;

    /// <summary>Bytes from the inputs of one output image to those of the next.</summary>
    public int InputImageStep;

    /// <summary>Bytes from the inputs of one output row to those of the next.</summary>
    public int InputRowStep;

    /// <summary>Bytes from the inputs of one output pixel to those of the next.</summary>
    public int InputPixelStep;

    /// <summary>Bytes from one kernel row to the next.</summary>
    public int TapRowStep;

    /// <summary>Bytes from one run of inputs of a kernel row to the next.</summary>
    public int RunStep;

    /// <summary>Kernel rows.</summary>
    public int KernelRows;

    /// <summary>Runs of adjacent bytes in a kernel row.</summary>
    public int Runs;

    /// <summary>Bytes of a run.</summary>
    public int RunBytes;

    /// <summary>Words of 64 bits for each output.</summary>
    public int Words;

    /// <summary>Inputs of an output.</summary>
    public int Terms;

    /// <summary>Arena offset of the first output.</summary>
    public int Output;

    /// <summary>Bytes from one output image to the next.</summary>
    public int OutputImageStride;

    /// <summary>Bytes from one output row to the next.</summary>
    public int OutputRowStride;

    /// <summary>Bytes from one output pixel to the next.</summary>
    public int OutputPixelStride;

    /// <summary>Weights offset of the bits.</summary>
    public int Weights;

    /// <summary>Weights offset of the scales (float32, rounded up to whole panels).</summary>
    public int Scales;

    /// <summary>Weights offset of the biases (float32, rounded up to whole panels).</summary>
    public int Biases;

    /// <summary>The least output.</summary>
    public float Minimum;

    /// <summary>The greatest output.</summary>
    public float Maximum;

    /// <summary>Number of images.</summary>
    public int Images;

    /// <summary>Output rows.</summary>
    public int Height;

    /// <summary>Output pixels of a row.</summary>
    public int Width;

    /// <summary>Output channels.</summary>
    public int Outputs;

    /// <summary>Panels of outputs.</summary>
    public readonly int Panels => unchecked((Outputs + PanelWidth - 1) / PanelWidth);
}
