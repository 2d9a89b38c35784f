namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>
/// Winograd's F(4×4, 3×3), one product for four, in the matrices of Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks",
/// 2016, section 4.2, without fractions: weights are transformed by 24G, whose last row is halved, as 24² · 128 does not fit 16 bits, and
/// Aᵀ makes up for it. So sums are 576 times those of the direct form, modulo 2^32.
/// </summary>
/// <remarks>
/// 576 is 9 · 2^6. Nine has an inverse modulo 2^32, by which 2^6 times the direct form's sum is known modulo 2^32, and thereby the sum
/// itself, as long as it is of 26 bits: see <see cref="SumBits"/>. Words of Bᵀ d B are at most 68 · 255 in magnitude, those of the weights
/// 12² · 128; both fit 16 bits.
/// </remarks>
internal readonly struct Winograd4x4 : IWinogradTransform
{
    /// <summary>The bits of a two's complement number that every sum of products, without bias, must fit.</summary>
    public const int SumBits = 26;

    /// <inheritdoc/>
    public static int Tile => 4;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Inputs<TLanes, TVector>(
        ref byte source, nint row, int rows, nint pixel, int columns, int windows, ref byte words, nint window, nint position)
        where TLanes : struct, IWinogradLanes<TVector>
        where TVector : struct =>
        WinogradInputs4x4.Run<TLanes, TVector>(ref source, row, rows, pixel, columns, windows, ref words, window, position);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Outputs<TLanes, TVector>(
        ref int products, nint position, nint columns, int windows, ref int bias, ref int sums, ref int places)
        where TLanes : struct, IWinogradLanes<TVector>
        where TVector : struct =>
        WinogradOutputs4x4.Run<TLanes, TVector>(ref products, position, columns, windows, ref bias, ref sums, ref places);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Kernel(ref byte weight, nint tap, ref short words, nint position)
    {
        unchecked
        {
            ref byte middle = ref Unsafe.Add(ref weight, 3 * tap);
            ref byte lower = ref Unsafe.Add(ref weight, 6 * tap);
            int a = (sbyte)weight;
            int b = (sbyte)Unsafe.Add(ref weight, tap);
            int c = (sbyte)Unsafe.Add(ref weight, 2 * tap);
            int d = (sbyte)middle;
            int e = (sbyte)Unsafe.Add(ref middle, tap);
            int f = (sbyte)Unsafe.Add(ref middle, 2 * tap);
            int g = (sbyte)lower;
            int h = (sbyte)Unsafe.Add(ref lower, tap);
            int i = (sbyte)Unsafe.Add(ref lower, 2 * tap);
            Row(6 * a, 6 * b, 6 * c, ref words, position);
            Row(-4 * (a + d + g), -4 * (b + e + h), -4 * (c + f + i), ref Unsafe.Add(ref words, 6 * position), position);
            Row(-4 * (a - d + g), -4 * (b - e + h), -4 * (c - f + i), ref Unsafe.Add(ref words, 12 * position), position);
            Row(
                a + (2 * d) + (4 * g), b + (2 * e) + (4 * h), c + (2 * f) + (4 * i), ref Unsafe.Add(ref words, 18 * position), position);
            Row(
                a - (2 * d) + (4 * g), b - (2 * e) + (4 * h), c - (2 * f) + (4 * i), ref Unsafe.Add(ref words, 24 * position), position);
            Row(12 * g, 12 * h, 12 * i, ref Unsafe.Add(ref words, 30 * position), position);
        }
    }

    /// <summary>A row of three numbers, times the transposed matrix.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Row(int left, int middle, int right, ref short words, nint position)
    {
        unchecked
        {
            int outer = left + right;
            int widened = left + (4 * right);
            words = (short)(6 * left);
            Unsafe.Add(ref words, position) = (short)(-4 * (outer + middle));
            Unsafe.Add(ref words, 2 * position) = (short)(-4 * (outer - middle));
            Unsafe.Add(ref words, 3 * position) = (short)(widened + (2 * middle));
            Unsafe.Add(ref words, 4 * position) = (short)(widened - (2 * middle));
            Unsafe.Add(ref words, 5 * position) = (short)(12 * right);
        }
    }
}
