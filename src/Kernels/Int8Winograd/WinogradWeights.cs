namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.InteropServices;
using global::System.Threading;

/// <summary>
/// The weights of a model's Winograd convolutions as their products take them: of each kernel g of 3×3 the words of G g Gᵀ, without
/// fractions. They are made of the packed ones when a layer first runs, since their form is that of some processors only, and shared by all
/// instances of the predictor.
/// </summary>
/// <remarks>A panel of 16 outputs: position after position, in each the inputs in pairs, 16 outputs × 2 inputs side by side.</remarks>
internal sealed class WinogradWeights
{
    private readonly WinogradWeights? _next;
    private readonly int _offset;
    private readonly int _inputs;
    private readonly int _channels;
    private readonly int _tile;
    private readonly byte[] _words;
    private readonly int _start;

    private WinogradWeights(WinogradWeights? next, in Int8WinogradProduct product)
    {
        _next = next;
        _offset = product.Direct.Weights;
        _inputs = product.Inputs;
        _channels = product.Direct.Channels;
        _tile = product.Tile;
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
            if (known._offset == product.Direct.Weights && known._inputs == product.Inputs && known._channels == product.Direct.Channels
                && known._tile == product.Tile)
            {
                return known;
            }
        }

        return null;
    }

    private static WinogradWeights Add(PackedWeights weights, Workspace w, in Int8WinogradProduct product)
    {
        var added = new WinogradWeights((WinogradWeights?)weights.Transformed, in product);
        ref byte packed = ref w.Weight(product.Direct.Weights);
        if (product.Tile == Winograd4x4.Tile)
            Transform<Winograd4x4>(ref packed, in product, ref Unsafe.As<byte, short>(ref added.First));
        else
            Transform<Winograd2x2>(ref packed, in product, ref Unsafe.As<byte, short>(ref added.First));
        // Threads that find it see its words, too: a reference is written after what was written before it.
        Interlocked.MemoryBarrier();
        weights.Transformed = added;
        return added;
    }

    /// <summary>Transforms all weights of a layer.</summary>
    /// <param name="packed">The first packed weight, in the layout of <c>Int8Packing</c>.</param>
    /// <param name="product">The layer.</param>
    /// <param name="words">Receives the words.</param>
    /// <typeparam name="TTransform">The transforms.</typeparam>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Transform<TTransform>(ref byte packed, in Int8WinogradProduct product, ref short words)
        where TTransform : struct, IWinogradTransform
    {
        unchecked
        {
            // Positions lie powers of two apart, so that a pair of inputs is put together apart from them: of lines in the same set of a
            // cache most would be thrown out before they are full.
            const int line = 2 * Int8WinogradProduct.PanelWidth;
            ref short lines = ref MemoryMarshal.GetArrayDataReference(new short[product.Positions * line]);
            nint tap = product.Inputs * Int8WinogradProduct.PanelWidth;
            nint position = product.MatrixBytes / sizeof(short);
            for (int panel = product.Direct.Channels / Int8WinogradProduct.PanelWidth; panel > 0; panel--)
            {
                for (int pair = 0; pair < product.Inputs >> 1; pair++)
                {
                    // Four inputs of an output stand side by side in the one form, two in the other.
                    ref byte from = ref Unsafe.Add(ref packed, ((pair >> 1) * 2 * line) + ((pair & 1) * 2));
                    for (nint i = 0; i < line; i++)
                        TTransform.Kernel(ref Unsafe.Add(ref from, ((i >> 1) * 4) + (i & 1)), tap, ref Unsafe.Add(ref lines, i), line);
                    for (nint p = 0; p < product.Positions; p++)
                    {
                        Unsafe.CopyBlockUnaligned(
                            ref Unsafe.As<short, byte>(ref Unsafe.Add(ref words, (p * position) + (pair * line))),
                            ref Unsafe.As<short, byte>(ref Unsafe.Add(ref lines, p * line)), line * sizeof(short));
                    }
                }

                packed = ref Unsafe.Add(ref packed, 9 * tap);
                words = ref Unsafe.Add(ref words, product.Positions * position);
            }
        }
    }
}
