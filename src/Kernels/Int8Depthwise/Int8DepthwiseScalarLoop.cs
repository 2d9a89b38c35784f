namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>
/// Carries out an <see cref="Int8DepthwiseProduct"/> without vectors: for processors that have none and for small
/// convolutions on the start-up path (<see cref="StartUp"/>).
/// </summary>
internal static class Int8DepthwiseScalarLoop
{
    /// <summary>Computes the convolution.</summary>
    public static void Run(Workspace w, in Int8DepthwiseProduct product)
    {
        unchecked
        {
            for (int image = 0; image < product.Images; image++)
            {
                for (int y = 0; y < product.Height; y++)
                {
                    int input = product.Input + (image * product.InputImageStride) + (y * product.StrideHeight * product.InputRowStride);
                    int output = product.Output + (image * product.OutputImageStride) + (y * product.OutputRowStride);
                    for (int channel = 0; channel < product.Channels; channel++)
                    {
                        int lane = Int8DepthwiseLayout.Lane(channel, product.Channels);
                        Row(w, in product, input + channel, output + channel, channel, lane);
                    }
                }
            }
        }
    }

    /// <summary>One channel of an output row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row(Workspace w, in Int8DepthwiseProduct product, int input, int output, int channel, int lane)
    {
        unchecked
        {
            // Taps are taken down a kernel's columns, or along its only row; the bytes of four are adjacent.
            bool isRow = product.KernelHeight == 1;
            int columns = isRow ? 1 : product.KernelWidth;
            int taps = isRow ? product.KernelWidth : product.KernelHeight;
            int columnStep = product.DilationWidth * product.InputPixelStride;
            int tapStep = isRow ? columnStep : product.DilationHeight * product.InputRowStride;
            int block = channel & ~(Int8DepthwiseLayout.Block - 1);
            int quadStep = product.Channels - block <= 16 ? 16 * 4 : Int8DepthwiseLayout.Block * 4;
            int columnQuads = (taps + 3) >> 2;
            ref byte constants = ref w.Weight(0);
            ref byte weights = ref Unsafe.Add(
                ref constants, product.Weights + (block * columns * columnQuads * 4) + ((lane - block) * 4));
            int bias = Unsafe.ReadUnaligned<int>(ref Unsafe.Add(ref constants, product.Bias + (lane * 4)));
            long multiplier = Unsafe.ReadUnaligned<int>(ref Unsafe.Add(ref constants, product.Multipliers + (lane * 4)));
            ref byte arena = ref w.Arena(0);
            ref byte source = ref Unsafe.Add(ref arena, input);
            ref byte target = ref Unsafe.Add(ref arena, output);
            for (int pixel = product.Width; pixel > 0; pixel--)
            {
                int sum = bias;
                for (int column = 0; column < columns; column++)
                {
                    ref byte x = ref Unsafe.Add(ref source, (nint)(column * columnStep));
                    ref byte tapWeights = ref Unsafe.Add(ref weights, (nint)(column * columnQuads * quadStep));
                    for (int tap = 0; tap < taps; tap++)
                    {
                        sum += x * (sbyte)tapWeights;
                        x = ref Unsafe.Add(ref x, tapStep);
                        tapWeights = ref Unsafe.Add(ref tapWeights, (tap & 3) == 3 ? quadStep - 3 : 1);
                    }
                }

                target = (byte)product.Requantization.Apply(sum * multiplier);
                source = ref Unsafe.Add(ref source, product.StrideWidth * product.InputPixelStride);
                target = ref Unsafe.Add(ref target, product.OutputPixelStride);
            }
        }
    }
}
