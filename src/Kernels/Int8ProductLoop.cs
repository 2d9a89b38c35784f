namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.InteropServices;
using global::System.Runtime.Intrinsics;

/// <summary>
/// Carries out an <see cref="Int8Product"/>: panels of output channels on the outside, so that a panel's weights stay in the first-level
/// cache while the rows pass by, tiles of rows on the inside.
/// </summary>
internal static class Int8ProductLoop
{
    /// <summary>Sums in the scratch memory from one row of a tile to the next; the most channels that a tile has.</summary>
    public const int Pitch = 32;

    /// <summary>The most rows that a tile has.</summary>
    public const int MaximumRows = 6;

    /// <summary>Output channels of a panel.</summary>
    private const int PanelWidth = 16;

    /// <summary>Computes the product on the process's path.</summary>
    public static void Run(Workspace w, in Int8Product product)
    {
#if NET9_0_OR_GREATER
        if (KernelPath.UsesAvxVnni)
        {
            Run<AvxVnniDotProduct, Vector256<int>>(w, in product, 0, product.PaddedChannels);
            return;
        }
#endif
        if (KernelPath.UsesAvx512)
        {
            // A last panel of 8 channels is half a vector wide.
            int whole = product.PaddedChannels & ~(PanelWidth - 1);
            if (whole > 0)
                Run<Avx512DotProduct, Vector512<int>>(w, in product, 0, whole);
            if (whole < product.PaddedChannels)
                Run<Avx2DotProduct, Vector256<int>>(w, in product, whole, product.PaddedChannels);
        }
        else if (KernelPath.UsesAvx2)
        {
            Run<Avx2DotProduct, Vector256<int>>(w, in product, 0, product.PaddedChannels);
        }
        else if (KernelPath.UsesArmDot)
        {
            Run<ArmDotProduct, Vector128<int>>(w, in product, 0, product.PaddedChannels);
        }
        else if (KernelPath.UsesVector128)
        {
            Run<Vector128DotProduct, Vector128<int>>(w, in product, 0, product.PaddedChannels);
        }
        else
        {
            Int8ScalarLoop.Run(w, in product);
        }
    }

    /// <summary>Computes a range of the output channels of every group with one instruction set.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="product">The product.</param>
    /// <param name="from">The first channel, a multiple of 16.</param>
    /// <param name="to">The end of the channels, a multiple of 8; of 16 where a vector has 16 lanes.</param>
    /// <typeparam name="TDot">The instruction set.</typeparam>
    /// <typeparam name="TVector">Its vector.</typeparam>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Run<TDot, TVector>(Workspace w, in Int8Product product, int from, int to)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
    {
        unchecked
        {
            Span<int> start = stackalloc int[Pitch];
            Span<int> sums = stackalloc int[MaximumRows * Pitch];
            int panelBytes = PanelWidth * 4 * product.Quads;
            for (int group = 0; group < product.Groups; group++)
            {
                int firstIndex = group * product.PaddedChannels;
                for (int channel = from; channel < to;)
                {
                    // A block is what the rows pass by once: two panels where a vector is a panel, else one.
                    int panel = product.PaddedChannels - channel >= PanelWidth ? PanelWidth : 8;
                    int block = TDot.Lanes == PanelWidth && to - channel >= 2 * PanelWidth ? 2 * PanelWidth : panel;
                    int weights = product.Weights + ((firstIndex + channel) * product.Quads * 4);
                    Start<TDot, TVector>(w, in product, firstIndex + channel, block, panel * 4, weights, start);
                    Rows<TDot, TVector>(w, in product, group, channel, block, panel * 4, panelBytes, weights, start, sums);
                    channel += block;
                }
            }
        }
    }

    /// <summary>What the sums of a block start with: the biases, and what offset activations ask for.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Start<TDot,
    TVector>(Workspace w, in Int8Product product, int index, int block, int step, int weights, Span<int> start)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
    {
        unchecked
        {
            ref byte bias = ref w.Weight(product.Bias + (index * 4));
            for (int i = 0; i < block; i++)
                start[i] = Unsafe.ReadUnaligned<int>(ref Unsafe.Add(ref bias, i * 4));
            if (!TDot.IsOffset)
                return;

            // Activations of 0 are −128 to such an instruction: their products with the weights, subtracted, are the correction.
            int zero = 0;
            TVector activations = TDot.Broadcast(ref Unsafe.As<int, byte>(ref zero));
            TVector even = TDot.EvenActivations(activations);
            TVector odd = TDot.OddActivations(activations);
            Span<int> corrections = stackalloc int[PanelWidth];
            ref byte corrected = ref Unsafe.As<int, byte>(ref MemoryMarshal.GetReference(corrections));
            for (int i = 0; i < block; i += TDot.Lanes)
            {
                TVector sum = default;
                ref byte source = ref w.Weight(weights + (i * 4));
                for (int k = product.Quads; k > 0; k--)
                {
                    TVector lanes = TDot.Load(ref source);
                    sum = TDot.MultiplyAdd(sum, even, odd, TDot.EvenWeights(lanes), TDot.OddWeights(lanes));
                    source = ref Unsafe.Add(ref source, step);
                }

                TDot.Store(sum, ref corrected);
                for (int lane = 0; lane < TDot.Lanes; lane++)
                    start[i + lane] -= corrections[lane];
            }
        }
    }

    /// <summary>All rows of all images times one block of channels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows<TDot, TVector>(
        Workspace w, in Int8Product product, int group, int channel, int block, int step, int panelBytes, int weights, Span<int> start,
        Span<int> sums)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
    {
        unchecked
        {
            Span<int> inputs = stackalloc int[MaximumRows];
            Span<int> outputs = stackalloc int[MaximumRows];
            bool pairs = block > TDot.Lanes;
            int tallest = pairs ? TDot.Rows : MaximumRows;
            int second = TDot.Lanes == PanelWidth ? panelBytes : TDot.Lanes * 4;
            int width = pairs ? 2 * TDot.Lanes : TDot.Lanes;
            int size = product.Requantization.IsWide ? 4 : 1;
            int target = product.Output + (((group * product.Channels) + channel) * size);
            int used = product.Channels - channel < block ? product.Channels - channel : block;
            ref byte multipliers = ref w.Weight(product.Multipliers + (((group * product.PaddedChannels) + channel) * 4));
            for (int image = 0; image < product.Images; image++)
            {
                int inputRow = product.Input + (image * product.InputImageStride) + (group * product.InputGroupStep);
                int outputRow = target + (image * product.OutputImageStride);
                int input = inputRow;
                int output = outputRow;
                int pixel = 0;
                for (int left = product.Height * product.Width; left > 0;)
                {
                    int rows = left >= tallest ? tallest : left >= 4 ? 4 : left >= 2 ? 2 : 1;
                    for (int i = 0; i < rows; i++)
                    {
                        inputs[i] = input;
                        outputs[i] = output;
                        input += product.InputPixelStep;
                        output += product.OutputPixelStride;
                        if (++pixel == product.Width)
                        {
                            pixel = 0;
                            inputRow += product.InputRowStep;
                            outputRow += product.OutputRowStride;
                            input = inputRow;
                            output = outputRow;
                        }
                    }

                    for (int part = 0; part < block; part += width)
                    {
                        if (pairs)
                        {
                            Int8TilesOfTwo.Run<TDot, TVector>(
                                in product, rows, ref w.Arena(0), ref inputs[0], ref w.Weight(weights + (part * 4)), second, step,
                                ref start[part], ref sums[part]);
                        }
                        else
                        {
                            Int8TilesOfOne.Run<TDot, TVector>(
                                in product, rows, ref w.Arena(0), ref inputs[0], ref w.Weight(weights + (part * 4)), step, ref start[part],
                                ref sums[part]);
                        }
                    }

                    RequantizedStore.Rows(
                        ref w.Arena(0), ref sums[0], Pitch, ref outputs[0], rows, used, ref multipliers, in product.Requantization);
                    left -= rows;
                }
            }
        }
    }
}
