using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Lowering.Int8;

/// <summary>
/// Which convolutions go to <see cref="Int8WinogradConvolution"/>, and in which form: those that it makes about 1.2 times as fast
/// (<c>bench winograd</c>). The rule knows the layer's shape and weights only, so that the plan is the same on every machine.
/// </summary>
internal static class WinogradRule
{
    /// <summary>The fewest input and output channels of layers whose direct form multiplies bytes (VPMADDUBSW).</summary>
    public const int FewestChannels = 32;

    /// <summary>The same of layers whose pair sums are not bounded, which have to widen their weights.</summary>
    public const int FewestChannelsOfWidened = 16;

    /// <summary>The fewest input channels with VNNI, whose direct form needs half as many instructions for a product as words do.</summary>
    public const int FewestInputsOfVnni = 64;

    /// <summary>The share of the windows' outputs, in hundredths, that must lie in the map: others are computed for nothing.</summary>
    public const int LeastShare = 85;

    /// <summary>The same of windows of 4×4 outputs: a height and width of 13 have 66.</summary>
    public const int LeastShareOfFours = 65;

    /// <summary>The same with VNNI: a height and width of 14 have 76.</summary>
    public const int LeastShareOfVnni = 75;

    /// <summary>
    /// The most bytes of transformed weights of layers whose direct form multiplies bytes: they are read once for each block of windows,
    /// and beyond a second-level cache that takes longer than the products that are saved.
    /// </summary>
    public const int MostWeights = 4 << 20;

    /// <summary>The same of windows of 4×4 outputs, which save more: 256 channels have 4.5 MB, 512 have 18.</summary>
    public const int MostWeightsOfFours = 8 << 20;

    /// <summary>
    /// The fewest outputs of all windows, since each layer reads all weights for them: a map of 7×7 has so many, whichever the windows.
    /// </summary>
    public const int FewestPlaces = 64;

    /// <summary>How a layer is computed.</summary>
    /// <param name="window">Its window.</param>
    /// <param name="layout">Its weights' layout.</param>
    /// <param name="weights">Its weights, output by output.</param>
    /// <param name="output">Its output, u8.</param>
    /// <param name="pairSums">Whether its pair sums are bounded.</param>
    public static WinogradTiles Of(
        WindowGeometry window, WeightLayout layout, ReadOnlySpan<sbyte> weights, FeatureMap output, bool pairSums)
    {
        if (!Int8WinogradConvolution.IsSupported(
            layout.Groups, layout.Inputs, layout.Outputs, window.Y.Kernel, window.X.Kernel, window.Y.Stride, window.X.Stride,
            window.Y.Dilation, window.X.Dilation))
        {
            return default;
        }

        bool fits = SuitsFours(layout, output, pairSums) && HasExactFours(weights, layout.Outputs);
        return new(
            fits ? Winograd4x4.Tile : SuitsTwos(layout, output, pairSums) ? Winograd2x2.Tile : 0,
            fits && SuitsVnni(layout, output) ? Winograd4x4.Tile : 0);
    }

    /// <summary>
    /// Whether F(4×4, 3×3) is exact for any inputs: whether <c>−2^25 ≤ Σ x·w &lt; 2^25</c> for all x in 0…255, for each output.
    /// </summary>
    /// <param name="weights">The weights, output by output.</param>
    /// <param name="outputs">The number of outputs.</param>
    public static bool HasExactFours(ReadOnlySpan<sbyte> weights, int outputs)
    {
        const long bound = 1L << (Winograd4x4.SumBits - 1);
        int length = weights.Length / outputs;
        for (; !weights.IsEmpty; weights = weights[length..])
        {
            long least = 0;
            long greatest = 0;
            foreach (sbyte weight in weights[..length])
            {
                least += Math.Min((int)weight, 0);
                greatest += Math.Max((int)weight, 0);
            }

            if (byte.MaxValue * least < -bound || byte.MaxValue * greatest >= bound)
                return false;
        }

        return true;
    }

    private static bool SuitsTwos(WeightLayout layout, FeatureMap output, bool pairSums)
    {
        long places = Places(output, Winograd2x2.Tile);
        int fewest = pairSums ? FewestChannels : FewestChannelsOfWidened;
        if (layout.Inputs < fewest || layout.Outputs < fewest || places < FewestPlaces)
            return false;
        return !pairSums || (HasShare(output, places, LeastShare) && Bytes(layout, Winograd2x2.Tile) <= MostWeights);
    }

    private static bool SuitsFours(WeightLayout layout, FeatureMap output, bool pairSums)
    {
        // Windows of 2×2 outputs take 16 products for 4 places, those of 4×4 36 for 16; the rest is about as much for each place.
        long places = Places(output, Winograd4x4.Tile);
        if (places < FewestPlaces || 2 * places > 3 * Places(output, Winograd2x2.Tile))
            return false;
        bool isNarrow = pairSums && Math.Min(layout.Inputs, layout.Outputs) < FewestChannels;
        return HasShare(output, places, isNarrow ? LeastShare : LeastShareOfFours)
            && Bytes(layout, Winograd4x4.Tile) <= MostWeightsOfFours;
    }

    private static bool SuitsVnni(WeightLayout layout, FeatureMap output) =>
        layout.Inputs >= FewestInputsOfVnni && layout.Outputs >= FewestChannels
        && HasShare(output, Places(output, Winograd4x4.Tile), LeastShareOfVnni);

    /// <summary>The outputs of an image's windows.</summary>
    private static long Places(FeatureMap output, int tile) => (long)RoundUp(output.Height, tile) * RoundUp(output.Width, tile);

    private static int RoundUp(int length, int tile) => (length + tile - 1) / tile * tile;

    private static bool HasShare(FeatureMap output, long places, int share) => 100L * output.Height * output.Width >= share * places;

    private static long Bytes(WeightLayout layout, int tile) =>
        (long)(tile + 2) * (tile + 2) * layout.Inputs * layout.Outputs * sizeof(short);
}
