namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>
/// Carries out an <see cref="Int8DepthwiseProduct"/> without vectors, for processors that have none and kernels of unusual size.
/// </summary>
internal static class Int8DepthwiseScalarLoop
{
    /// <summary>Computes the convolution.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(Workspace w, in Int8DepthwiseProduct product)
    {
        unchecked
        {
            for (int image = 0; image < product.Images; image++)
            {
                for (int y = 0; y < product.Height; y++)
                {
                    for (int x = 0; x < product.Width; x++)
                    {
                        int input = product.Input + (image * product.InputImageStride)
                            + (y * product.StrideHeight * product.InputRowStride) + (x * product.StrideWidth * product.InputPixelStride);
                        int output = product.Output + (image * product.OutputImageStride) + (y * product.OutputRowStride)
                            + (x * product.OutputPixelStride);
                        Pixel(w, in product, input, output);
                    }
                }
            }
        }
    }

    /// <summary>All channels of one output pixel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pixel(Workspace w, in Int8DepthwiseProduct product, int input, int output)
    {
        unchecked
        {
            for (int channel = 0; channel < product.Channels; channel++)
            {
                int lane = Int8DepthwiseLayout.Lane(channel, product.Channels);
                int sum = Unsafe.ReadUnaligned<int>(ref w.Weight(product.Bias + (lane * 4)));
                for (int row = 0; row < product.KernelHeight; row++)
                {
                    for (int column = 0; column < product.KernelWidth; column++)
                    {
                        int x = w.Arena(
                            input + (row * product.DilationHeight * product.InputRowStride)
                            + (column * product.DilationWidth * product.InputPixelStride) + channel);
                        sum += x * (sbyte)w.Weight(
                            product.Weights
                            + Int8DepthwiseLayout.Weight(channel, row, column, product.Channels, product.KernelHeight, product.KernelWidth));
                    }
                }

                int multiplier = Unsafe.ReadUnaligned<int>(ref w.Weight(product.Multipliers + (lane * 4)));
                w.Arena(output + channel) = (byte)product.Requantization.Apply((long)sum * multiplier);
            }
        }
    }
}
