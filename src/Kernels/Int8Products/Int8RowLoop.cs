namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>
/// Carries out an <see cref="Int8Product"/> of a single row (a dense layer on one sample): the weights stream by once, several panels at
/// a time (<see cref="Int8RowTile"/>).
/// </summary>
internal static class Int8RowLoop
{
    /// <summary>The most channels of a tile: four panels. Streaming eight of them at a time is slower by a fifteenth.</summary>
    private const int MaximumChannels = 64;

    private const int PanelWidth = 16;

    /// <summary>Computes a range of the output channels of every group. Parameters as in <see cref="Int8ProductLoop"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<TDot, TVector>(Workspace w, in Int8Product product, int from, int to)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
    {
        unchecked
        {
            int size = product.Requantization.IsWide ? 4 : 1;
            int panelBytes = PanelWidth * 4 * product.Quads;
            if (product.RowFactor != 0)
            {
                w.RowInputs = product.Input;
                Int8RowOffsets.Fill(in product, ref w.Arena(0), ref w.RowInputs, 1, ref w.RowOffsets);
            }

            for (int group = 0; group < product.Groups; group++)
            {
                int firstIndex = group * product.PaddedChannels;
                ref byte source = ref w.Arena(product.Input + (group * product.InputGroupStep));
                for (int channel = from; channel < to;)
                {
                    int index = firstIndex + channel;
                    bool whole = product.PaddedChannels - channel >= PanelWidth;
                    nint step = whole ? PanelWidth * 4 : 8 * 4;
                    ref byte weights = ref product.Panel(w, product.Weights + (index * product.Quads * 4));
                    int columns = Columns<TDot, TVector>(product.PaddedChannels - channel < to - channel
                        ? product.PaddedChannels - channel : to - channel);
                    int width = columns * TDot.Lanes;

                    // Two vectors of 8 lanes are a panel; four of 4 lanes; one of 16.
                    nint pair = TDot.Lanes == PanelWidth ? panelBytes : TDot.Lanes * 4;
                    nint panel = TDot.Lanes == 4 ? 2 * pair : TDot.Lanes == 8 ? panelBytes : 2 * panelBytes;
                    ref int start = ref Unsafe.As<byte, int>(ref product.Constant(w, product.Bias + (index * 4)));
                    if (TDot.IsOffset)
                    {
                        Offset<TDot, TVector>(in product, columns, pair, panel, step, ref weights, ref start, ref w.RowStart);
                        start = ref w.RowStart;
                    }

                    switch (columns)
                    {
                        case 8:
                            Int8RowTile.Run<TDot, TVector, Extent8>(
                                in product, ref source, ref weights, pair, panel, step, ref start, ref w.RowSums);
                            break;
                        case 4:
                            Int8RowTile.Run<TDot, TVector, Extent4>(
                                in product, ref source, ref weights, pair, panel, step, ref start, ref w.RowSums);
                            break;
                        case 2:
                            Int8RowTile.Run<TDot, TVector, Extent2>(
                                in product, ref source, ref weights, pair, panel, step, ref start, ref w.RowSums);
                            break;
                        default:
                            Int8RowTile.Run<TDot, TVector, Extent1>(
                                in product, ref source, ref weights, pair, panel, step, ref start, ref w.RowSums);
                            break;
                    }

                    if (product.RowFactor != 0)
                        Int8RowOffsets.Add(ref w.RowSums, width, 1, ref w.RowOffsets);
                    int count = product.Channels - channel < width ? product.Channels - channel : width;
                    w.RowOutputs = product.Output + (((group * product.Channels) + channel) * size);
                    RequantizedStore.Rows(
                        ref w.Arena(0), ref w.RowSums, MaximumChannels, ref w.RowOutputs, 1, count,
                        ref product.Constant(w, product.Multipliers + (index * 4)), in product.Requantization);
                    channel += width;
                }
            }
        }
    }

    /// <summary>The vectors of the next tile, for so many channels left.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Columns<TDot, TVector>(int left)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
    {
        if (TDot.Lanes == 4)
            return left >= PanelWidth ? 4 : 2;
        return left >= MaximumChannels && TDot.Lanes == 8 ? 8 : left >= 4 * TDot.Lanes ? 4 : left >= 2 * TDot.Lanes ? 2 : 1;
    }

    /// <summary>What the sums start with where the instruction takes activations less 128.</summary>
    private static void Offset<TDot, TVector>(
        in Int8Product product, int columns, nint pair, nint panel, nint step, ref byte weights, ref int bias, ref int start)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
    {
        unchecked
        {
            for (int column = 0; column < columns; column += 2)
            {
                int width = columns == 1 ? TDot.Lanes : 2 * TDot.Lanes;
                Int8ProductLoop.OffsetStart<TDot, TVector>(
                    in product, width, pair, step, ref Unsafe.Add(ref weights, column / 2 * panel),
                    ref Unsafe.Add(ref bias, column * TDot.Lanes), ref Unsafe.Add(ref start, column * TDot.Lanes));
            }
        }
    }
}
