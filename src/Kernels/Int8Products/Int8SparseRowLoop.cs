namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>
/// Carries out an <see cref="Int8SparseProduct"/> of a single row (a dense layer on one sample): panel after panel
/// (<see cref="Int8SparseRowTile"/>), eight of which are requantised together.
/// </summary>
internal static class Int8SparseRowLoop
{
    private const int PanelWidth = 16;

    /// <summary>Channels that are requantised together.</summary>
    private const int MaximumChannels = 128;

    /// <summary>Computes a range of the output channels of every group. Parameters as in <see cref="Int8SparseLoop"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<TDot, TVector>(Workspace w, in Int8SparseProduct sparse, int from, int to)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
    {
        unchecked
        {
            ref readonly Int8Product product = ref sparse.Product;
            int size = product.Requantization.IsWide ? 4 : 1;
            for (int group = 0; group < product.Groups; group++)
            {
                int firstIndex = group * product.PaddedChannels;
                ref byte source = ref w.Arena(product.Input + (group * product.InputGroupStep));
                for (int first = from; first < to; first += MaximumChannels)
                {
                    int end = to - first < MaximumChannels ? to : first + MaximumChannels;
                    int whole = first + ((end - first) & ~(PanelWidth - 1));
                    if (whole > first)
                        Panels<TDot, TVector>(w, in sparse, group, first, whole, PanelWidth, ref source, ref w.RowSums);
                    if (whole < end)
                        Panels<TDot, TVector>(w, in sparse, group, whole, end, 8, ref source, ref Unsafe.Add(ref w.RowSums, whole - first));
                    int count = (product.Channels < end ? product.Channels : end) - first;
                    w.RowOutputs = product.Output + (((group * product.Channels) + first) * size);
                    RequantizedStore.Rows(
                        ref w.Arena(0), ref w.RowSums, MaximumChannels, ref w.RowOutputs, 1, count,
                        ref w.Weight(product.Multipliers + ((firstIndex + first) * 4)), in product.Requantization);
                }
            }
        }
    }

    /// <summary>The sums of panels of one width.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Panels<TDot, TVector>(
        Workspace w, in Int8SparseProduct sparse, int group, int from, int to, int width, ref byte source, ref int sums)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
    {
        unchecked
        {
            int index = (group * sparse.Product.PaddedChannels) + from;
            int panels = (to - from) / width;
            ref int bounds = ref sparse.Bounds(w, group, from);
            ref byte weights = ref w.Weight(sparse.Product.Weights + (bounds * Int8SparseProduct.BlockBytes));
            ref ushort columns = ref Unsafe.As<byte, ushort>(ref w.Weight(sparse.Columns + (bounds * 2)));
            ref int start = ref Int8SparseLoop.Start<TDot, TVector>(w, in sparse, index, panels, width, ref bounds, ref weights);
            if (TDot.Lanes * 4 == width)
            {
                Int8SparseRowTile.Run<TDot, TVector, Extent4>(
                    in sparse.Product, ref source, panels, ref weights, ref columns, ref bounds, ref start, ref sums);
            }
            else if (TDot.Lanes * 2 == width)
            {
                Int8SparseRowTile.Run<TDot, TVector, Extent2>(
                    in sparse.Product, ref source, panels, ref weights, ref columns, ref bounds, ref start, ref sums);
            }
            else
            {
                Int8SparseRowTile.Run<TDot, TVector, Extent1>(
                    in sparse.Product, ref source, panels, ref weights, ref columns, ref bounds, ref start, ref sums);
            }
        }
    }
}
