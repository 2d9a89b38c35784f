namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>
/// Carries out an <see cref="Int8SparseProduct"/> without vectors: for processors that have none, and for small products on the start-up
/// path.
/// </summary>
internal static class Int8SparseScalarLoop
{
    /// <summary>Computes a range of the output channels of every group; its end may lie in the padding.</summary>
    public static void Run(Workspace w, in Int8SparseProduct sparse, int from, int to)
    {
        unchecked
        {
            int end = to < sparse.Product.Channels ? to : sparse.Product.Channels;
            for (int image = 0; image < sparse.Product.Images; image++)
            {
                for (int row = 0; row < sparse.Product.Height; row++)
                {
                    int input = sparse.Product.Input + (image * sparse.Product.InputImageStride) + (row * sparse.Product.InputRowStep);
                    int output = sparse.Product.Output + (image * sparse.Product.OutputImageStride)
                        + (row * sparse.Product.OutputRowStride);
                    for (int group = 0; group < sparse.Product.Groups; group++)
                    {
                        for (int channel = from; channel < end; channel++)
                            Row(w, in sparse, group, channel, input + (group * sparse.Product.InputGroupStep), output);
                    }
                }
            }
        }
    }

    /// <summary>One channel of an output row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row(Workspace w, in Int8SparseProduct sparse, int group, int channel, int input, int output)
    {
        unchecked
        {
            int padded = (sparse.Product.Channels + 7) & ~7;
            int index = (group * padded) + channel;
            int rows = sparse.Product.SegmentRows;
            int columns = sparse.Product.SegmentColumns;
            ref byte constants = ref w.Weight(0);
            ref int bounds = ref sparse.Bounds(w, group, channel);
            ref byte weights = ref Unsafe.Add(
                ref constants, sparse.Product.Weights + (bounds * Int8SparseProduct.BlockBytes) + ((channel & 15) * 4));
            ref ushort places = ref Unsafe.As<byte, ushort>(ref Unsafe.Add(ref constants, sparse.Columns + (bounds * 2)));
            int bias = Unsafe.ReadUnaligned<int>(ref Unsafe.Add(ref constants, sparse.Product.Bias + (index * 4)));
            long multiplier = Unsafe.ReadUnaligned<int>(ref Unsafe.Add(ref constants, sparse.Product.Multipliers + (index * 4)));
            ref byte arena = ref w.Arena(0);
            ref byte source = ref Unsafe.Add(ref arena, input);
            int size = sparse.Product.Requantization.IsWide ? 4 : 1;
            ref byte target = ref Unsafe.Add(ref arena, output + (((group * sparse.Product.Channels) + channel) * size));
            for (int pixel = sparse.Product.Width; pixel > 0; pixel--)
            {
                int sum = bias;
                ref byte w4 = ref weights;
                ref ushort place = ref places;
                ref int bound = ref bounds;
                for (int y = 0; y < rows; y++)
                {
                    for (int x = 0; x < columns; x++)
                    {
                        ref byte segment = ref Unsafe.Add(
                            ref source, (nint)((y * sparse.Product.SegmentRowStep) + (x * sparse.Product.SegmentColumnStep)));
                        for (int blocks = Unsafe.Add(ref bound, 1) - bound; blocks > 0; blocks--)
                        {
                            ref byte x4 = ref Unsafe.Add(ref segment, (nint)(place * 4));
                            sum += (x4 * (sbyte)w4)
                                + (Unsafe.Add(ref x4, 1) * (sbyte)Unsafe.Add(ref w4, 1))
                                + (Unsafe.Add(ref x4, 2) * (sbyte)Unsafe.Add(ref w4, 2))
                                + (Unsafe.Add(ref x4, 3) * (sbyte)Unsafe.Add(ref w4, 3));
                            place = ref Unsafe.Add(ref place, 1);
                            w4 = ref Unsafe.Add(ref w4, Int8SparseProduct.BlockBytes);
                        }

                        bound = ref Unsafe.Add(ref bound, 1);
                    }
                }

                int value = sparse.Product.Requantization.Apply(sum * multiplier);
                if (size == 4)
                    Unsafe.WriteUnaligned(ref target, value);
                else
                    target = (byte)value;
                source = ref Unsafe.Add(ref source, sparse.Product.InputPixelStep);
                target = ref Unsafe.Add(ref target, sparse.Product.OutputPixelStride);
            }
        }
    }
}
