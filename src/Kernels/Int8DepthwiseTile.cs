namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>
/// The register tile of the depthwise kernel: four vectors of channels of one, two or three neighbouring output pixels, summed over
/// interleaved quads of taps.
/// </summary>
internal static class Int8DepthwiseTile
{
    /// <summary>The most pixels that a tile has.</summary>
    public const int MaximumPixels = 3;

    /// <summary>Sums the products of the tile, requantises and stores them, or leaves them in the scratch memory.</summary>
    /// <param name="row">What all tiles of a row share.</param>
    /// <param name="quads">The first pixel's first quad.</param>
    /// <param name="weights">The weights of the first quad.</param>
    /// <param name="start">What the sums start with.</param>
    /// <param name="multipliers">The multipliers of the first vector.</param>
    /// <param name="output">Where the first pixel's first output goes.</param>
    /// <param name="sums">Receives the sums, four vectors a pixel, where they are not requantised to bytes by upper halves.</param>
    /// <typeparam name="TDot">The instruction set.</typeparam>
    /// <typeparam name="TVector">Its vector.</typeparam>
    /// <typeparam name="TForm">How channels are interleaved and stored.</typeparam>
    /// <typeparam name="TPixels">The pixels: 1, 2 or 3.</typeparam>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<TDot, TVector, TForm, TPixels>(
        in Int8DepthwiseRow row, ref byte quads, ref byte weights, ref byte start, ref byte multipliers, ref byte output, ref int sums)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
        where TForm : struct, IDepthwiseVector<TVector>
        where TPixels : struct, IExtent
    {
        unchecked
        {
            nint stride = row.VectorStride;
            nint step = row.PixelStep;
            TVector a0 = TDot.Load(ref start);
            TVector a1 = TDot.Load(ref Unsafe.Add(ref start, row.StartStride));
            TVector a2 = TDot.Load(ref Unsafe.Add(ref start, 2 * row.StartStride));
            TVector a3 = TDot.Load(ref Unsafe.Add(ref start, 3 * row.StartStride));
            TVector b0 = a0;
            TVector b1 = a1;
            TVector b2 = a2;
            TVector b3 = a3;
            TVector c0 = a0;
            TVector c1 = a1;
            TVector c2 = a2;
            TVector c3 = a3;
            for (int column = row.Columns; column > 0; column--)
            {
                for (int quad = row.ColumnQuads; quad > 0; quad--)
                {
                    Channel<TDot, TVector, TPixels>(ref quads, step, ref weights, ref a0, ref b0, ref c0);
                    Channel<TDot, TVector, TPixels>(
                        ref Unsafe.Add(ref quads, TForm.Bytes), step, ref Unsafe.Add(ref weights, stride), ref a1, ref b1, ref c1);
                    Channel<TDot, TVector, TPixels>(
                        ref Unsafe.Add(ref quads, 2 * TForm.Bytes), step, ref Unsafe.Add(ref weights, 2 * stride), ref a2, ref b2, ref c2);
                    Channel<TDot, TVector, TPixels>(
                        ref Unsafe.Add(ref quads, 3 * TForm.Bytes), step, ref Unsafe.Add(ref weights, 3 * stride), ref a3, ref b3, ref c3);
                    quads = ref Unsafe.Add(ref quads, 4 * TForm.Bytes);
                    weights = ref Unsafe.Add(ref weights, 4 * stride);
                }

                quads = ref Unsafe.Add(ref quads, row.ColumnGap);
            }

            if (RequantizedRow.IsSupported && row.Requantization.FitsUpperHalves)
            {
                TForm.StoreRow(a0, a1, a2, a3, ref multipliers, stride, in row.Requantization, ref output, row.Count);
                if (TPixels.Value > 1)
                {
                    output = ref Unsafe.Add(ref output, row.OutputPixelStride);
                    TForm.StoreRow(b0, b1, b2, b3, ref multipliers, stride, in row.Requantization, ref output, row.Count);
                }

                if (TPixels.Value > 2)
                {
                    output = ref Unsafe.Add(ref output, row.OutputPixelStride);
                    TForm.StoreRow(c0, c1, c2, c3, ref multipliers, stride, in row.Requantization, ref output, row.Count);
                }

                return;
            }

            Leave<TDot, TVector>(a0, a1, a2, a3, ref sums);
            if (TPixels.Value > 1)
                Leave<TDot, TVector>(b0, b1, b2, b3, ref Unsafe.Add(ref sums, TForm.Bytes));
            if (TPixels.Value > 2)
                Leave<TDot, TVector>(c0, c1, c2, c3, ref Unsafe.Add(ref sums, 2 * TForm.Bytes));
        }
    }

    /// <summary>One quad of one vector of channels, for all pixels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Channel<TDot, TVector, TPixels>(
        ref byte quads, nint step, ref byte weights, ref TVector a, ref TVector b, ref TVector c)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
        where TPixels : struct, IExtent
    {
        TVector lanes = TDot.Load(ref weights);
        TVector even = TDot.EvenWeights(lanes);
        TVector odd = TDot.OddWeights(lanes);
        TVector x = TDot.Load(ref quads);
        a = TDot.MultiplyAdd(a, TDot.EvenActivations(x), TDot.OddActivations(x), even, odd);
        if (TPixels.Value > 1)
        {
            x = TDot.Load(ref Unsafe.Add(ref quads, step));
            b = TDot.MultiplyAdd(b, TDot.EvenActivations(x), TDot.OddActivations(x), even, odd);
        }

        if (TPixels.Value > 2)
        {
            x = TDot.Load(ref Unsafe.Add(ref quads, 2 * step));
            c = TDot.MultiplyAdd(c, TDot.EvenActivations(x), TDot.OddActivations(x), even, odd);
        }
    }

    /// <summary>Leaves the sums of one pixel in the scratch memory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Leave<TDot, TVector>(TVector sums0, TVector sums1, TVector sums2, TVector sums3, ref int sums)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
    {
        TDot.Store(sums0, ref Unsafe.As<int, byte>(ref sums));
        TDot.Store(sums1, ref Unsafe.As<int, byte>(ref Unsafe.Add(ref sums, TDot.Lanes)));
        TDot.Store(sums2, ref Unsafe.As<int, byte>(ref Unsafe.Add(ref sums, 2 * TDot.Lanes)));
        TDot.Store(sums3, ref Unsafe.As<int, byte>(ref Unsafe.Add(ref sums, 3 * TDot.Lanes)));
    }
}
