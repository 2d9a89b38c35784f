namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>Carries out an <see cref="Int8Product"/> without vectors, for processors that have none.</summary>
internal static class Int8ScalarLoop
{
    /// <summary>Computes a range of the output channels of every group; its end may lie in the padding.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(Workspace w, in Int8Product product, int from, int to)
    {
        unchecked
        {
            for (int image = 0; image < product.Images; image++)
            {
                for (int group = 0; group < product.Groups; group++)
                {
                    for (int row = 0; row < product.Height; row++)
                    {
                        for (int pixel = 0; pixel < product.Width; pixel++)
                        {
                            int input = product.Input + (image * product.InputImageStride) + (group * product.InputGroupStep)
                                + (row * product.InputRowStep) + (pixel * product.InputPixelStep);
                            int output = product.Output + (image * product.OutputImageStride) + (row * product.OutputRowStride)
                                + (pixel * product.OutputPixelStride);
                            for (int channel = from; channel < to && channel < product.Channels; channel++)
                                Single(w, in product, group, channel, input, output);
                        }
                    }
                }
            }
        }
    }

    /// <summary>One output.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Single(Workspace w, in Int8Product product, int group, int channel, int input, int output)
    {
        unchecked
        {
            int index = (group * product.PaddedChannels) + channel;
            int panel = channel & ~15;
            int step = product.PaddedChannels - panel >= 16 ? 64 : 32;
            ref byte w4 = ref w.Weight(
                product.Weights + (((group * product.PaddedChannels) + panel) * product.Quads * 4) + ((channel & 15) * 4));
            int sum = Unsafe.ReadUnaligned<int>(ref w.Weight(product.Bias + (index * 4)));
            for (int y = 0; y < product.SegmentRows; y++)
            {
                for (int x = 0; x < product.SegmentColumns; x++)
                {
                    ref byte x4 = ref w.Arena(input + (y * product.SegmentRowStep) + (x * product.SegmentColumnStep));
                    for (int k = 0; k < product.SegmentQuads; k++)
                    {
                        sum += (x4 * (sbyte)w4)
                            + (Unsafe.Add(ref x4, 1) * (sbyte)Unsafe.Add(ref w4, 1))
                            + (Unsafe.Add(ref x4, 2) * (sbyte)Unsafe.Add(ref w4, 2))
                            + (Unsafe.Add(ref x4, 3) * (sbyte)Unsafe.Add(ref w4, 3));
                        x4 = ref Unsafe.Add(ref x4, 4);
                        w4 = ref Unsafe.Add(ref w4, step);
                    }
                }
            }

            int multiplier = Unsafe.ReadUnaligned<int>(ref w.Weight(product.Multipliers + (index * 4)));
            int value = product.Requantization.Apply((long)sum * multiplier);
            int target = (group * product.Channels) + channel;
            if (product.Requantization.IsWide)
                Unsafe.WriteUnaligned(ref w.Arena(output + (target * 4)), value);
            else
                w.Arena(output + target) = (byte)value;
        }
    }
}
