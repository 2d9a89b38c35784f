namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// Products of a block of rows with sums of at most eight inputs (1×1 convolutions of images and of few channels), where requantisation
/// takes longer than the products: sums never leave the registers, whatever their number, and what a panel of channels needs for it is
/// loaded once for all rows.
/// </summary>
/// <remarks>
/// Of vectors of 256 bits only: tiles of 512 have twice as many channels for an input and a store, and requantise in registers anyway.
/// </remarks>
internal static class Int8ShortLoop
{
    /// <summary>The most groups of four inputs.</summary>
    private const int MostQuads = 2;

    /// <summary>The least rows: as many as are packed together of a panel of eight channels.</summary>
    private const int LeastRows = 4;

    private const int PanelWidth = 16;

    /// <summary>
    /// Whether a product has so few rows and inputs that this form, with vectors of 256 bits, is faster than tiles of 512.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsFasterThan512(in Int8Product product) =>
        product.Height * product.Width is > 1 and < LeastRows && Suits(in product);

    /// <summary>Computes the channels of a group that this form takes: all, or none.</summary>
    /// <param name="w">The workspace, which has the offsets of the block's rows.</param>
    /// <param name="product">The layer.</param>
    /// <param name="group">The group.</param>
    /// <param name="from">The first channel, a multiple of 16.</param>
    /// <param name="to">The end of the channels, a multiple of 8.</param>
    /// <param name="rows">The rows of the block.</param>
    /// <typeparam name="TDot">The instruction set.</typeparam>
    /// <typeparam name="TVector">Its vector.</typeparam>
    /// <returns>Where the channels that are done end: at <paramref name="from"/> or <paramref name="to"/>.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Run<TDot, TVector>(Workspace w, in Int8Product product, int group, int from, int to, int rows)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
    {
        if (typeof(TVector) != typeof(Vector256<int>) || !Avx2.IsSupported || !Suits(in product))
            return from;
        if (product.Quads == 1)
            Panels<TDot, TVector, Extent1>(w, in product, group, from, to, rows);
        else
            Panels<TDot, TVector, Extent2>(w, in product, group, from, to, rows);
        return to;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool Suits(in Int8Product product) =>
        product.SegmentQuads <= MostQuads && product.SegmentRows == 1 && product.SegmentColumns == 1 && product.Requantization.IsPlain
        && product.RowFactor == 0;

    /// <summary>All panels of a group.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Panels<TDot, TVector, TQuads>(Workspace w, in Int8Product product, int group, int from, int to, int rows)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
        where TQuads : struct, IExtent
    {
        unchecked
        {
            ref byte arena = ref Unsafe.Add(ref w.Arena(0), (nint)(group * product.InputGroupStep));
            ref byte packed = ref Unsafe.As<int, byte>(ref w.RowSums);

            // Behind fewer rows than are packed together the last one is repeated.
            for (int row = rows; row < LeastRows; row++)
            {
                Unsafe.Add(ref w.RowInputs, row) = Unsafe.Add(ref w.RowInputs, rows - 1);
                Unsafe.Add(ref w.RowOutputs, row) = Unsafe.Add(ref w.RowOutputs, rows - 1);
            }

            int panel;
            for (int channel = from; channel < to; channel += panel)
            {
                panel = to - channel >= PanelWidth ? PanelWidth : 8;
                int index = (group * product.PaddedChannels) + channel;
                int left = product.Channels - channel;
                ref byte weights = ref product.Panel(w, product.Weights + (index * TQuads.Value * 4));
                ref byte bias = ref product.Constant(w, product.Bias + (index * 4));
                ref byte multipliers = ref product.Constant(w, product.Multipliers + (index * 4));
                ref byte output = ref w.Arena((group * product.Channels) + channel);
                bool whole = left >= panel;
                if (panel == PanelWidth)
                {
                    Sixteens256<TDot, TVector, TQuads>(
                        ref arena, ref w.RowInputs, rows < 2 ? 2 : rows, ref weights, ref bias, ref multipliers,
                        in product.Requantization, whole, ref packed, ref output, ref w.RowOutputs);
                }
                else
                {
                    Eights256<TDot, TVector, TQuads>(
                        ref arena, ref w.RowInputs, rows < LeastRows ? LeastRows : rows, ref weights, ref bias, ref multipliers,
                        in product.Requantization, whole, ref packed, ref output, ref w.RowOutputs);
                }

                if (!whole)
                    PartialStore.Rows(ref packed, panel, rows, ref output, ref w.RowOutputs, left);
            }
        }
    }

    /// <summary>Sixteen channels with AVX2, two rows at a time; the last ones overlap those before them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Sixteens256<TDot, TVector, TQuads>(
        ref byte arena, ref int inputs, int rows, ref byte weights, ref byte bias, ref byte multipliers,
        in Requantization requantization, bool whole, ref byte packed, ref byte output, ref int outputs)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
        where TQuads : struct, IExtent
    {
        unchecked
        {
            TVector first0 = TDot.Load(ref weights);
            TVector first1 = TDot.Load(ref Unsafe.Add(ref weights, 32));
            TVector second0 = TQuads.Value > 1 ? TDot.Load(ref Unsafe.Add(ref weights, 64)) : first0;
            TVector second1 = TQuads.Value > 1 ? TDot.Load(ref Unsafe.Add(ref weights, 96)) : first1;
            TVector start0 = TDot.Load(ref bias);
            TVector start1 = TDot.Load(ref Unsafe.Add(ref bias, 32));
            Vector256<int> even0 = Vector256.LoadUnsafe(ref multipliers).AsInt32();
            Vector256<int> even1 = Vector256.LoadUnsafe(ref multipliers, 32).AsInt32();
            Vector256<int> odd0 = Avx2.ShiftRightLogical(even0.AsInt64(), 32).AsInt32();
            Vector256<int> odd1 = Avx2.ShiftRightLogical(even1.AsInt64(), 32).AsInt32();
            Vector256<int> addend = Vector256.Create(requantization.Addend);
            Vector256<uint> shift = Vector256.Create((uint)requantization.UpperShift);
            for (int row = 0; row < rows; row += 2)
            {
                int at = row < rows - 2 ? row : rows - 2;
                int from = Unsafe.Add(ref inputs, at);
                int next = Unsafe.Add(ref inputs, at + 1);
                Vector256<byte> bytes = RequantizedBlock.Bytes(
                    Value256<TDot, TVector, TQuads>(ref arena, from, start0, first0, second0, even0, odd0, addend, shift),
                    Value256<TDot, TVector, TQuads>(ref arena, from, start1, first1, second1, even1, odd1, addend, shift),
                    Value256<TDot, TVector, TQuads>(ref arena, next, start0, first0, second0, even0, odd0, addend, shift),
                    Value256<TDot, TVector, TQuads>(ref arena, next, start1, first1, second1, even1, odd1, addend, shift));
                if (!whole)
                {
                    bytes.StoreUnsafe(ref Unsafe.Add(ref packed, at * PanelWidth));
                    continue;
                }

                bytes.GetLower().StoreUnsafe(ref Unsafe.Add(ref output, (nint)Unsafe.Add(ref outputs, at)));
                bytes.GetUpper().StoreUnsafe(ref Unsafe.Add(ref output, (nint)Unsafe.Add(ref outputs, at + 1)));
            }
        }
    }

    /// <summary>Eight channels with AVX2, four rows at a time; the last ones overlap those before them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Eights256<TDot, TVector, TQuads>(
        ref byte arena, ref int inputs, int rows, ref byte weights, ref byte bias, ref byte multipliers,
        in Requantization requantization, bool whole, ref byte packed, ref byte output, ref int outputs)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
        where TQuads : struct, IExtent
    {
        unchecked
        {
            TVector first = TDot.Load(ref weights);
            TVector second = TQuads.Value > 1 ? TDot.Load(ref Unsafe.Add(ref weights, 32)) : first;
            TVector start = TDot.Load(ref bias);
            Vector256<int> even = Vector256.LoadUnsafe(ref multipliers).AsInt32();
            Vector256<int> odd = Avx2.ShiftRightLogical(even.AsInt64(), 32).AsInt32();
            Vector256<int> addend = Vector256.Create(requantization.Addend);
            Vector256<uint> shift = Vector256.Create((uint)requantization.UpperShift);
            for (int row = 0; row < rows; row += 4)
            {
                int at = row < rows - 4 ? row : rows - 4;
                ref int from = ref Unsafe.Add(ref inputs, at);
                Vector256<byte> bytes = RequantizedBlock.Bytes(
                    Value256<TDot, TVector, TQuads>(ref arena, from, start, first, second, even, odd, addend, shift),
                    Value256<TDot, TVector, TQuads>(ref arena, Unsafe.Add(ref from, 1), start, first, second, even, odd, addend, shift),
                    Value256<TDot, TVector, TQuads>(ref arena, Unsafe.Add(ref from, 2), start, first, second, even, odd, addend, shift),
                    Value256<TDot, TVector, TQuads>(ref arena, Unsafe.Add(ref from, 3), start, first, second, even, odd, addend, shift));
                if (whole)
                    RequantizedBlock.Store(bytes, ref output, ref Unsafe.Add(ref outputs, at));
                else
                    bytes.StoreUnsafe(ref Unsafe.Add(ref packed, at * 8));
            }
        }
    }

    /// <summary>The requantised sums of a row and a vector of channels; of four lanes the even ones first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Value256<TDot, TVector, TQuads>(
        ref byte arena, int row, TVector start, TVector first, TVector second, Vector256<int> even, Vector256<int> odd,
        Vector256<int> addend, Vector256<uint> shift)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
        where TQuads : struct, IExtent =>
        RequantizedBlock.Values(
            Unsafe.BitCast<TVector, Vector256<int>>(Sum<TDot, TVector, TQuads>(ref arena, row, start, first, second)), even, odd, addend,
            shift);

    /// <summary>The sums of a row and a vector of channels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Sum<TDot, TVector, TQuads>(ref byte arena, int row, TVector start, TVector first, TVector second)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
        where TQuads : struct, IExtent
    {
        ref byte source = ref Unsafe.Add(ref arena, (nint)row);
        TVector sum = Quad<TDot, TVector>(start, ref source, first);
        return TQuads.Value > 1 ? Quad<TDot, TVector>(sum, ref Unsafe.Add(ref source, 4), second) : sum;
    }

    /// <summary>Adds the products of four inputs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Quad<TDot, TVector>(TVector sum, ref byte source, TVector weights)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
    {
        TVector inputs = TDot.Broadcast(ref source);
        return TDot.MultiplyAdd(
            sum, TDot.EvenActivations(inputs), TDot.OddActivations(inputs), TDot.EvenWeights(weights), TDot.OddWeights(weights));
    }
}
