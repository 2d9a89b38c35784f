namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// Carries out an <see cref="Int4Product"/>: a single row on the codes themselves (<see cref="Int4RowLoop"/>), several rows on panels that
/// are expanded to s8, a few at a time, into memory that stays in the first-level cache, by the loops and tiles of
/// <see cref="Int8ProductLoop"/>.
/// </summary>
internal static class Int4ProductLoop
{
    /// <summary>Bytes of expanded panels; at least one is expanded.</summary>
    private const int PartBytes = 16 * 1024;

    /// <summary>Computes the product on the process's path, and on the prediction's threads where it is large.</summary>
    public static void Run(Workspace w, in Int4Product four)
    {
        if (w.IsStarting)
        {
            Parts(w, in four, 0, four.Product.PaddedChannels, isStarting: true);
            return;
        }

        if (w.Threads > 1 && Int4ProductJob.TryRun(w, in four))
            return;
        Run(w, in four, 0, four.Product.PaddedChannels);
    }

    /// <summary>Computes a range of the output channels of every group on the process's path and the caller's thread.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="four">The product.</param>
    /// <param name="from">The first channel, a multiple of 16.</param>
    /// <param name="to">The end of the channels, a multiple of 16 unless it is the end of all.</param>
    public static void Run(Workspace w, in Int4Product four, int from, int to)
    {
        if (!four.IsRow)
        {
            Parts(w, in four, from, to, isStarting: false);
            return;
        }

#if NET10_0_OR_GREATER
        if (KernelPath.UsesAvx10 || KernelPath.UsesAvx512Vnni)
        {
            Vnni512(w, in four, from, to);
            return;
        }
#endif
#if NET9_0_OR_GREATER
        if (KernelPath.UsesAvxVnni)
        {
            Int4RowLoop.Run<AvxVnniDotProduct, Vector256<int>>(w, in four, from, to);
            return;
        }
#endif

        // Codes are so small that sums of two products always fit into 16 bits.
        if (KernelPath.UsesAvx512)
            Int4RowLoop.Run<Avx512PairDotProduct, Vector512<int>>(w, in four, from, to);
        else if (KernelPath.UsesAvx2)
            Int4RowLoop.Run<Avx2PairDotProduct, Vector256<int>>(w, in four, from, to);
        else if (KernelPath.UsesArmDot)
            Int4RowLoop.Run<ArmUnsignedDotProduct, Vector128<int>>(w, in four, from, to);
        else if (KernelPath.UsesVector128 && Ssse3.IsSupported)
            Int4RowLoop.Run<Ssse3PairDotProduct, Vector128<int>>(w, in four, from, to);
        else if (KernelPath.UsesVector128)
            Int4RowLoop.Run<Vector128DotProduct, Vector128<int>>(w, in four, from, to);
        else
            Parts(w, in four, from, to, isStarting: false);
    }

#if NET10_0_OR_GREATER
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Vnni512(Workspace w, in Int4Product four, int from, int to)
    {
#if NET11_0_OR_GREATER
        if (!KernelPath.UsesAvx10)
        {
            Int4RowLoop.Run<Avx512VnniDotProduct, Vector512<int>>(w, in four, from, to);
            return;
        }
#endif
        Int4RowLoop.Run<Avx10DotProduct, Vector512<int>>(w, in four, from, to);
    }
#endif

    /// <summary>Computes a range of the output channels of every group with weights that are expanded.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="four">The product.</param>
    /// <param name="from">The first channel, a multiple of 16.</param>
    /// <param name="to">The end of the channels.</param>
    /// <param name="isStarting">Whether on the start-up path.</param>
    public static void Parts(Workspace w, in Int4Product four, int from, int to, bool isStarting)
    {
        unchecked
        {
            ref readonly Int8Product product = ref four.Product;
            int panelBytes = product.Quads * Int4Product.PanelWidth * 4;
            int panels = PartBytes / panelBytes > 1 ? PartBytes / panelBytes : 1;
            ref byte scratch = ref w.Scratch(panels * panelBytes);
            int size = product.Requantization.IsWide ? 4 : 1;
            bool vectors = !isStarting && Vector128.IsHardwareAccelerated;
            long macs = (long)product.Images * product.Height * product.Width * product.Groups * product.Channels * product.Quads * 4;
            for (int group = 0; group < product.Groups; group++)
            {
                for (int channel = from; channel < to; channel += panels * Int4Product.PanelWidth)
                {
                    int end = to - channel < panels * Int4Product.PanelWidth ? to : channel + (panels * Int4Product.PanelWidth);
                    for (int panel = channel; panel < end; panel += Int4Product.PanelWidth)
                    {
                        Int4Panel.Expand(
                            w, in four, group, panel, vectors, ref Unsafe.Add(ref scratch, (panel - channel) * product.Quads * 4));
                    }

                    int index = ((group * product.PaddedChannels) + channel) * 4;
                    Int8Product part = product;
                    part.WeightsInScratch = true;
                    part.Weights = 0;
                    part.Groups = 1;
                    part.Channels = (product.Channels < end ? product.Channels : end) - channel;
                    part.Input += group * product.InputGroupStep;
                    part.Output += ((group * product.Channels) + channel) * size;
                    part.Bias += index;
                    part.Multipliers += index;
                    if (isStarting)
                        Int8ProductStartUpLoop.Run(w, in part, macs);
                    else
                        Int8ProductLoop.Run(w, in part, 0, part.PaddedChannels);
                }
            }
        }
    }
}
