namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>
/// Register tiles of the dense integer kernels: a few rows (output pixels) times two vectors of output channels, straight-line code
/// over every group of four inputs, written once for all instruction sets (<see cref="IDotProduct{TVector}"/>).
/// </summary>
internal static class Int8TilesOfTwo
{
    /// <summary>Sums the products of some rows.</summary>
    /// <param name="product">The segments.</param>
    /// <param name="rows">Rows of the tile: 1, 2, 4 or 6.</param>
    /// <param name="input">The byte from which <paramref name="offsets"/> count.</param>
    /// <param name="offsets">For each row where its first segment starts.</param>
    /// <param name="weights">The first vector's weights of the first four inputs.</param>
    /// <param name="second">Bytes from the first vector's weights to the second's.</param>
    /// <param name="step">Bytes from the weights of four inputs to those of the next four.</param>
    /// <param name="start">What the sums start with, for each channel.</param>
    /// <param name="sums">Receives the sums, row by row <see cref="Int8ProductLoop.Pitch"/> apart.</param>
    /// <typeparam name="TDot">The instruction set.</typeparam>
    /// <typeparam name="TVector">Its vector.</typeparam>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Run<TDot, TVector>(
        in Int8Product product, int rows, ref byte input, ref int offsets, ref byte weights, nint second, nint step, ref int start,
        ref int sums)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
    {
        switch (rows)
        {
            case 6:
                Run6<TDot, TVector>(in product, ref input, ref offsets, ref weights, second, step, ref start, ref sums);
                break;
            case 4:
                Run4<TDot, TVector>(in product, ref input, ref offsets, ref weights, second, step, ref start, ref sums);
                break;
            case 2:
                Run2<TDot, TVector>(in product, ref input, ref offsets, ref weights, second, step, ref start, ref sums);
                break;
            default:
                Run1<TDot, TVector>(in product, ref input, ref offsets, ref weights, second, step, ref start, ref sums);
                break;
        }
    }

    /// <summary>Six rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run6<TDot, TVector>(
        in Int8Product product, ref byte input, ref int offsets, ref byte weights, nint second, nint step, ref int start, ref int sums)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
    {
        unchecked
        {
            nint r0 = offsets;
            nint r1 = Unsafe.Add(ref offsets, 1);
            nint r2 = Unsafe.Add(ref offsets, 2);
            nint r3 = Unsafe.Add(ref offsets, 3);
            nint r4 = Unsafe.Add(ref offsets, 4);
            nint r5 = Unsafe.Add(ref offsets, 5);
            TVector a00 = TDot.Load(ref Unsafe.As<int, byte>(ref start));
            TVector a01 = TDot.Load(ref Unsafe.As<int, byte>(ref Unsafe.Add(ref start, TDot.Lanes)));
            TVector a10 = a00;
            TVector a11 = a01;
            TVector a20 = a00;
            TVector a21 = a01;
            TVector a30 = a00;
            TVector a31 = a01;
            TVector a40 = a00;
            TVector a41 = a01;
            TVector a50 = a00;
            TVector a51 = a01;
            for (int y = 0; y < product.SegmentRows; y++)
            {
                for (int x = 0; x < product.SegmentColumns; x++)
                {
                    ref byte source = ref Unsafe.Add(ref input, (nint)((y * product.SegmentRowStep) + (x * product.SegmentColumnStep)));
                    for (int k = product.SegmentQuads; k > 0; k--)
                    {
                        TVector w0 = TDot.Load(ref weights);
                        TVector w1 = TDot.Load(ref Unsafe.Add(ref weights, second));
                        TVector even0 = TDot.EvenWeights(w0);
                        TVector odd0 = TDot.OddWeights(w0);
                        TVector even1 = TDot.EvenWeights(w1);
                        TVector odd1 = TDot.OddWeights(w1);
                        weights = ref Unsafe.Add(ref weights, step);

                        TVector q = TDot.Broadcast(ref Unsafe.Add(ref source, r0));
                        TVector even = TDot.EvenActivations(q);
                        TVector odd = TDot.OddActivations(q);
                        a00 = TDot.MultiplyAdd(a00, even, odd, even0, odd0);
                        a01 = TDot.MultiplyAdd(a01, even, odd, even1, odd1);

                        q = TDot.Broadcast(ref Unsafe.Add(ref source, r1));
                        even = TDot.EvenActivations(q);
                        odd = TDot.OddActivations(q);
                        a10 = TDot.MultiplyAdd(a10, even, odd, even0, odd0);
                        a11 = TDot.MultiplyAdd(a11, even, odd, even1, odd1);

                        q = TDot.Broadcast(ref Unsafe.Add(ref source, r2));
                        even = TDot.EvenActivations(q);
                        odd = TDot.OddActivations(q);
                        a20 = TDot.MultiplyAdd(a20, even, odd, even0, odd0);
                        a21 = TDot.MultiplyAdd(a21, even, odd, even1, odd1);

                        q = TDot.Broadcast(ref Unsafe.Add(ref source, r3));
                        even = TDot.EvenActivations(q);
                        odd = TDot.OddActivations(q);
                        a30 = TDot.MultiplyAdd(a30, even, odd, even0, odd0);
                        a31 = TDot.MultiplyAdd(a31, even, odd, even1, odd1);

                        q = TDot.Broadcast(ref Unsafe.Add(ref source, r4));
                        even = TDot.EvenActivations(q);
                        odd = TDot.OddActivations(q);
                        a40 = TDot.MultiplyAdd(a40, even, odd, even0, odd0);
                        a41 = TDot.MultiplyAdd(a41, even, odd, even1, odd1);

                        q = TDot.Broadcast(ref Unsafe.Add(ref source, r5));
                        even = TDot.EvenActivations(q);
                        odd = TDot.OddActivations(q);
                        a50 = TDot.MultiplyAdd(a50, even, odd, even0, odd0);
                        a51 = TDot.MultiplyAdd(a51, even, odd, even1, odd1);

                        source = ref Unsafe.Add(ref source, 4);
                    }
                }
            }

            TDot.Store(a00, ref Unsafe.As<int, byte>(ref sums));
            TDot.Store(a01, ref Unsafe.As<int, byte>(ref Unsafe.Add(ref sums, TDot.Lanes)));
            TDot.Store(a10, ref Unsafe.As<int, byte>(ref Unsafe.Add(ref sums, Int8ProductLoop.Pitch)));
            TDot.Store(a11, ref Unsafe.As<int, byte>(ref Unsafe.Add(ref sums, Int8ProductLoop.Pitch + TDot.Lanes)));
            TDot.Store(a20, ref Unsafe.As<int, byte>(ref Unsafe.Add(ref sums, 2 * Int8ProductLoop.Pitch)));
            TDot.Store(a21, ref Unsafe.As<int, byte>(ref Unsafe.Add(ref sums, (2 * Int8ProductLoop.Pitch) + TDot.Lanes)));
            TDot.Store(a30, ref Unsafe.As<int, byte>(ref Unsafe.Add(ref sums, 3 * Int8ProductLoop.Pitch)));
            TDot.Store(a31, ref Unsafe.As<int, byte>(ref Unsafe.Add(ref sums, (3 * Int8ProductLoop.Pitch) + TDot.Lanes)));
            TDot.Store(a40, ref Unsafe.As<int, byte>(ref Unsafe.Add(ref sums, 4 * Int8ProductLoop.Pitch)));
            TDot.Store(a41, ref Unsafe.As<int, byte>(ref Unsafe.Add(ref sums, (4 * Int8ProductLoop.Pitch) + TDot.Lanes)));
            TDot.Store(a50, ref Unsafe.As<int, byte>(ref Unsafe.Add(ref sums, 5 * Int8ProductLoop.Pitch)));
            TDot.Store(a51, ref Unsafe.As<int, byte>(ref Unsafe.Add(ref sums, (5 * Int8ProductLoop.Pitch) + TDot.Lanes)));
        }
    }

    /// <summary>Four rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run4<TDot, TVector>(
        in Int8Product product, ref byte input, ref int offsets, ref byte weights, nint second, nint step, ref int start, ref int sums)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
    {
        unchecked
        {
            nint r0 = offsets;
            nint r1 = Unsafe.Add(ref offsets, 1);
            nint r2 = Unsafe.Add(ref offsets, 2);
            nint r3 = Unsafe.Add(ref offsets, 3);
            TVector a00 = TDot.Load(ref Unsafe.As<int, byte>(ref start));
            TVector a01 = TDot.Load(ref Unsafe.As<int, byte>(ref Unsafe.Add(ref start, TDot.Lanes)));
            TVector a10 = a00;
            TVector a11 = a01;
            TVector a20 = a00;
            TVector a21 = a01;
            TVector a30 = a00;
            TVector a31 = a01;
            for (int y = 0; y < product.SegmentRows; y++)
            {
                for (int x = 0; x < product.SegmentColumns; x++)
                {
                    ref byte source = ref Unsafe.Add(ref input, (nint)((y * product.SegmentRowStep) + (x * product.SegmentColumnStep)));
                    for (int k = product.SegmentQuads; k > 0; k--)
                    {
                        TVector w0 = TDot.Load(ref weights);
                        TVector w1 = TDot.Load(ref Unsafe.Add(ref weights, second));
                        TVector even0 = TDot.EvenWeights(w0);
                        TVector odd0 = TDot.OddWeights(w0);
                        TVector even1 = TDot.EvenWeights(w1);
                        TVector odd1 = TDot.OddWeights(w1);
                        weights = ref Unsafe.Add(ref weights, step);

                        TVector q = TDot.Broadcast(ref Unsafe.Add(ref source, r0));
                        TVector even = TDot.EvenActivations(q);
                        TVector odd = TDot.OddActivations(q);
                        a00 = TDot.MultiplyAdd(a00, even, odd, even0, odd0);
                        a01 = TDot.MultiplyAdd(a01, even, odd, even1, odd1);

                        q = TDot.Broadcast(ref Unsafe.Add(ref source, r1));
                        even = TDot.EvenActivations(q);
                        odd = TDot.OddActivations(q);
                        a10 = TDot.MultiplyAdd(a10, even, odd, even0, odd0);
                        a11 = TDot.MultiplyAdd(a11, even, odd, even1, odd1);

                        q = TDot.Broadcast(ref Unsafe.Add(ref source, r2));
                        even = TDot.EvenActivations(q);
                        odd = TDot.OddActivations(q);
                        a20 = TDot.MultiplyAdd(a20, even, odd, even0, odd0);
                        a21 = TDot.MultiplyAdd(a21, even, odd, even1, odd1);

                        q = TDot.Broadcast(ref Unsafe.Add(ref source, r3));
                        even = TDot.EvenActivations(q);
                        odd = TDot.OddActivations(q);
                        a30 = TDot.MultiplyAdd(a30, even, odd, even0, odd0);
                        a31 = TDot.MultiplyAdd(a31, even, odd, even1, odd1);

                        source = ref Unsafe.Add(ref source, 4);
                    }
                }
            }

            TDot.Store(a00, ref Unsafe.As<int, byte>(ref sums));
            TDot.Store(a01, ref Unsafe.As<int, byte>(ref Unsafe.Add(ref sums, TDot.Lanes)));
            TDot.Store(a10, ref Unsafe.As<int, byte>(ref Unsafe.Add(ref sums, Int8ProductLoop.Pitch)));
            TDot.Store(a11, ref Unsafe.As<int, byte>(ref Unsafe.Add(ref sums, Int8ProductLoop.Pitch + TDot.Lanes)));
            TDot.Store(a20, ref Unsafe.As<int, byte>(ref Unsafe.Add(ref sums, 2 * Int8ProductLoop.Pitch)));
            TDot.Store(a21, ref Unsafe.As<int, byte>(ref Unsafe.Add(ref sums, (2 * Int8ProductLoop.Pitch) + TDot.Lanes)));
            TDot.Store(a30, ref Unsafe.As<int, byte>(ref Unsafe.Add(ref sums, 3 * Int8ProductLoop.Pitch)));
            TDot.Store(a31, ref Unsafe.As<int, byte>(ref Unsafe.Add(ref sums, (3 * Int8ProductLoop.Pitch) + TDot.Lanes)));
        }
    }

    /// <summary>Two rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run2<TDot, TVector>(
        in Int8Product product, ref byte input, ref int offsets, ref byte weights, nint second, nint step, ref int start, ref int sums)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
    {
        unchecked
        {
            nint r0 = offsets;
            nint r1 = Unsafe.Add(ref offsets, 1);
            TVector a00 = TDot.Load(ref Unsafe.As<int, byte>(ref start));
            TVector a01 = TDot.Load(ref Unsafe.As<int, byte>(ref Unsafe.Add(ref start, TDot.Lanes)));
            TVector a10 = a00;
            TVector a11 = a01;
            for (int y = 0; y < product.SegmentRows; y++)
            {
                for (int x = 0; x < product.SegmentColumns; x++)
                {
                    ref byte source = ref Unsafe.Add(ref input, (nint)((y * product.SegmentRowStep) + (x * product.SegmentColumnStep)));
                    for (int k = product.SegmentQuads; k > 0; k--)
                    {
                        TVector w0 = TDot.Load(ref weights);
                        TVector w1 = TDot.Load(ref Unsafe.Add(ref weights, second));
                        TVector even0 = TDot.EvenWeights(w0);
                        TVector odd0 = TDot.OddWeights(w0);
                        TVector even1 = TDot.EvenWeights(w1);
                        TVector odd1 = TDot.OddWeights(w1);
                        weights = ref Unsafe.Add(ref weights, step);

                        TVector q = TDot.Broadcast(ref Unsafe.Add(ref source, r0));
                        TVector even = TDot.EvenActivations(q);
                        TVector odd = TDot.OddActivations(q);
                        a00 = TDot.MultiplyAdd(a00, even, odd, even0, odd0);
                        a01 = TDot.MultiplyAdd(a01, even, odd, even1, odd1);

                        q = TDot.Broadcast(ref Unsafe.Add(ref source, r1));
                        even = TDot.EvenActivations(q);
                        odd = TDot.OddActivations(q);
                        a10 = TDot.MultiplyAdd(a10, even, odd, even0, odd0);
                        a11 = TDot.MultiplyAdd(a11, even, odd, even1, odd1);

                        source = ref Unsafe.Add(ref source, 4);
                    }
                }
            }

            TDot.Store(a00, ref Unsafe.As<int, byte>(ref sums));
            TDot.Store(a01, ref Unsafe.As<int, byte>(ref Unsafe.Add(ref sums, TDot.Lanes)));
            TDot.Store(a10, ref Unsafe.As<int, byte>(ref Unsafe.Add(ref sums, Int8ProductLoop.Pitch)));
            TDot.Store(a11, ref Unsafe.As<int, byte>(ref Unsafe.Add(ref sums, Int8ProductLoop.Pitch + TDot.Lanes)));
        }
    }

    /// <summary>One row. Two sets of accumulators, because one would wait for itself.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run1<TDot, TVector>(
        in Int8Product product, ref byte input, ref int offsets, ref byte weights, nint second, nint step, ref int start, ref int sums)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
    {
        unchecked
        {
            nint r0 = offsets;
            TVector a00 = TDot.Load(ref Unsafe.As<int, byte>(ref start));
            TVector a01 = TDot.Load(ref Unsafe.As<int, byte>(ref Unsafe.Add(ref start, TDot.Lanes)));
            TVector b00 = default;
            TVector b01 = default;
            for (int y = 0; y < product.SegmentRows; y++)
            {
                for (int x = 0; x < product.SegmentColumns; x++)
                {
                    ref byte source = ref Unsafe.Add(ref input, (nint)((y * product.SegmentRowStep) + (x * product.SegmentColumnStep)));
                    int k = product.SegmentQuads;
                    for (; k > 1; k -= 2)
                    {
                        TVector w0 = TDot.Load(ref weights);
                        TVector w1 = TDot.Load(ref Unsafe.Add(ref weights, second));
                        TVector even0 = TDot.EvenWeights(w0);
                        TVector odd0 = TDot.OddWeights(w0);
                        TVector even1 = TDot.EvenWeights(w1);
                        TVector odd1 = TDot.OddWeights(w1);
                        weights = ref Unsafe.Add(ref weights, step);
                        TVector q = TDot.Broadcast(ref Unsafe.Add(ref source, r0));
                        TVector even = TDot.EvenActivations(q);
                        TVector odd = TDot.OddActivations(q);
                        a00 = TDot.MultiplyAdd(a00, even, odd, even0, odd0);
                        a01 = TDot.MultiplyAdd(a01, even, odd, even1, odd1);
                        source = ref Unsafe.Add(ref source, 4);

                        w0 = TDot.Load(ref weights);
                        w1 = TDot.Load(ref Unsafe.Add(ref weights, second));
                        even0 = TDot.EvenWeights(w0);
                        odd0 = TDot.OddWeights(w0);
                        even1 = TDot.EvenWeights(w1);
                        odd1 = TDot.OddWeights(w1);
                        weights = ref Unsafe.Add(ref weights, step);
                        q = TDot.Broadcast(ref Unsafe.Add(ref source, r0));
                        even = TDot.EvenActivations(q);
                        odd = TDot.OddActivations(q);
                        b00 = TDot.MultiplyAdd(b00, even, odd, even0, odd0);
                        b01 = TDot.MultiplyAdd(b01, even, odd, even1, odd1);
                        source = ref Unsafe.Add(ref source, 4);
                    }

                    if (k > 0)
                    {
                        TVector w0 = TDot.Load(ref weights);
                        TVector w1 = TDot.Load(ref Unsafe.Add(ref weights, second));
                        TVector even0 = TDot.EvenWeights(w0);
                        TVector odd0 = TDot.OddWeights(w0);
                        TVector even1 = TDot.EvenWeights(w1);
                        TVector odd1 = TDot.OddWeights(w1);
                        weights = ref Unsafe.Add(ref weights, step);
                        TVector q = TDot.Broadcast(ref Unsafe.Add(ref source, r0));
                        TVector even = TDot.EvenActivations(q);
                        TVector odd = TDot.OddActivations(q);
                        a00 = TDot.MultiplyAdd(a00, even, odd, even0, odd0);
                        a01 = TDot.MultiplyAdd(a01, even, odd, even1, odd1);
                    }
                }
            }

            TDot.Store(TDot.Add(a00, b00), ref Unsafe.As<int, byte>(ref sums));
            TDot.Store(TDot.Add(a01, b01), ref Unsafe.As<int, byte>(ref Unsafe.Add(ref sums, TDot.Lanes)));
        }
    }
}
