namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.InteropServices;
using global::System.Threading;

/// <summary>
/// The weights of a model's Winograd convolutions as their products take them: of each kernel g of 3×3 the 16 words of (2G) g (2G)ᵀ, at
/// most 1,152 in magnitude. They are made of the packed ones when a layer first runs, since their form is that of some processors only, and
/// shared by all instances of the predictor.
/// </summary>
/// <remarks>A panel of 16 outputs: position after position, in each the inputs in pairs, 16 outputs × 2 inputs side by side.</remarks>
internal sealed class WinogradWeights
{
    private readonly WinogradWeights? _next;
    private readonly int _offset;
    private readonly int _inputs;
    private readonly int _channels;
    private readonly byte[] _words;
    private readonly int _start;

    private WinogradWeights(WinogradWeights? next, in Int8WinogradProduct product)
    {
        _next = next;
        _offset = product.Direct.Weights;
        _inputs = product.Inputs;
        _channels = product.Direct.Channels;
        _words = GC.AllocateUninitializedArray<byte>(unchecked(product.WeightBytes + 64), pinned: true);
        _start = PackedWeights.AlignedStart(_words);
    }

    /// <summary>The first transformed weight of a layer.</summary>
    public static ref byte Of(Workspace w, in Int8WinogradProduct product)
    {
        PackedWeights weights = w.SharedWeights;
        WinogradWeights? known = Find(weights, in product);
        if (known is null)
        {
            lock (weights)
            {
                known = Find(weights, in product) ?? Add(weights, w, in product);
            }
        }

        return ref known.First;
    }

    private ref byte First => ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_words), (nint)_start);

    // Equal bytes lie in the weights once, also those of layers of other shapes.
    private static WinogradWeights? Find(PackedWeights weights, in Int8WinogradProduct product)
    {
        for (var known = (WinogradWeights?)weights.Transformed; known is not null; known = known._next)
        {
            if (known._offset == product.Direct.Weights && known._inputs == product.Inputs && known._channels == product.Direct.Channels)
                return known;
        }

        return null;
    }

    private static WinogradWeights Add(PackedWeights weights, Workspace w, in Int8WinogradProduct product)
    {
        var added = new WinogradWeights((WinogradWeights?)weights.Transformed, in product);
        Transform(ref w.Weight(product.Direct.Weights), in product, ref Unsafe.As<byte, short>(ref added.First));
        // Threads that find it see its words, too: a reference is written after what was written before it.
        Interlocked.MemoryBarrier();
        weights.Transformed = added;
        return added;
    }

    /// <summary>Transforms all weights of a layer.</summary>
    /// <param name="packed">The first packed weight, in the layout of <c>Int8Packing</c>.</param>
    /// <param name="product">The layer.</param>
    /// <param name="words">Receives the words.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Transform(ref byte packed, in Int8WinogradProduct product, ref short words)
    {
        unchecked
        {
            nint tap = product.Inputs * Int8WinogradProduct.PanelWidth;
            nint position = product.MatrixBytes / sizeof(short);
            for (int panel = product.Direct.Channels / Int8WinogradProduct.PanelWidth; panel > 0; panel--)
            {
                for (nint i = 0; i < tap; i++)
                {
                    // Four inputs of an output stand side by side in the one form, two in the other.
                    nint lane = (i >> 2) & (Int8WinogradProduct.PanelWidth - 1);
                    nint pair = ((i >> 6) << 1) + ((i >> 1) & 1);
                    ref byte from = ref Unsafe.Add(ref packed, i);
                    ref short to = ref Unsafe.Add(ref words, (((pair * Int8WinogradProduct.PanelWidth) + lane) << 1) + (i & 1));
                    Column(ref from, 3 * tap, out int a0, out int a1, out int a2, out int a3);
                    Column(ref Unsafe.Add(ref from, tap), 3 * tap, out int b0, out int b1, out int b2, out int b3);
                    Column(ref Unsafe.Add(ref from, 2 * tap), 3 * tap, out int c0, out int c1, out int c2, out int c3);
                    Row(a0, b0, c0, ref to, position);
                    Row(a1, b1, c1, ref Unsafe.Add(ref to, 4 * position), position);
                    Row(a2, b2, c2, ref Unsafe.Add(ref to, 8 * position), position);
                    Row(a3, b3, c3, ref Unsafe.Add(ref to, 12 * position), position);
                }

                packed = ref Unsafe.Add(ref packed, 9 * tap);
                words = ref Unsafe.Add(ref words, Int8WinogradProduct.Positions * position);
            }
        }
    }

    /// <summary>A column of three weights, times 2G.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Column(ref byte weight, nint row, out int first, out int second, out int third, out int fourth)
    {
        unchecked
        {
            int upper = (sbyte)weight;
            int middle = (sbyte)Unsafe.Add(ref weight, row);
            int lower = (sbyte)Unsafe.Add(ref weight, 2 * row);
            first = 2 * upper;
            second = upper + middle + lower;
            third = upper - middle + lower;
            fourth = 2 * lower;
        }
    }

    /// <summary>A row of three such numbers, times (2G)ᵀ.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Row(int left, int middle, int right, ref short words, nint position)
    {
        unchecked
        {
            words = (short)(2 * left);
            Unsafe.Add(ref words, position) = (short)(left + middle + right);
            Unsafe.Add(ref words, 2 * position) = (short)(left - middle + right);
            Unsafe.Add(ref words, 3 * position) = (short)(2 * right);
        }
    }
}
