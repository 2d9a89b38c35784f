namespace OptimizerBuild.Kernels;

/// <summary>
/// The transforms of Winograd's F(m×m, 3×3): windows of (m+2)×(m+2) inputs, m apart, each with m×m outputs and (m+2)² positions at which
/// words are multiplied.
/// </summary>
internal interface IWinogradTransform
{
    /// <summary>Outputs of a window in a row and in a column: m.</summary>
    static abstract int Tile { get; }

    /// <summary>Bᵀ d B of windows side by side, of as many channels as a vector has words.</summary>
    /// <param name="source">The first pixel of the first window.</param>
    /// <param name="row">Bytes from one row to the next.</param>
    /// <param name="rows">The windows' rows that there are, 3…m+2; the last one stands for those that are missing.</param>
    /// <param name="pixel">Bytes from one pixel to the next.</param>
    /// <param name="columns">The same as <paramref name="rows"/> of the last window's columns.</param>
    /// <param name="windows">How many windows.</param>
    /// <param name="words">Receives the words: of position (0, 0) of the first window.</param>
    /// <param name="window">Bytes from one window's words to the next one's.</param>
    /// <param name="position">Bytes from one position's words to the next one's.</param>
    /// <typeparam name="TLanes">The instruction set.</typeparam>
    /// <typeparam name="TVector">Its vector.</typeparam>
    static abstract void Inputs<TLanes, TVector>(
        ref byte source, nint row, int rows, nint pixel, int columns, int windows, ref byte words, nint window, nint position)
        where TLanes : struct, IWinogradLanes<TVector>
        where TVector : struct;

    /// <summary>Aᵀ m A of a row of windows, of one vector of channels: the sums of the direct form with their biases.</summary>
    /// <param name="products">The sums of position (0, 0) of the first window.</param>
    /// <param name="position">Sums from one position to the next.</param>
    /// <param name="columns">Channels of a window.</param>
    /// <param name="windows">How many windows.</param>
    /// <param name="bias">The channels' biases.</param>
    /// <param name="sums">Receives the sums of the outputs' rows, each of so many channels.</param>
    /// <param name="places">For each window the rows of its outputs.</param>
    /// <typeparam name="TLanes">The instruction set.</typeparam>
    /// <typeparam name="TVector">Its vector.</typeparam>
    static abstract void Outputs<TLanes, TVector>(
        ref int products, nint position, nint columns, int windows, ref int bias, ref int sums, ref int places)
        where TLanes : struct, IWinogradLanes<TVector>
        where TVector : struct;

    /// <summary>G g Gᵀ of one kernel, times what it takes to have no fractions.</summary>
    /// <param name="weight">The kernel's first weight.</param>
    /// <param name="tap">Bytes from one tap's weights to the next one's.</param>
    /// <param name="words">Receives the word of position (0, 0).</param>
    /// <param name="position">Words from one position to the next.</param>
    static abstract void Kernel(ref byte weight, nint tap, ref short words, nint position);
}
