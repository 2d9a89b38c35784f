namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>
/// The output transform of Winograd's F(2×2, 3×3): of the sums m of 16 positions the four of Aᵀ m A, a quarter of which are those of the
/// direct form, to the bit, because the weights were transformed by 2G instead of G.
/// </summary>
internal static class WinogradOutputs2x2
{
    /// <summary>All windows of a block, of one vector of channels.</summary>
    /// <param name="products">The sums of position (0, 0) of the first window.</param>
    /// <param name="position">Sums from one position to the next.</param>
    /// <param name="columns">Channels of a window.</param>
    /// <param name="windows">How many windows.</param>
    /// <param name="bias">The channels' biases.</param>
    /// <param name="sums">Receives the sums of the outputs' rows, each of so many channels.</param>
    /// <param name="places">For each window the rows of its four outputs.</param>
    /// <typeparam name="TLanes">The instruction set.</typeparam>
    /// <typeparam name="TVector">Its vector.</typeparam>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<TLanes, TVector>(
        ref int products, nint position, nint columns, int windows, ref int bias, ref int sums, ref int places)
        where TLanes : struct, IWinogradLanes<TVector>
        where TVector : struct
    {
        unchecked
        {
            TVector start = TLanes.Load(ref bias);
            nint row = 4 * position;
            for (; windows > 0; windows--)
            {
                // Column by column, times Aᵀ; of the rows of sums that they make, times A, what is known so far.
                TVector second = TLanes.Load(ref Unsafe.Add(ref products, row));
                TVector third = TLanes.Load(ref Unsafe.Add(ref products, 2 * row));
                TVector upperLeft = TLanes.Add(TLanes.Load(ref products), TLanes.Add(second, third));
                TVector lowerLeft = TLanes.Subtract(
                    TLanes.Subtract(second, third), TLanes.Load(ref Unsafe.Add(ref products, 3 * row)));
                ref int column = ref Unsafe.Add(ref products, position);
                second = TLanes.Load(ref Unsafe.Add(ref column, row));
                third = TLanes.Load(ref Unsafe.Add(ref column, 2 * row));
                TVector upperRight = TLanes.Add(TLanes.Load(ref column), TLanes.Add(second, third));
                TVector lowerRight = TLanes.Subtract(
                    TLanes.Subtract(second, third), TLanes.Load(ref Unsafe.Add(ref column, 3 * row)));
                upperLeft = TLanes.Add(upperLeft, upperRight);
                lowerLeft = TLanes.Add(lowerLeft, lowerRight);
                column = ref Unsafe.Add(ref column, position);
                second = TLanes.Load(ref Unsafe.Add(ref column, row));
                third = TLanes.Load(ref Unsafe.Add(ref column, 2 * row));
                TVector upper = TLanes.Add(TLanes.Load(ref column), TLanes.Add(second, third));
                TVector lower = TLanes.Subtract(
                    TLanes.Subtract(second, third), TLanes.Load(ref Unsafe.Add(ref column, 3 * row)));
                upperLeft = TLanes.Add(upperLeft, upper);
                lowerLeft = TLanes.Add(lowerLeft, lower);
                upperRight = TLanes.Subtract(upperRight, upper);
                lowerRight = TLanes.Subtract(lowerRight, lower);
                column = ref Unsafe.Add(ref column, position);
                second = TLanes.Load(ref Unsafe.Add(ref column, row));
                third = TLanes.Load(ref Unsafe.Add(ref column, 2 * row));
                upper = TLanes.Add(TLanes.Load(ref column), TLanes.Add(second, third));
                lower = TLanes.Subtract(
                    TLanes.Subtract(second, third), TLanes.Load(ref Unsafe.Add(ref column, 3 * row)));
                upperRight = TLanes.Subtract(upperRight, upper);
                lowerRight = TLanes.Subtract(lowerRight, lower);
                TLanes.Store(
                    TLanes.Add(TLanes.Quarter(upperLeft), start), ref Unsafe.As<int, byte>(ref Unsafe.Add(ref sums, places * columns)));
                TLanes.Store(
                    TLanes.Add(TLanes.Quarter(upperRight), start),
                    ref Unsafe.As<int, byte>(ref Unsafe.Add(ref sums, Unsafe.Add(ref places, 1) * columns)));
                TLanes.Store(
                    TLanes.Add(TLanes.Quarter(lowerLeft), start),
                    ref Unsafe.As<int, byte>(ref Unsafe.Add(ref sums, Unsafe.Add(ref places, 2) * columns)));
                TLanes.Store(
                    TLanes.Add(TLanes.Quarter(lowerRight), start),
                    ref Unsafe.As<int, byte>(ref Unsafe.Add(ref sums, Unsafe.Add(ref places, 3) * columns)));
                products = ref Unsafe.Add(ref products, columns);
                places = ref Unsafe.Add(ref places, 4);
            }
        }
    }
}
