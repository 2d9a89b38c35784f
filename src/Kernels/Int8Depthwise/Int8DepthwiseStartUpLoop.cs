namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// An <see cref="Int8DepthwiseProduct"/> on the start-up path; a large one row by row, eight lanes of the parameters at a time, which are
/// twice four adjacent channels (<see cref="Int8DepthwiseLayout"/>).
/// </summary>
internal static class Int8DepthwiseStartUpLoop
{
    /// <summary>Computes the convolution.</summary>
    public static void Run(Workspace w, in Int8DepthwiseProduct product)
    {
        unchecked
        {
            long macs = (long)product.Images * product.Height * product.Width * product.Channels
                * product.KernelHeight * product.KernelWidth;
            if (Int8StartUpVectors.TakesVectors(w, macs))
                Vectors(w, in product);
            else
                Int8DepthwiseScalarLoop.Run(w, in product);
        }
    }

    private static void Vectors(Workspace w, in Int8DepthwiseProduct product)
    {
        unchecked
        {
            int padded = product.PaddedChannels;
            for (int image = 0; image < product.Images; image++)
            {
                for (int y = 0; y < product.Height; y++)
                {
                    int input = product.Input + (image * product.InputImageStride) + (y * product.StrideHeight * product.InputRowStride);
                    int output = product.Output + (image * product.OutputImageStride) + (y * product.OutputRowStride);
                    for (int lane = 0; lane < padded; lane += 8)
                    {
                        int block = lane & ~(Int8DepthwiseLayout.Block - 1);
                        bool whole = padded - block >= Int8DepthwiseLayout.Block;
                        int channel = whole ? block + ((lane - block) >> 1) : lane;
                        if (channel < product.Channels)
                            Row(w, in product, input, output, lane, channel, whole ? 16 : 4);
                    }
                }
            }
        }
    }

    /// <summary>Eight lanes of an output row: four channels from one on, and four at a distance from these.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row(Workspace w, in Int8DepthwiseProduct product, int input, int output, int lane, int channel, int distance)
    {
        unchecked
        {
            bool isRow = product.KernelHeight == 1;
            int columns = isRow ? 1 : product.KernelWidth;
            int taps = isRow ? product.KernelWidth : product.KernelHeight;
            int tapStep = isRow ? product.DilationWidth * product.InputPixelStride : product.DilationHeight * product.InputRowStride;
            int columnStep = product.DilationWidth * product.InputPixelStride;
            int block = lane & ~(Int8DepthwiseLayout.Block - 1);
            int size = product.PaddedChannels - block >= Int8DepthwiseLayout.Block ? Int8DepthwiseLayout.Block : 16;
            ref byte start = ref w.Weight(
                product.Weights + (block * columns * ((taps + 3) >> 2) * 4) + ((lane - block) * 4));
            ref byte bias = ref w.Weight(product.Bias + (lane * 4));
            ref byte multipliers = ref w.Weight(product.Multipliers + (lane * 4));
            ref byte source = ref w.Arena(input + channel);
            ref byte target = ref w.Arena(output + channel);
            for (int pixel = 0; pixel < product.Width; pixel++)
            {
                Vector256<int> first = Vector256<int>.Zero;
                Vector256<int> second = Vector256<int>.Zero;
                ref byte weights = ref start;
                for (int column = 0; column < columns; column++)
                {
                    for (int tap = 0; tap < taps; tap += 4)
                    {
                        // Taps that the kernel lacks have zero weights; what is read in their place does not matter.
                        ref byte x0 = ref Unsafe.Add(ref source, (nint)((column * columnStep) + (tap * tapStep)));
                        ref byte x1 = ref Unsafe.Add(ref x0, (nint)(tap + 1 < taps ? tapStep : 0));
                        ref byte x2 = ref Unsafe.Add(ref x1, (nint)(tap + 2 < taps ? tapStep : 0));
                        ref byte x3 = ref Unsafe.Add(ref x2, (nint)(tap + 3 < taps ? tapStep : 0));
                        first = Four(first, ref x0, ref x1, ref x2, ref x3, ref weights);
                        second = Four(
                            second, ref Unsafe.Add(ref x0, distance), ref Unsafe.Add(ref x1, distance), ref Unsafe.Add(ref x2, distance),
                            ref Unsafe.Add(ref x3, distance), ref Unsafe.Add(ref weights, 16));
                        weights = ref Unsafe.Add(ref weights, size * 4);
                    }
                }

                ulong bytes = Int8StartUpVectors.Bytes(
                    Avx2.Add(Int8StartUpVectors.Join(first, second), Unsafe.ReadUnaligned<Vector256<int>>(ref bias)), ref multipliers,
                    in product.Requantization);
                int left = product.Channels - channel;
                Int8StartUpVectors.Store(bytes, ref target, left < 4 ? left : 4);
                left -= distance;
                Int8StartUpVectors.Store(bytes >> 32, ref Unsafe.Add(ref target, distance), left < 4 ? left : 4);
                source = ref Unsafe.Add(ref source, product.StrideWidth * product.InputPixelStride);
                target = ref Unsafe.Add(ref target, product.OutputPixelStride);
            }
        }
    }

    /// <summary>Four channels of four taps, whose bytes change places first so that those of a channel are adjacent.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Four(Vector256<int> sums, ref byte x0, ref byte x1, ref byte x2, ref byte x3, ref byte weights) =>
        Avx2.Add(sums, Avx2.MultiplyAddAdjacent(
            Avx2.ConvertToVector256Int16(Ssse3.Shuffle(
                Vector128.Create(
                    Unsafe.ReadUnaligned<int>(ref x0), Unsafe.ReadUnaligned<int>(ref x1), Unsafe.ReadUnaligned<int>(ref x2),
                    Unsafe.ReadUnaligned<int>(ref x3)).AsByte(),
                Vector128.Create((byte)0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15))),
            Avx2.ConvertToVector256Int16(Unsafe.ReadUnaligned<Vector128<sbyte>>(ref weights))));
}
