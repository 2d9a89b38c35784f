namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>
/// Carries out an <see cref="Int8Product"/> without vectors: for processors that have none, and for small products on the start-up path,
/// where the types of vectors alone would cost more than the work (<see cref="StartUp"/>).
/// </summary>
internal static class Int8ScalarLoop
{
    /// <summary>Computes a range of the output channels of every group; its end may lie in the padding.</summary>
    public static void Run(Workspace w, in Int8Product product, int from, int to)
    {
        unchecked
        {
            int end = to < product.Channels ? to : product.Channels;
            for (int image = 0; image < product.Images; image++)
            {
                for (int row = 0; row < product.Height; row++)
                {
                    int input = product.Input + (image * product.InputImageStride) + (row * product.InputRowStep);
                    int output = product.Output + (image * product.OutputImageStride) + (row * product.OutputRowStride);
                    for (int group = 0; group < product.Groups; group++)
                    {
                        for (int channel = from; channel < end; channel++)
                            Row(w, in product, group, channel, input + (group * product.InputGroupStep), output);
                    }
                }
            }
        }
    }

    /// <summary>One channel of an output row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row(Workspace w, in Int8Product product, int group, int channel, int input, int output)
    {
        unchecked
        {
            // Every call that is inlined here costs the first prediction time, so there are few.
            int padded = (product.Channels + 7) & ~7;
            int index = (group * padded) + channel;
            int panel = channel & ~15;
            int step = padded - panel >= 16 ? 64 : 32;
            int quads = product.SegmentQuads;
            int rows = product.SegmentRows;
            int columns = product.SegmentColumns;
            ref byte constants = ref product.Constant(w, 0);
            ref byte weights = ref product.Panel(
                w, product.Weights + ((index - (channel & 15)) * rows * columns * quads * 4) + ((channel & 15) * 4));
            int bias = Unsafe.ReadUnaligned<int>(ref Unsafe.Add(ref constants, product.Bias + (index * 4)));
            long multiplier = Unsafe.ReadUnaligned<int>(ref Unsafe.Add(ref constants, product.Multipliers + (index * 4)));
            ref byte arena = ref w.Arena(0);
            ref byte source = ref Unsafe.Add(ref arena, input);
            int size = product.Requantization.IsWide ? 4 : 1;
            ref byte target = ref Unsafe.Add(ref arena, output + (((group * product.Channels) + channel) * size));
            for (int pixel = product.Width; pixel > 0; pixel--)
            {
                int sum = bias;
                ref byte w4 = ref weights;
                for (int y = 0; y < rows; y++)
                {
                    for (int x = 0; x < columns; x++)
                    {
                        ref byte x4 = ref Unsafe.Add(ref source, (nint)((y * product.SegmentRowStep) + (x * product.SegmentColumnStep)));
                        for (int k = quads; k > 0; k--)
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

                if (product.RowFactor != 0)
                    sum += Int8RowOffsets.Of(in product, ref source);
                int value = product.Requantization.Apply(sum * multiplier);
                if (size == 4)
                    Unsafe.WriteUnaligned(ref target, value);
                else
                    target = (byte)value;
                source = ref Unsafe.Add(ref source, product.InputPixelStep);
                target = ref Unsafe.Add(ref target, product.OutputPixelStride);
            }
        }
    }
}
