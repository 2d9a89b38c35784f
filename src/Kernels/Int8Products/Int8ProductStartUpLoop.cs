namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.X86;

/// <summary>An <see cref="Int8Product"/> on the start-up path; a large one pixel by pixel, eight output channels at a time.</summary>
internal static class Int8ProductStartUpLoop
{
    /// <summary>Computes the product.</summary>
    public static void Run(Workspace w, in Int8Product product)
    {
        unchecked
        {
            long macs = (long)product.Images * product.Height * product.Width * product.Groups * product.Channels
                * product.SegmentRows * product.SegmentColumns * product.SegmentQuads * 4;
            Run(w, in product, macs);
        }
    }

    /// <summary>Computes a part of a layer.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="product">The part.</param>
    /// <param name="macs">The whole layer's multiply-accumulates, by which the loop is chosen.</param>
    public static void Run(Workspace w, in Int8Product product, long macs)
    {
        if (Int8StartUpVectors.TakesVectors(w, macs))
            Vectors(w, in product);
        else
            Int8ScalarLoop.Run(w, in product, 0, product.PaddedChannels);
    }

    private static void Vectors(Workspace w, in Int8Product product)
    {
        unchecked
        {
            for (int image = 0; image < product.Images; image++)
            {
                for (int row = 0; row < product.Height; row++)
                {
                    int input = product.Input + (image * product.InputImageStride) + (row * product.InputRowStep);
                    int output = product.Output + (image * product.OutputImageStride) + (row * product.OutputRowStride);
                    for (int pixel = 0; pixel < product.Width; pixel++)
                    {
                        for (int group = 0; group < product.Groups; group++)
                            Pixel(w, in product, group, input + (group * product.InputGroupStep), output);
                        input += product.InputPixelStep;
                        output += product.OutputPixelStride;
                    }
                }
            }
        }
    }

    /// <summary>All channels of a group at one pixel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pixel(Workspace w, in Int8Product product, int group, int input, int output)
    {
        unchecked
        {
            int padded = product.PaddedChannels;
            int panelQuads = product.SegmentRows * product.SegmentColumns * product.SegmentQuads * 4;
            ref byte arena = ref w.Arena(0);
            int offset = product.RowFactor == 0 ? 0 : Int8RowOffsets.Of(in product, ref Unsafe.Add(ref arena, (nint)input));
            for (int channel = 0; channel < padded; channel += 8)
            {
                int index = (group * padded) + channel;

                // A panel of 16 channels, or the last one of 8.
                int panel = channel & ~15;
                int step = padded - panel >= 16 ? 64 : 32;
                ref byte weights = ref product.Panel(w, product.Weights + ((index - (channel & 8)) * panelQuads) + ((channel & 8) * 4));
                Vector256<int> first = Vector256<int>.Zero;
                Vector256<int> second = Vector256<int>.Zero;
                for (int y = 0; y < product.SegmentRows; y++)
                {
                    for (int x = 0; x < product.SegmentColumns; x++)
                    {
                        ref byte source = ref Unsafe.Add(
                            ref arena, (nint)(input + (y * product.SegmentRowStep) + (x * product.SegmentColumnStep)));
                        for (int k = product.SegmentQuads; k > 0; k--)
                        {
                            Vector256<short> activations = Avx2.ConvertToVector256Int16(
                                Vector128.Create(Unsafe.ReadUnaligned<int>(ref source)).AsByte());
                            first = Avx2.Add(first, Avx2.MultiplyAddAdjacent(
                                activations, Avx2.ConvertToVector256Int16(Unsafe.ReadUnaligned<Vector128<sbyte>>(ref weights))));
                            second = Avx2.Add(second, Avx2.MultiplyAddAdjacent(
                                activations,
                                Avx2.ConvertToVector256Int16(Unsafe.ReadUnaligned<Vector128<sbyte>>(ref Unsafe.Add(ref weights, 16)))));
                            source = ref Unsafe.Add(ref source, 4);
                            weights = ref Unsafe.Add(ref weights, step);
                        }
                    }
                }

                Vector256<int> sums = Avx2.Add(
                    Int8StartUpVectors.Join(first, second),
                    Unsafe.ReadUnaligned<Vector256<int>>(ref product.Constant(w, product.Bias + (index * 4))));
                if (offset != 0)
                    sums = Avx2.Add(sums, Vector256.Create(offset));
                ref byte multipliers = ref product.Constant(w, product.Multipliers + (index * 4));
                int target = (group * product.Channels) + channel;
                int count = product.Channels - channel < 8 ? product.Channels - channel : 8;
                if (product.Requantization.IsWide)
                    Wide(sums, ref multipliers, in product.Requantization, ref Unsafe.Add(ref arena, (nint)(output + (target * 4))), count);
                else
                    Int8StartUpVectors.Store(
                        Int8StartUpVectors.Bytes(sums, ref multipliers, in product.Requantization),
                        ref Unsafe.Add(ref arena, (nint)(output + target)), count);
            }
        }
    }

    /// <summary>Requantises and stores s32 outputs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Wide(Vector256<int> sums, ref byte multipliers, in Requantization requantization, ref byte output, int count)
    {
        unchecked
        {
            for (int i = 0; i < count; i++)
            {
                long value = (long)sums.GetElement(i) * Unsafe.ReadUnaligned<int>(ref Unsafe.Add(ref multipliers, i * 4));
                Unsafe.WriteUnaligned(ref Unsafe.Add(ref output, i * 4), requantization.Apply(value));
            }
        }
    }
}
