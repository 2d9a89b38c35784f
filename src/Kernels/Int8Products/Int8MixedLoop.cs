namespace OptimizerBuild.Kernels;

#if NET11_0_OR_GREATER

using global::System.Runtime.CompilerServices;

/// <summary>
/// Carries out the last 24 output channels of an <see cref="Int8Product"/> with AVX-512 VNNI, block by block of rows as
/// <see cref="Int8ProductLoop"/> does the others (<see cref="Int8MixedTile"/>).
/// </summary>
internal static class Int8MixedLoop
{
    /// <summary>Output channels of a tile: a panel of 16 and one of 8.</summary>
    public const int Channels = 24;

    /// <summary>Whether a product's last 24 channels are computed so.</summary>
    /// <param name="product">The product.</param>
    /// <param name="from">The first channel of those that are asked for.</param>
    /// <param name="to">Their end.</param>
    public static bool IsUsed(in Int8Product product, int from, int to) =>
        unchecked((to - from) % 32 == Channels && to == product.Channels && product.Groups == 1
            && product.Height * product.Width >= Int8MixedTile.Rows && product.Requantization.IsPlain && product.RowFactor == 0);

    /// <summary>Computes the last 24 channels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(Workspace w, in Int8Product product)
    {
        unchecked
        {
            int channel = product.Channels - Channels;
            int largest = Int8ProductLoop.LargestBlock(in product);
            for (int image = 0; image < product.Images; image++)
            {
                var position = new Int8RowPosition(in product, image);
                int rows;
                for (int left = product.Height * product.Width; left > 0; left -= rows)
                {
                    rows = Int8ProductLoop.BlockRows(left, largest);
                    position.Fill(in product, ref w.RowInputs, ref w.RowOutputs, rows);
                    Int8MixedTile.Run(
                        in product, ref w.Arena(0), ref w.RowInputs, ref product.Panel(w, product.Weights + (channel * product.Quads * 4)),
                        ref product.Constant(w, product.Bias + (channel * 4)), ref product.Constant(w, product.Multipliers + (channel * 4)),
                        ref w.RowOutputs, channel, rows);
                }
            }
        }
    }
}

#endif
