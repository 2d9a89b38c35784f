namespace OptimizerBuild.Kernels;

/// <summary>
/// A convolution of 3×3 taps, stride 1, as the loop over windows sees it: windows of inputs that overlap by two, each with as many outputs
/// in a row and in a column as <see cref="Tile"/> says, of which the last ones of a row or column may be narrower or lower.
/// </summary>
internal struct Int8WinogradProduct
{
    /// <summary>The same layer in its direct form: places, constants and requantisation are taken from there.</summary>
    public Int8Product Direct;

    /// <summary>Input channels, a multiple of 16.</summary>
    public int Inputs;

    /// <summary>Outputs of a window in a row and in a column: 2 or 4.</summary>
    public int Tile;

    /// <summary>Output channels of a panel of transformed weights.</summary>
    public const int PanelWidth = 16;

    /// <summary>Positions of a window, each with a matrix of its own.</summary>
    public readonly int Positions => unchecked((Tile + 2) * (Tile + 2));

    /// <summary>Windows side by side.</summary>
    public readonly int Across => unchecked((Direct.Width + Tile - 1) / Tile);

    /// <summary>Windows of an image.</summary>
    public readonly int Windows => unchecked(Across * ((Direct.Height + Tile - 1) / Tile));

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
