namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>
/// The input transform of Winograd's F(4×4, 3×3): of each window of 6×6 bytes d the 36 words of Bᵀ d B, at most 17,340 in magnitude.
/// </summary>
/// <remarks>
/// Rows 1 and 2 of Bᵀ are sum and difference of the same two numbers, rows 3 and 4 as well, rows 0 and 5 the same formula on every other
/// input. So three times two rows are transformed at a time, which is twelve vectors, as many as 16 registers can keep.
/// </remarks>
internal static class WinogradInputs4x4
{
    /// <summary>Windows side by side, four pixels apart, of as many channels as a vector has words.</summary>
    /// <inheritdoc cref="IWinogradTransform.Inputs{TLanes, TVector}"/>
    public static void Run<TLanes, TVector>(
        ref byte source, nint row, int rows, nint pixel, int columns, int windows, ref byte words, nint window, nint position)
        where TLanes : struct, IWinogradLanes<TVector>
        where TVector : struct
    {
        unchecked
        {
            nint row3 = rows > 3 ? 3 * row : 2 * row;
            nint row4 = rows > 4 ? 4 * row : row3;
            nint row5 = rows > 5 ? 5 * row : row4;
            for (; windows > 0; windows--)
            {
                nint third = windows > 1 || columns > 3 ? 3 * pixel : 2 * pixel;
                nint fourth = windows > 1 || columns > 4 ? 4 * pixel : third;
                nint fifth = windows > 1 || columns > 5 ? 5 * pixel : fourth;
                Outer<TLanes, TVector>(ref source, row, row3, row4, row5, pixel, third, fourth, fifth, ref words, position);
                Middle<TLanes, TVector>(
                    ref source, row, row3, row4, pixel, third, fourth, fifth, ref Unsafe.Add(ref words, 6 * position), position);
                Inner<TLanes, TVector>(
                    ref source, row, row3, row4, pixel, third, fourth, fifth, ref Unsafe.Add(ref words, 18 * position), position);
                source = ref Unsafe.Add(ref source, 4 * pixel);
                words = ref Unsafe.Add(ref words, window);
            }
        }
    }

    /// <summary>Rows 0 and 5.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Outer<TLanes, TVector>(
        ref byte source, nint row1, nint row3, nint row4, nint row5, nint pixel, nint third, nint fourth, nint fifth, ref byte words,
        nint position)
        where TLanes : struct, IWinogradLanes<TVector>
        where TVector : struct
    {
        unchecked
        {
            nint row2 = 2 * row1;
            ref byte column1 = ref Unsafe.Add(ref source, pixel);
            ref byte column2 = ref Unsafe.Add(ref source, 2 * pixel);
            ref byte column3 = ref Unsafe.Add(ref source, third);
            ref byte column4 = ref Unsafe.Add(ref source, fourth);
            ref byte column5 = ref Unsafe.Add(ref source, fifth);
            Row<TLanes, TVector>(
                Spaced<TLanes, TVector>(ref source, 0, row2, row4),
                Spaced<TLanes, TVector>(ref column1, 0, row2, row4),
                Spaced<TLanes, TVector>(ref column2, 0, row2, row4),
                Spaced<TLanes, TVector>(ref column3, 0, row2, row4),
                Spaced<TLanes, TVector>(ref column4, 0, row2, row4),
                Spaced<TLanes, TVector>(ref column5, 0, row2, row4),
                ref words, position);
            Row<TLanes, TVector>(
                Spaced<TLanes, TVector>(ref source, row1, row3, row5),
                Spaced<TLanes, TVector>(ref column1, row1, row3, row5),
                Spaced<TLanes, TVector>(ref column2, row1, row3, row5),
                Spaced<TLanes, TVector>(ref column3, row1, row3, row5),
                Spaced<TLanes, TVector>(ref column4, row1, row3, row5),
                Spaced<TLanes, TVector>(ref column5, row1, row3, row5),
                ref Unsafe.Add(ref words, 30 * position), position);
        }
    }

    /// <summary>Rows 1 and 2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Middle<TLanes, TVector>(
        ref byte source, nint row1, nint row3, nint row4, nint pixel, nint third, nint fourth, nint fifth, ref byte words, nint position)
        where TLanes : struct, IWinogradLanes<TVector>
        where TVector : struct
    {
        unchecked
        {
            nint row2 = 2 * row1;
            ref byte column1 = ref Unsafe.Add(ref source, pixel);
            ref byte column2 = ref Unsafe.Add(ref source, 2 * pixel);
            ref byte column3 = ref Unsafe.Add(ref source, third);
            ref byte column4 = ref Unsafe.Add(ref source, fourth);
            ref byte column5 = ref Unsafe.Add(ref source, fifth);
            TVector even0 = LessFour<TLanes, TVector>(ref source, row4, row2);
            TVector odd0 = LessFour<TLanes, TVector>(ref source, row3, row1);
            TVector even1 = LessFour<TLanes, TVector>(ref column1, row4, row2);
            TVector odd1 = LessFour<TLanes, TVector>(ref column1, row3, row1);
            TVector even2 = LessFour<TLanes, TVector>(ref column2, row4, row2);
            TVector odd2 = LessFour<TLanes, TVector>(ref column2, row3, row1);
            TVector even3 = LessFour<TLanes, TVector>(ref column3, row4, row2);
            TVector odd3 = LessFour<TLanes, TVector>(ref column3, row3, row1);
            TVector even4 = LessFour<TLanes, TVector>(ref column4, row4, row2);
            TVector odd4 = LessFour<TLanes, TVector>(ref column4, row3, row1);
            TVector even5 = LessFour<TLanes, TVector>(ref column5, row4, row2);
            TVector odd5 = LessFour<TLanes, TVector>(ref column5, row3, row1);
            Pair<TLanes, TVector>(
                even0, odd0, even1, odd1, even2, odd2, even3, odd3, even4, odd4, even5, odd5, ref words, position);
        }
    }

    /// <summary>Rows 3 and 4.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Inner<TLanes, TVector>(
        ref byte source, nint row1, nint row3, nint row4, nint pixel, nint third, nint fourth, nint fifth, ref byte words, nint position)
        where TLanes : struct, IWinogradLanes<TVector>
        where TVector : struct
    {
        unchecked
        {
            nint row2 = 2 * row1;
            ref byte column1 = ref Unsafe.Add(ref source, pixel);
            ref byte column2 = ref Unsafe.Add(ref source, 2 * pixel);
            ref byte column3 = ref Unsafe.Add(ref source, third);
            ref byte column4 = ref Unsafe.Add(ref source, fourth);
            ref byte column5 = ref Unsafe.Add(ref source, fifth);
            TVector even0 = Less<TLanes, TVector>(ref source, row4, row2);
            TVector odd0 = TwiceLess<TLanes, TVector>(ref source, row3, row1);
            TVector even1 = Less<TLanes, TVector>(ref column1, row4, row2);
            TVector odd1 = TwiceLess<TLanes, TVector>(ref column1, row3, row1);
            TVector even2 = Less<TLanes, TVector>(ref column2, row4, row2);
            TVector odd2 = TwiceLess<TLanes, TVector>(ref column2, row3, row1);
            TVector even3 = Less<TLanes, TVector>(ref column3, row4, row2);
            TVector odd3 = TwiceLess<TLanes, TVector>(ref column3, row3, row1);
            TVector even4 = Less<TLanes, TVector>(ref column4, row4, row2);
            TVector odd4 = TwiceLess<TLanes, TVector>(ref column4, row3, row1);
            TVector even5 = Less<TLanes, TVector>(ref column5, row4, row2);
            TVector odd5 = TwiceLess<TLanes, TVector>(ref column5, row3, row1);
            Pair<TLanes, TVector>(
                even0, odd0, even1, odd1, even2, odd2, even3, odd3, even4, odd4, even5, odd5, ref words, position);
        }
    }

    /// <summary>The sums of six pairs of numbers as a row, their differences as the next one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pair<TLanes, TVector>(
        TVector even0, TVector odd0, TVector even1, TVector odd1, TVector even2, TVector odd2, TVector even3, TVector odd3, TVector even4,
        TVector odd4, TVector even5, TVector odd5, ref byte words, nint position)
        where TLanes : struct, IWinogradLanes<TVector>
        where TVector : struct
    {
        Row<TLanes, TVector>(
            TLanes.AddWords(even0, odd0), TLanes.AddWords(even1, odd1), TLanes.AddWords(even2, odd2), TLanes.AddWords(even3, odd3),
            TLanes.AddWords(even4, odd4), TLanes.AddWords(even5, odd5), ref words, position);
        Row<TLanes, TVector>(
            TLanes.SubtractWords(even0, odd0), TLanes.SubtractWords(even1, odd1), TLanes.SubtractWords(even2, odd2),
            TLanes.SubtractWords(even3, odd3), TLanes.SubtractWords(even4, odd4), TLanes.SubtractWords(even5, odd5),
            ref Unsafe.Add(ref words, 6 * position), position);
    }

    /// <summary>A row of six numbers, times B.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Row<TLanes, TVector>(
        TVector column0, TVector column1, TVector column2, TVector column3, TVector column4, TVector column5, ref byte words,
        nint position)
        where TLanes : struct, IWinogradLanes<TVector>
        where TVector : struct
    {
        unchecked
        {
            TVector even = TLanes.SubtractWords(column4, column2);
            TVector odd = TLanes.SubtractWords(column3, column1);
            TLanes.Store(TLanes.AddWords(TLanes.QuadrupleWords(TLanes.SubtractWords(column0, column2)), even), ref words);
            TLanes.Store(
                TLanes.SubtractWords(TLanes.SubtractWords(column5, column3), TLanes.QuadrupleWords(odd)),
                ref Unsafe.Add(ref words, 5 * position));
            odd = TLanes.AddWords(odd, odd);
            TLanes.Store(TLanes.AddWords(even, odd), ref Unsafe.Add(ref words, 3 * position));
            TLanes.Store(TLanes.SubtractWords(even, odd), ref Unsafe.Add(ref words, 4 * position));
            even = TLanes.SubtractWords(column4, TLanes.QuadrupleWords(column2));
            odd = TLanes.SubtractWords(column3, TLanes.QuadrupleWords(column1));
            TLanes.Store(TLanes.AddWords(even, odd), ref Unsafe.Add(ref words, position));
            TLanes.Store(TLanes.SubtractWords(even, odd), ref Unsafe.Add(ref words, 2 * position));
        }
    }

    /// <summary>Four times the first number less five times the second, and the third: rows 0 and 5 of Bᵀ.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Spaced<TLanes, TVector>(ref byte column, nint first, nint second, nint third)
        where TLanes : struct, IWinogradLanes<TVector>
        where TVector : struct
    {
        TVector middle = TLanes.Widen(ref Unsafe.Add(ref column, second));
        return TLanes.AddWords(
            TLanes.QuadrupleWords(TLanes.SubtractWords(TLanes.Widen(ref Unsafe.Add(ref column, first)), middle)),
            TLanes.SubtractWords(TLanes.Widen(ref Unsafe.Add(ref column, third)), middle));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Less<TLanes, TVector>(ref byte column, nint left, nint right)
        where TLanes : struct, IWinogradLanes<TVector>
        where TVector : struct =>
        TLanes.SubtractWords(TLanes.Widen(ref Unsafe.Add(ref column, left)), TLanes.Widen(ref Unsafe.Add(ref column, right)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector TwiceLess<TLanes, TVector>(ref byte column, nint left, nint right)
        where TLanes : struct, IWinogradLanes<TVector>
        where TVector : struct
    {
        TVector difference = Less<TLanes, TVector>(ref column, left, right);
        return TLanes.AddWords(difference, difference);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector LessFour<TLanes, TVector>(ref byte column, nint left, nint right)
        where TLanes : struct, IWinogradLanes<TVector>
        where TVector : struct =>
        TLanes.SubtractWords(
            TLanes.Widen(ref Unsafe.Add(ref column, left)), TLanes.QuadrupleWords(TLanes.Widen(ref Unsafe.Add(ref column, right))));
}
