namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// An <see cref="Int8SparseProduct"/> on the start-up path; a large one pixel by pixel, eight output channels at a time.
/// </summary>
internal static class Int8SparseStartUpLoop
{
    /// <summary>Computes the product.</summary>
    public static void Run(Workspace w, in Int8SparseProduct sparse)
    {
        unchecked
        {
            long macs = (long)sparse.Product.Images * sparse.Product.Height * sparse.Product.Width * sparse.Blocks(w)
                * Int8SparseProduct.BlockBytes;
            if (Int8StartUpVectors.TakesVectors(w, macs))
                Vectors(w, in sparse);
            else
                Int8SparseScalarLoop.Run(w, in sparse, 0, sparse.Product.PaddedChannels);
        }
    }

    private static void Vectors(Workspace w, in Int8SparseProduct sparse)
    {
        unchecked
        {
            ref readonly Int8Product product = ref sparse.Product;
            for (int image = 0; image < product.Images; image++)
            {
                for (int row = 0; row < product.Height; row++)
                {
                    int input = product.Input + (image * product.InputImageStride) + (row * product.InputRowStep);
                    int output = product.Output + (image * product.OutputImageStride) + (row * product.OutputRowStride);
                    for (int pixel = 0; pixel < product.Width; pixel++)
                    {
                        for (int group = 0; group < product.Groups; group++)
                            Pixel(w, in sparse, group, input + (group * product.InputGroupStep), output);
                        input += product.InputPixelStep;
                        output += product.OutputPixelStride;
                    }
                }
            }
        }
    }

    /// <summary>All channels of a group at one pixel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pixel(Workspace w, in Int8SparseProduct sparse, int group, int input, int output)
    {
        unchecked
        {
            ref readonly Int8Product product = ref sparse.Product;
            int padded = product.PaddedChannels;
            ref byte arena = ref w.Arena(0);
            for (int channel = 0; channel < padded; channel += 8)
            {
                int index = (group * padded) + channel;
                ref int bound = ref sparse.Bounds(w, group, channel);
                ref byte weights = ref w.Weight(product.Weights + (bound * Int8SparseProduct.BlockBytes) + ((channel & 8) * 4));
                ref ushort column = ref Unsafe.As<byte, ushort>(ref w.Weight(sparse.Columns + (bound * 2)));
                Vector256<int> first = Vector256<int>.Zero;
                Vector256<int> second = Vector256<int>.Zero;
                for (int y = 0; y < product.SegmentRows; y++)
                {
                    for (int x = 0; x < product.SegmentColumns; x++)
                    {
                        ref byte segment = ref Unsafe.Add(
                            ref arena, (nint)(input + (y * product.SegmentRowStep) + (x * product.SegmentColumnStep)));
                        for (int blocks = Unsafe.Add(ref bound, 1) - bound; blocks > 0; blocks--)
                        {
                            Vector256<short> activations = Avx2.ConvertToVector256Int16(
                                Vector128.Create(Unsafe.ReadUnaligned<int>(ref Unsafe.Add(ref segment, (nint)(column * 4)))).AsByte());
                            first = Avx2.Add(first, Avx2.MultiplyAddAdjacent(
                                activations, Avx2.ConvertToVector256Int16(Unsafe.ReadUnaligned<Vector128<sbyte>>(ref weights))));
                            second = Avx2.Add(second, Avx2.MultiplyAddAdjacent(
                                activations,
                                Avx2.ConvertToVector256Int16(Unsafe.ReadUnaligned<Vector128<sbyte>>(ref Unsafe.Add(ref weights, 16)))));
                            column = ref Unsafe.Add(ref column, 1);
                            weights = ref Unsafe.Add(ref weights, Int8SparseProduct.BlockBytes);
                        }

                        bound = ref Unsafe.Add(ref bound, 1);
                    }
                }

                Vector256<int> sums = Avx2.Add(
                    Int8StartUpVectors.Join(first, second), Unsafe.ReadUnaligned<Vector256<int>>(ref w.Weight(product.Bias + (index * 4))));
                ref byte multipliers = ref w.Weight(product.Multipliers + (index * 4));
                int target = (group * product.Channels) + channel;
                int count = product.Channels - channel < 8 ? product.Channels - channel : 8;
                if (product.Requantization.IsWide)
                {
                    Int8ProductStartUpLoop.Wide(
                        sums, ref multipliers, in product.Requantization, ref Unsafe.Add(ref arena, (nint)(output + (target * 4))), count);
                }
                else
                {
                    Int8StartUpVectors.Store(
                        Int8StartUpVectors.Bytes(sums, ref multipliers, in product.Requantization),
                        ref Unsafe.Add(ref arena, (nint)(output + target)), count);
                }
            }
        }
    }
}
