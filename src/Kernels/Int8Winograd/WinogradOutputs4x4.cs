namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>
/// The output transform of Winograd's F(4×4, 3×3): of the sums m of 36 positions the sixteen of Aᵀ m A, which are 576 times those of the
/// direct form modulo 2^32 (<see cref="Winograd4x4"/>).
/// </summary>
/// <remarks>
/// Rows 0 and 2 of Aᵀ take the same sums of neighbouring positions, rows 1 and 3 the same differences; so two rows are made at a time,
/// which is twelve vectors, as many as 16 registers can keep.
/// </remarks>
internal static class WinogradOutputs4x4
{
    /// <summary>A row of windows, of one vector of channels.</summary>
    /// <inheritdoc cref="IWinogradTransform.Outputs{TLanes, TVector}"/>
    public static void Run<TLanes, TVector>(
        ref int products, nint position, nint columns, int windows, ref int bias, ref int sums, ref int places)
        where TLanes : struct, IWinogradLanes<TVector>
        where TVector : struct
    {
        unchecked
        {
            Even<TLanes, TVector>(ref products, position, columns, windows, ref bias, ref sums, ref places);
            Odd<TLanes, TVector>(ref products, position, columns, windows, ref bias, ref sums, ref Unsafe.Add(ref places, 4));
        }
    }

    /// <summary>Rows 0 and 2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Even<TLanes, TVector>(
        ref int products, nint position, nint columns, int windows, ref int bias, ref int sums, ref int places)
        where TLanes : struct, IWinogradLanes<TVector>
        where TVector : struct
    {
        unchecked
        {
            TVector start = TLanes.Load(ref bias);
            nint row = 6 * position;
            for (; windows > 0; windows--)
            {
                ref int column = ref products;
                TVector near = Sum<TLanes, TVector>(ref Unsafe.Add(ref column, row), row);
                TVector far = Sum<TLanes, TVector>(ref Unsafe.Add(ref column, 3 * row), row);
                TVector upper0 = TLanes.Add(TLanes.Add(TLanes.Load(ref column), near), far);
                TVector lower0 = TLanes.Add(near, TLanes.Quadruple(far));
                column = ref Unsafe.Add(ref column, position);
                near = Sum<TLanes, TVector>(ref Unsafe.Add(ref column, row), row);
                far = Sum<TLanes, TVector>(ref Unsafe.Add(ref column, 3 * row), row);
                TVector upper1 = TLanes.Add(TLanes.Add(TLanes.Load(ref column), near), far);
                TVector lower1 = TLanes.Add(near, TLanes.Quadruple(far));
                column = ref Unsafe.Add(ref column, position);
                near = Sum<TLanes, TVector>(ref Unsafe.Add(ref column, row), row);
                far = Sum<TLanes, TVector>(ref Unsafe.Add(ref column, 3 * row), row);
                TVector upper2 = TLanes.Add(TLanes.Add(TLanes.Load(ref column), near), far);
                TVector lower2 = TLanes.Add(near, TLanes.Quadruple(far));
                column = ref Unsafe.Add(ref column, position);
                near = Sum<TLanes, TVector>(ref Unsafe.Add(ref column, row), row);
                far = Sum<TLanes, TVector>(ref Unsafe.Add(ref column, 3 * row), row);
                TVector upper3 = TLanes.Add(TLanes.Add(TLanes.Load(ref column), near), far);
                TVector lower3 = TLanes.Add(near, TLanes.Quadruple(far));
                column = ref Unsafe.Add(ref column, position);
                near = Sum<TLanes, TVector>(ref Unsafe.Add(ref column, row), row);
                far = Sum<TLanes, TVector>(ref Unsafe.Add(ref column, 3 * row), row);
                TVector upper4 = TLanes.Add(TLanes.Add(TLanes.Load(ref column), near), far);
                TVector lower4 = TLanes.Add(near, TLanes.Quadruple(far));
                column = ref Unsafe.Add(ref column, position);
                near = Sum<TLanes, TVector>(ref Unsafe.Add(ref column, row), row);
                far = Sum<TLanes, TVector>(ref Unsafe.Add(ref column, 3 * row), row);
                TVector upper5 = TLanes.Add(TLanes.Add(TLanes.Load(ref column), near), far);
                TVector lower5 = TLanes.Add(near, TLanes.Quadruple(far));
                Row<TLanes, TVector>(upper0, upper1, upper2, upper3, upper4, upper5, start, columns, ref sums, ref places);
                Row<TLanes, TVector>(
                    lower0, lower1, lower2, lower3, lower4, lower5, start, columns, ref sums, ref Unsafe.Add(ref places, 8));
                products = ref Unsafe.Add(ref products, columns);
                places = ref Unsafe.Add(ref places, 16);
            }
        }
    }

    /// <summary>Rows 1 and 3.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Odd<TLanes, TVector>(
        ref int products, nint position, nint columns, int windows, ref int bias, ref int sums, ref int places)
        where TLanes : struct, IWinogradLanes<TVector>
        where TVector : struct
    {
        unchecked
        {
            TVector start = TLanes.Load(ref bias);
            nint row = 6 * position;
            for (; windows > 0; windows--)
            {
                ref int column = ref Unsafe.Add(ref products, row);
                TVector near = Difference<TLanes, TVector>(ref column, row);
                TVector far = Difference<TLanes, TVector>(ref Unsafe.Add(ref column, 2 * row), row);
                TVector upper0 = TLanes.Add(near, TLanes.Add(far, far));
                TVector lower0 = Fourth<TLanes, TVector>(near, far, TLanes.Load(ref Unsafe.Add(ref column, 4 * row)));
                column = ref Unsafe.Add(ref column, position);
                near = Difference<TLanes, TVector>(ref column, row);
                far = Difference<TLanes, TVector>(ref Unsafe.Add(ref column, 2 * row), row);
                TVector upper1 = TLanes.Add(near, TLanes.Add(far, far));
                TVector lower1 = Fourth<TLanes, TVector>(near, far, TLanes.Load(ref Unsafe.Add(ref column, 4 * row)));
                column = ref Unsafe.Add(ref column, position);
                near = Difference<TLanes, TVector>(ref column, row);
                far = Difference<TLanes, TVector>(ref Unsafe.Add(ref column, 2 * row), row);
                TVector upper2 = TLanes.Add(near, TLanes.Add(far, far));
                TVector lower2 = Fourth<TLanes, TVector>(near, far, TLanes.Load(ref Unsafe.Add(ref column, 4 * row)));
                column = ref Unsafe.Add(ref column, position);
                near = Difference<TLanes, TVector>(ref column, row);
                far = Difference<TLanes, TVector>(ref Unsafe.Add(ref column, 2 * row), row);
                TVector upper3 = TLanes.Add(near, TLanes.Add(far, far));
                TVector lower3 = Fourth<TLanes, TVector>(near, far, TLanes.Load(ref Unsafe.Add(ref column, 4 * row)));
                column = ref Unsafe.Add(ref column, position);
                near = Difference<TLanes, TVector>(ref column, row);
                far = Difference<TLanes, TVector>(ref Unsafe.Add(ref column, 2 * row), row);
                TVector upper4 = TLanes.Add(near, TLanes.Add(far, far));
                TVector lower4 = Fourth<TLanes, TVector>(near, far, TLanes.Load(ref Unsafe.Add(ref column, 4 * row)));
                column = ref Unsafe.Add(ref column, position);
                near = Difference<TLanes, TVector>(ref column, row);
                far = Difference<TLanes, TVector>(ref Unsafe.Add(ref column, 2 * row), row);
                TVector upper5 = TLanes.Add(near, TLanes.Add(far, far));
                TVector lower5 = Fourth<TLanes, TVector>(near, far, TLanes.Load(ref Unsafe.Add(ref column, 4 * row)));
                Row<TLanes, TVector>(upper0, upper1, upper2, upper3, upper4, upper5, start, columns, ref sums, ref places);
                Row<TLanes, TVector>(
                    lower0, lower1, lower2, lower3, lower4, lower5, start, columns, ref sums, ref Unsafe.Add(ref places, 8));
                products = ref Unsafe.Add(ref products, columns);
                places = ref Unsafe.Add(ref places, 16);
            }
        }
    }

    /// <summary>A row of six sums, times A: four outputs' sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Row<TLanes, TVector>(
        TVector column0, TVector column1, TVector column2, TVector column3, TVector column4, TVector column5, TVector start, nint columns,
        ref int sums, ref int places)
        where TLanes : struct, IWinogradLanes<TVector>
        where TVector : struct
    {
        unchecked
        {
            TVector near = TLanes.Add(column1, column2);
            TVector far = TLanes.Add(column3, column4);
            Store<TLanes, TVector>(TLanes.Add(TLanes.Add(column0, near), far), start, ref Unsafe.Add(ref sums, places * columns));
            Store<TLanes, TVector>(
                TLanes.Add(near, TLanes.Quadruple(far)), start, ref Unsafe.Add(ref sums, Unsafe.Add(ref places, 2) * columns));
            near = TLanes.Subtract(column1, column2);
            far = TLanes.Subtract(column3, column4);
            Store<TLanes, TVector>(
                TLanes.Add(near, TLanes.Add(far, far)), start, ref Unsafe.Add(ref sums, Unsafe.Add(ref places, 1) * columns));
            Store<TLanes, TVector>(
                Fourth<TLanes, TVector>(near, far, column5), start, ref Unsafe.Add(ref sums, Unsafe.Add(ref places, 3) * columns));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TLanes, TVector>(TVector value, TVector start, ref int sum)
        where TLanes : struct, IWinogradLanes<TVector>
        where TVector : struct =>
        TLanes.Store(TLanes.Add(TLanes.DivideBy576(value), start), ref Unsafe.As<int, byte>(ref sum));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Sum<TLanes, TVector>(ref int first, nint row)
        where TLanes : struct, IWinogradLanes<TVector>
        where TVector : struct =>
        TLanes.Add(TLanes.Load(ref first), TLanes.Load(ref Unsafe.Add(ref first, row)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Difference<TLanes, TVector>(ref int first, nint row)
        where TLanes : struct, IWinogradLanes<TVector>
        where TVector : struct =>
        TLanes.Subtract(TLanes.Load(ref first), TLanes.Load(ref Unsafe.Add(ref first, row)));

    /// <summary>Row 3 of Aᵀ: the last position twice, as its weights are half of what the others' are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Fourth<TLanes, TVector>(TVector near, TVector far, TVector last)
        where TLanes : struct, IWinogradLanes<TVector>
        where TVector : struct
    {
        TVector half = TLanes.Add(TLanes.Quadruple(far), last);
        return TLanes.Add(near, TLanes.Add(half, half));
    }
}
