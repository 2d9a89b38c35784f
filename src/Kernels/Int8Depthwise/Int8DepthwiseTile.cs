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

    /// <summary>Sums the products of consecutive tiles, requantises and stores them.</summary>
    /// <param name="row">What all tiles of a row share.</param>
    /// <param name="quads">The first pixel's first quad.</param>
    /// <param name="weights">The weights of the first quad.</param>
    /// <param name="start">What the sums start with.</param>
    /// <param name="multipliers">The multipliers of the first vector.</param>
    /// <param name="output">Where the first pixel's first output goes.</param>
    /// <param name="tiles">How many tiles follow one another.</param>
    /// <param name="sums">Receives the sums, four vectors a pixel, where they are not requantised to bytes by upper halves.</param>
    /// <typeparam name="TDot">The instruction set.</typeparam>
    /// <typeparam name="TVector">Its vector.</typeparam>
    /// <typeparam name="TForm">How channels are interleaved and stored.</typeparam>
    /// <typeparam name="TPixels">The pixels: 1, 2 or 3.</typeparam>
    /// <typeparam name="TPlain">
    /// 1 where all channels of the vectors are stored and sums are not shifted left; 0 where that is not known.
    /// </typeparam>
    /// <typeparam name="TSlides">
    /// 1 where the kernel has three columns of one quad and pixels are one place apart; 2 where the quads, besides, start one row above the
    /// kernel's.
    /// </typeparam>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<TDot, TVector, TForm, TPixels, TPlain, TSlides>(
        in Int8DepthwiseRow row, ref byte quads, ref byte weights, ref byte start, ref byte multipliers, ref byte output, int tiles,
        ref int sums)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
        where TForm : struct, IDepthwiseVector<TVector>
        where TPixels : struct, IExtent
        where TPlain : struct, IExtent
        where TSlides : struct, IExtent
    {
        unchecked
        {
            nint stride = row.VectorStride;
            nint step = row.PixelStep;
            for (; tiles > 0; tiles--)
            {
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
                if (TSlides.Value > 0)
                {
                    Slide<TDot, TVector, TForm, TPixels, TSlides>(ref quads, ref weights, stride, ref a0, ref b0, ref c0);
                    Slide<TDot, TVector, TForm, TPixels, TSlides>(
                        ref Unsafe.Add(ref quads, TForm.Bytes), ref Unsafe.Add(ref weights, stride), stride, ref a1, ref b1, ref c1);
                    Slide<TDot, TVector, TForm, TPixels, TSlides>(
                        ref Unsafe.Add(ref quads, 2 * TForm.Bytes), ref Unsafe.Add(ref weights, 2 * stride), stride, ref a2, ref b2,
                        ref c2);
                    Slide<TDot, TVector, TForm, TPixels, TSlides>(
                        ref Unsafe.Add(ref quads, 3 * TForm.Bytes), ref Unsafe.Add(ref weights, 3 * stride), stride, ref a3, ref b3,
                        ref c3);
                }
                else
                {
                    ref byte taps = ref weights;
                    ref byte place = ref quads;
                    for (int column = row.Columns; column > 0; column--)
                    {
                        for (int quad = row.ColumnQuads; quad > 0; quad--)
                        {
                            Channel<TDot, TVector, TPixels>(ref place, step, ref taps, ref a0, ref b0, ref c0);
                            Channel<TDot, TVector, TPixels>(
                                ref Unsafe.Add(ref place, TForm.Bytes), step, ref Unsafe.Add(ref taps, stride), ref a1, ref b1, ref c1);
                            Channel<TDot, TVector, TPixels>(
                                ref Unsafe.Add(ref place, 2 * TForm.Bytes), step, ref Unsafe.Add(ref taps, 2 * stride), ref a2, ref b2,
                                ref c2);
                            Channel<TDot, TVector, TPixels>(
                                ref Unsafe.Add(ref place, 3 * TForm.Bytes), step, ref Unsafe.Add(ref taps, 3 * stride), ref a3, ref b3,
                                ref c3);
                            place = ref Unsafe.Add(ref place, 4 * TForm.Bytes);
                            taps = ref Unsafe.Add(ref taps, 4 * stride);
                        }

                        place = ref Unsafe.Add(ref place, row.ColumnGap);
                    }
                }

                quads = ref Unsafe.Add(ref quads, TPixels.Value * step);
                if (TPlain.Value == 0 && !(RequantizedRow.IsSupported && row.Requantization.FitsUpperHalves))
                {
                    Leave<TDot, TVector>(a0, a1, a2, a3, ref sums);
                    if (TPixels.Value > 1)
                        Leave<TDot, TVector>(b0, b1, b2, b3, ref Unsafe.Add(ref sums, TForm.Bytes));
                    if (TPixels.Value > 2)
                        Leave<TDot, TVector>(c0, c1, c2, c3, ref Unsafe.Add(ref sums, 2 * TForm.Bytes));
                    Int8DepthwiseSums.Requantize<TDot, TVector, TForm>(in row, TPixels.Value, ref multipliers, ref output, ref sums);
                    output = ref Unsafe.Add(ref output, TPixels.Value * row.OutputPixelStride);
                    continue;
                }

                if (TPlain.Value == 0 && row.Requantization.LeftShift > 0)
                {
                    Raise<TDot, TVector>(ref a0, ref a1, ref a2, ref a3, in row.Requantization);
                    if (TPixels.Value > 1)
                        Raise<TDot, TVector>(ref b0, ref b1, ref b2, ref b3, in row.Requantization);
                    if (TPixels.Value > 2)
                        Raise<TDot, TVector>(ref c0, ref c1, ref c2, ref c3, in row.Requantization);
                }

                TVector m0 = TDot.Load(ref multipliers);
                TVector m1 = TDot.Load(ref Unsafe.Add(ref multipliers, stride));
                TVector m2 = TDot.Load(ref Unsafe.Add(ref multipliers, 2 * stride));
                TVector m3 = TDot.Load(ref Unsafe.Add(ref multipliers, 3 * stride));

                // Everything is computed before anything is stored, so that constants are loaded once for all pixels.
                a0 = TForm.Requantize(a0, a1, a2, a3, m0, m1, m2, m3, in row.Requantization);
                if (TPixels.Value > 1)
                    b0 = TForm.Requantize(b0, b1, b2, b3, m0, m1, m2, m3, in row.Requantization);
                if (TPixels.Value > 2)
                    c0 = TForm.Requantize(c0, c1, c2, c3, m0, m1, m2, m3, in row.Requantization);
                int count = TPlain.Value == 0 ? row.Count : TForm.Bytes;
                TForm.StoreBytes(a0, ref output, count);
                if (TPixels.Value > 1)
                    TForm.StoreBytes(b0, ref Unsafe.Add(ref output, row.OutputPixelStride), count);
                if (TPixels.Value > 2)
                    TForm.StoreBytes(c0, ref Unsafe.Add(ref output, 2 * row.OutputPixelStride), count);
                output = ref Unsafe.Add(ref output, TPixels.Value * row.OutputPixelStride);
            }
        }
    }

    /// <summary>
    /// Three columns of one quad each, one beside the other, of one vector of channels: every column is loaded once and serves all pixels.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Slide<TDot, TVector, TForm, TPixels, TSlides>(
        ref byte quads, ref byte weights, nint stride, ref TVector a, ref TVector b, ref TVector c)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
        where TForm : struct, IDepthwiseVector<TVector>
        where TPixels : struct, IExtent
        where TSlides : struct, IExtent
    {
        TVector first = TDot.Load(ref weights);
        TVector second = TDot.Load(ref Unsafe.Add(ref weights, 4 * stride));
        TVector third = TDot.Load(ref Unsafe.Add(ref weights, 8 * stride));
        if (TSlides.Value > 1)
        {
            first = TForm.OneRowDown(first);
            second = TForm.OneRowDown(second);
            third = TForm.OneRowDown(third);
        }

        TVector evenFirst = TDot.EvenWeights(first);
        TVector oddFirst = TDot.OddWeights(first);
        TVector evenSecond = TDot.EvenWeights(second);
        TVector oddSecond = TDot.OddWeights(second);
        TVector evenThird = TDot.EvenWeights(third);
        TVector oddThird = TDot.OddWeights(third);

        TVector x = TDot.Load(ref quads);
        TVector even = TDot.EvenActivations(x);
        TVector odd = TDot.OddActivations(x);
        a = TDot.MultiplyAdd(a, even, odd, evenFirst, oddFirst);

        x = TDot.Load(ref Unsafe.Add(ref quads, 4 * TForm.Bytes));
        even = TDot.EvenActivations(x);
        odd = TDot.OddActivations(x);
        a = TDot.MultiplyAdd(a, even, odd, evenSecond, oddSecond);
        if (TPixels.Value > 1)
            b = TDot.MultiplyAdd(b, even, odd, evenFirst, oddFirst);

        x = TDot.Load(ref Unsafe.Add(ref quads, 8 * TForm.Bytes));
        even = TDot.EvenActivations(x);
        odd = TDot.OddActivations(x);
        a = TDot.MultiplyAdd(a, even, odd, evenThird, oddThird);
        if (TPixels.Value > 1)
            b = TDot.MultiplyAdd(b, even, odd, evenSecond, oddSecond);
        if (TPixels.Value > 2)
            c = TDot.MultiplyAdd(c, even, odd, evenFirst, oddFirst);

        if (TPixels.Value > 1)
        {
            x = TDot.Load(ref Unsafe.Add(ref quads, 12 * TForm.Bytes));
            even = TDot.EvenActivations(x);
            odd = TDot.OddActivations(x);
            b = TDot.MultiplyAdd(b, even, odd, evenThird, oddThird);
        }

        if (TPixels.Value > 2)
        {
            c = TDot.MultiplyAdd(c, even, odd, evenSecond, oddSecond);
            x = TDot.Load(ref Unsafe.Add(ref quads, 16 * TForm.Bytes));
            c = TDot.MultiplyAdd(c, TDot.EvenActivations(x), TDot.OddActivations(x), evenThird, oddThird);
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

    /// <summary>Prepares the sums of one pixel for a shift below 33.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Raise<TDot, TVector>(
        ref TVector sums0, ref TVector sums1, ref TVector sums2, ref TVector sums3, in Requantization requantization)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
    {
        sums0 = TDot.Raise(sums0, in requantization);
        sums1 = TDot.Raise(sums1, in requantization);
        sums2 = TDot.Raise(sums2, in requantization);
        sums3 = TDot.Raise(sums3, in requantization);
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
