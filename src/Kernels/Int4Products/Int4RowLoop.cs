namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// Carries out an <see cref="Int4Product"/> of a single row (a dense layer on one sample): the codes stream by once, up to four panels at a
/// time (<see cref="Int4RowTile"/>, <see cref="Int4RowPairTile"/>). Codes are weights plus 8, so that the sums of a group of inputs are
/// those of the codes less 8 times the sum of its inputs, which is the same for all channels.
/// </summary>
internal static class Int4RowLoop
{
    /// <summary>The most channels of a tile.</summary>
    private const int MaximumChannels = 64;

    private const int PanelWidth = Int4Product.PanelWidth;

    /// <summary>Computes a range of the output channels of every group. Parameters as in <see cref="Int4ProductLoop"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<TDot, TVector>(Workspace w, in Int4Product four, int from, int to)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
    {
        unchecked
        {
            ref readonly Int8Product product = ref four.Product;
            int size = product.Requantization.IsWide ? 4 : 1;
            int inputGroups = four.InputGroups;
            int groupQuads = four.GroupQuads == 0 ? product.Quads : four.GroupQuads;
            nint panelBytes = product.Quads * Int4Product.QuadBytes;
            ref int offsets = ref Unsafe.As<byte, int>(ref w.Scratch(inputGroups * sizeof(int)));
            for (int group = 0; group < product.Groups; group++)
            {
                ref byte source = ref w.Arena(product.Input + (group * product.InputGroupStep));
                for (int g = 0; g < inputGroups; g++)
                {
                    Unsafe.Add(ref offsets, g) = -Int4Panel.Offset * Int8RowOffsets.Sum(
                        ref Unsafe.Add(ref source, g * groupQuads * 4), Length(product.Quads, groupQuads, g) * 4);
                }

                for (int channel = from; channel < to;)
                {
                    int left = (to - channel + PanelWidth - 1) / PanelWidth;
                    int panels = left >= 4 ? 4 : left >= 2 ? 2 : 1;
                    int index = (group * product.PaddedChannels) + channel;
                    int padded = product.PaddedChannels - channel;
                    ref byte codes = ref four.Codes(w, group, channel);
                    ref int bias = ref Unsafe.As<byte, int>(ref w.Weight(product.Bias + (index * 4)));
                    int width = padded < panels * PanelWidth ? padded : panels * PanelWidth;
                    if (four.GroupQuads == 0)
                    {
                        Tile<TDot, TVector>(ref source, product.Quads, ref codes, panelBytes, panels, ref w.RowSums);
                        Add(ref w.RowSums, ref bias, offsets, width);
                    }
                    else
                    {
                        ref byte factors = ref four.FactorsOf(w, group, channel);
                        Start(ref w.RowSums, ref bias, width, panels * PanelWidth);
                        for (int g = 0; g < inputGroups; g++)
                        {
                            Tile<TDot, TVector>(
                                ref Unsafe.Add(ref source, g * groupQuads * 4), Length(product.Quads, groupQuads, g),
                                ref Unsafe.Add(ref codes, g * groupQuads * Int4Product.QuadBytes), panelBytes, panels, ref w.RowStart);
                            for (int panel = 0; panel < panels; panel++)
                            {
                                Multiply(
                                    ref Unsafe.Add(ref w.RowStart, panel * PanelWidth), Unsafe.Add(ref offsets, g),
                                    ref Unsafe.Add(ref factors, ((panel * inputGroups) + g) * PanelWidth),
                                    ref Unsafe.Add(ref w.RowSums, panel * PanelWidth));
                            }
                        }
                    }

                    int count = product.Channels - channel < panels * PanelWidth ? product.Channels - channel : panels * PanelWidth;
                    w.RowOutputs = product.Output + (((group * product.Channels) + channel) * size);
                    RequantizedStore.Rows(
                        ref w.Arena(0), ref w.RowSums, MaximumChannels, ref w.RowOutputs, 1, count,
                        ref w.Weight(product.Multipliers + (index * 4)), in product.Requantization);
                    channel += panels * PanelWidth;
                }
            }
        }
    }

    /// <summary>The quads of a group of inputs.</summary>
    private static int Length(int quads, int groupQuads, int g) =>
        unchecked(quads - (g * groupQuads) < groupQuads ? quads - (g * groupQuads) : groupQuads);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Tile<TDot, TVector>(
        ref byte source, int quads, ref byte codes, nint panelBytes, int panels, ref int sums)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
    {
        if (typeof(TDot) == typeof(Avx2PairDotProduct))
        {
            if (panels == 4)
            {
                Int4RowPairTile.Run<Extent2>(ref source, quads, ref codes, panelBytes, ref sums);
                Int4RowPairTile.Run<Extent2>(
                    ref source, quads, ref Unsafe.Add(ref codes, 2 * panelBytes), panelBytes, ref Unsafe.Add(ref sums, 32));
            }
            else if (panels == 2)
                Int4RowPairTile.Run<Extent2>(ref source, quads, ref codes, panelBytes, ref sums);
            else
                Int4RowPairTile.Run<Extent1>(ref source, quads, ref codes, panelBytes, ref sums);
        }
        else if (panels == 4)
        {
            Int4RowTile.Run<TDot, TVector, Extent4>(ref source, quads, ref codes, panelBytes, ref sums);
        }
        else if (panels == 2)
        {
            Int4RowTile.Run<TDot, TVector, Extent2>(ref source, quads, ref codes, panelBytes, ref sums);
        }
        else
        {
            Int4RowTile.Run<TDot, TVector, Extent1>(ref source, quads, ref codes, panelBytes, ref sums);
        }
    }

    /// <summary>Adds biases and what all sums of the row get.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Add(ref int sums, ref int bias, int offset, int width)
    {
        unchecked
        {
            Vector128<int> all = Vector128.Create(offset);
            for (int i = 0; i < width; i += 4)
            {
                ref int four = ref Unsafe.Add(ref sums, i);
                (Vector128.LoadUnsafe(ref four) + all + Vector128.LoadUnsafe(ref Unsafe.Add(ref bias, i))).StoreUnsafe(ref four);
            }
        }
    }

    /// <summary>Starts sums with biases; those beyond the last channel with 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Start(ref int sums, ref int bias, int width, int all)
    {
        unchecked
        {
            for (int i = 0; i < all; i += 4)
            {
                Vector128<int> start = i < width ? Vector128.LoadUnsafe(ref Unsafe.Add(ref bias, i)) : default;
                start.StoreUnsafe(ref Unsafe.Add(ref sums, i));
            }
        }
    }

    /// <summary>Adds the sums of a group of inputs times its factors, for a panel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply(ref int ofGroup, int offset, ref byte factors, ref int sums)
    {
        unchecked
        {
            if (Avx2.IsSupported)
            {
                for (int i = 0; i < PanelWidth; i += 8)
                {
                    Vector256<int> factor = Avx2.ConvertToVector256Int32(
                        Vector128.CreateScalar(Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref factors, i))).AsByte());
                    ref int eight = ref Unsafe.Add(ref sums, i);
                    Vector256<int> sum = Vector256.LoadUnsafe(ref Unsafe.Add(ref ofGroup, i)) + Vector256.Create(offset);
                    (Vector256.LoadUnsafe(ref eight) + (sum * factor)).StoreUnsafe(ref eight);
                }

                return;
            }

            for (int i = 0; i < PanelWidth; i += 4)
            {
                Vector128<int> factor = Vector128.Create(
                    (int)Unsafe.Add(ref factors, i), Unsafe.Add(ref factors, i + 1), Unsafe.Add(ref factors, i + 2),
                    Unsafe.Add(ref factors, i + 3));
                ref int four = ref Unsafe.Add(ref sums, i);
                (Vector128.LoadUnsafe(ref four)
                    + ((Vector128.LoadUnsafe(ref Unsafe.Add(ref ofGroup, i)) + Vector128.Create(offset)) * factor)).StoreUnsafe(ref four);
            }
        }
    }
}
