using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Lowering.Int8;

/// <summary>
/// Which convolutions go to <see cref="Int8WinogradConvolution"/>: those that it makes at least 1.2 times as fast on processors without
/// VNNI
/// (<c>bench winograd</c>). The rule knows the layer's shape and weights only, so that the plan is the same on every machine.
/// </summary>
internal static class WinogradRule
{
    /// <summary>The fewest input and output channels of layers whose direct form multiplies bytes (VPMADDUBSW).</summary>
    public const int FewestChannels = 32;

    /// <summary>The same of layers whose pair sums are not bounded, which have to widen their weights.</summary>
    public const int FewestChannelsOfWidened = 16;

    /// <summary>The share of the windows' outputs, in hundredths, that must lie in the map: odd heights and widths waste some.</summary>
    public const int LeastShare = 85;

    /// <summary>
    /// The most bytes of transformed weights of layers whose direct form multiplies bytes: they are read once for each block of windows,
    /// and beyond a second-level cache that takes longer than the products that are saved.
    /// </summary>
    public const int MostWeights = 4 << 20;

    /// <summary>The fewest windows of 2×2 outputs, of which each reads all weights with few others: a map of 7×7 has so many.</summary>
    public const int FewestWindows = 16;

    /// <summary>Whether a layer is computed so.</summary>
    /// <param name="window">Its window.</param>
    /// <param name="layout">Its weights' layout.</param>
    /// <param name="output">Its output, u8.</param>
    /// <param name="pairSums">Whether its pair sums are bounded.</param>
    public static bool Suits(WindowGeometry window, WeightLayout layout, FeatureMap output, bool pairSums)
    {
        if (!Int8WinogradConvolution.IsSupported(
            layout.Groups, layout.Inputs, layout.Outputs, window.Y.Kernel, window.X.Kernel, window.Y.Stride, window.X.Stride,
            window.Y.Dilation, window.X.Dilation))
        {
            return false;
        }

        int fewest = pairSums ? FewestChannels : FewestChannelsOfWidened;
        long places = (long)(output.Height + (output.Height & 1)) * (output.Width + (output.Width & 1));
        if (layout.Inputs < fewest || layout.Outputs < fewest || places < 4 * FewestWindows)
            return false;
        if (!pairSums)
            return true;
        long bytes = 16L * layout.Inputs * layout.Outputs * sizeof(short);
        return 100L * output.Height * output.Width >= LeastShare * places && bytes <= MostWeights;
    }
}
