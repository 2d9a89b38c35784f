namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>
/// Carries out an <see cref="Int8Product"/> with s64 accumulators and biases: the rare layers with more than about 66,000 inputs to a sum.
/// </summary>
internal static class Int8BlockedLoop
{
    /// <summary>
    /// Groups of four inputs whose s32 sum cannot overflow whatever the weights: 16,384 · 4 · 255 · 128 is below 2^31.
    /// </summary>
    private const int BlockQuads = 16384;

    /// <summary>Computes the product.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(Workspace w, in Int8Product product)
    {
        unchecked
        {
            for (int image = 0; image < product.Images; image++)
            {
                for (int group = 0; group < product.Groups; group++)
                {
                    for (int channel = 0; channel < product.Channels; channel++)
                    {
                        for (int row = 0; row < product.Height; row++)
                        {
                            for (int pixel = 0; pixel < product.Width; pixel++)
                                Single(w, in product, image, group, channel, row, pixel);
                        }
                    }
                }
            }
        }
    }

    /// <summary>One output.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Single(Workspace w, in Int8Product product, int image, int group, int channel, int row, int pixel)
    {
        unchecked
        {
            int index = (group * product.PaddedChannels) + channel;
            int input = product.Input + (image * product.InputImageStride) + (group * product.InputGroupStep)
                + (row * product.InputRowStep) + (pixel * product.InputPixelStep);
            int output = product.Output + (image * product.OutputImageStride) + (row * product.OutputRowStride)
                + (pixel * product.OutputPixelStride);
            int panel = channel & ~15;
            int panelWidth = product.PaddedChannels - panel >= 16 ? 16 : 8;
            int weight = product.Weights + (((group * product.PaddedChannels) + panel) * product.Quads * 4) + ((channel & 15) * 4);
            long sum = Unsafe.ReadUnaligned<long>(ref w.Weight(product.Bias + (index * 8)));
            for (int y = 0; y < product.SegmentRows; y++)
            {
                for (int x = 0; x < product.SegmentColumns; x++)
                {
                    ref byte source = ref w.Arena(input + (y * product.SegmentRowStep) + (x * product.SegmentColumnStep));
                    for (int start = 0; start < product.SegmentQuads; start += BlockQuads)
                    {
                        int end = start + BlockQuads < product.SegmentQuads ? start + BlockQuads : product.SegmentQuads;
                        int block = 0;
                        for (int k = start; k < end; k++)
                        {
                            ref byte x4 = ref Unsafe.Add(ref source, k * 4);
                            ref byte w4 = ref w.Weight(weight);
                            block += (x4 * (sbyte)w4)
                                + (Unsafe.Add(ref x4, 1) * (sbyte)Unsafe.Add(ref w4, 1))
                                + (Unsafe.Add(ref x4, 2) * (sbyte)Unsafe.Add(ref w4, 2))
                                + (Unsafe.Add(ref x4, 3) * (sbyte)Unsafe.Add(ref w4, 3));
                            weight += panelWidth * 4;
                        }

                        sum += block;
                    }
                }
            }

            int multiplier = Unsafe.ReadUnaligned<int>(ref w.Weight(product.Multipliers + (index * 4)));
            int value = product.Requantization.Apply(sum * multiplier);
            int target = (group * product.Channels) + channel;
            if (product.Requantization.IsWide)
                Unsafe.WriteUnaligned(ref w.Arena(output + (target * 4)), value);
            else
                w.Arena(output + target) = (byte)value;
        }
    }
}
