namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>
/// Winograd's F(2×2, 3×3), four products for nine: weights are transformed by 2G, so that sums are four times those of the direct form.
/// </summary>
internal readonly struct Winograd2x2 : IWinogradTransform
{
    /// <inheritdoc/>
    public static int Tile => 2;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Inputs<TLanes, TVector>(
        ref byte source, nint row, int rows, nint pixel, int columns, int windows, ref byte words, nint window, nint position)
        where TLanes : struct, IWinogradLanes<TVector>
        where TVector : struct =>
        WinogradInputs2x2.Run<TLanes, TVector>(
            ref source, row, 2 * row, rows > 3 ? 3 * row : 2 * row, pixel, columns > 3 ? pixel : 0, windows, ref words, window, position);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Outputs<TLanes, TVector>(
        ref int products, nint position, nint columns, int windows, ref int bias, ref int sums, ref int places)
        where TLanes : struct, IWinogradLanes<TVector>
        where TVector : struct =>
        WinogradOutputs2x2.Run<TLanes, TVector>(ref products, position, columns, windows, ref bias, ref sums, ref places);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Kernel(ref byte weight, nint tap, ref short words, nint position)
    {
        unchecked
        {
            Column(ref weight, 3 * tap, out int a0, out int a1, out int a2, out int a3);
            Column(ref Unsafe.Add(ref weight, tap), 3 * tap, out int b0, out int b1, out int b2, out int b3);
            Column(ref Unsafe.Add(ref weight, 2 * tap), 3 * tap, out int c0, out int c1, out int c2, out int c3);
            Row(a0, b0, c0, ref words, position);
            Row(a1, b1, c1, ref Unsafe.Add(ref words, 4 * position), position);
            Row(a2, b2, c2, ref Unsafe.Add(ref words, 8 * position), position);
            Row(a3, b3, c3, ref Unsafe.Add(ref words, 12 * position), position);
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
