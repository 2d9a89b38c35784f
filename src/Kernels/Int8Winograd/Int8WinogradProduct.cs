namespace OptimizerBuild.Kernels;

/// <summary>
/// A convolution of 3×3 taps, stride 1, as the loop over windows sees it: windows of 4×4 inputs, two apart, each with 2×2 outputs, of which
/// the last ones of a row or column may be one wide or high.
/// </summary>
internal struct Int8WinogradProduct
{
    /// <summary>The same layer in its direct form: places, constants and requantisation are taken from there.</summary>
    public Int8Product Direct;

    /// <summary>Input channels, a multiple of 16.</summary>
    public int Inputs;

    /// <summary>Positions of a window, each with a matrix of its own.</summary>
    public const int Positions = 16;

    /// <summary>Output channels of a panel of transformed weights.</summary>
    public const int PanelWidth = 16;

    /// <summary>Windows side by side.</summary>
    public readonly int Across => unchecked((Direct.Width + 1) >> 1);

    /// <summary>Windows of an image.</summary>
    public readonly int Windows => unchecked(Across * ((Direct.Height + 1) >> 1));

    /// <summary>Bytes from a window's words at one position to those at the next: all channels, in whole vectors.</summary>
    public readonly int Pitch => unchecked(((Inputs + 31) & ~31) * sizeof(short));

    /// <summary>
    /// Bytes from one window's words to the next one's: a cache line more than it has, since powers of two would share a few sets.
    /// </summary>
    public readonly int WindowBytes => unchecked((Positions * Pitch) + 64);

    /// <summary>Bytes of a panel's transformed weights at one position: channels in pairs, 16 outputs side by side.</summary>
    public readonly int MatrixBytes => unchecked(Inputs * PanelWidth * sizeof(short));

    /// <summary>Bytes of all transformed weights.</summary>
    public readonly int WeightBytes => unchecked(Direct.Channels / PanelWidth * Positions * MatrixBytes);
}
