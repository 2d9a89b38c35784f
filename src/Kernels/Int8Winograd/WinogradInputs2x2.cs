namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>
/// The input transform of Winograd's F(2×2, 3×3): of each window of 4×4 bytes d the 16 words of Bᵀ d B, at most 1020 in magnitude.
/// </summary>
internal static class WinogradInputs2x2
{
    /// <summary>Windows side by side, two pixels apart, of as many channels as a vector has words.</summary>
    /// <param name="row0">The first pixel of the windows' first row.</param>
    /// <param name="row1">Bytes from there to the second row.</param>
    /// <param name="row2">Bytes to the third row.</param>
    /// <param name="row3">Bytes to the last row.</param>
    /// <param name="pixel">Bytes from one pixel to the next.</param>
    /// <param name="last">The same from the third to the fourth column of the last window: 0 where there is no fourth.</param>
    /// <param name="windows">How many windows.</param>
    /// <param name="words">Receives the words: of position (0, 0) of the first window.</param>
    /// <param name="window">Bytes from one window's words to the next one's.</param>
    /// <param name="position">Bytes from one position's words to the next one's.</param>
    /// <typeparam name="TLanes">The instruction set.</typeparam>
    /// <typeparam name="TVector">Its vector.</typeparam>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<TLanes, TVector>(
        ref byte row0, nint row1, nint row2, nint row3, nint pixel, nint last, int windows, ref byte words, nint window, nint position)
        where TLanes : struct, IWinogradLanes<TVector>
        where TVector : struct
    {
        unchecked
        {
            // Columns times Bᵀ as they come: a and b are the window's first two, c and d the others, which are the next window's first two.
            // No reference to them is taken, nor are there more at a time than 16 registers hold: the stack is not aligned to vectors.
            TVector pixel1 = TLanes.Widen(ref Unsafe.Add(ref row0, row1));
            TVector pixel2 = TLanes.Widen(ref Unsafe.Add(ref row0, row2));
            TVector a0 = TLanes.SubtractWords(TLanes.Widen(ref row0), pixel2);
            TVector a1 = TLanes.AddWords(pixel1, pixel2);
            TVector a2 = TLanes.SubtractWords(pixel2, pixel1);
            TVector a3 = TLanes.SubtractWords(pixel1, TLanes.Widen(ref Unsafe.Add(ref row0, row3)));
            row0 = ref Unsafe.Add(ref row0, pixel);
            pixel1 = TLanes.Widen(ref Unsafe.Add(ref row0, row1));
            pixel2 = TLanes.Widen(ref Unsafe.Add(ref row0, row2));
            TVector b0 = TLanes.SubtractWords(TLanes.Widen(ref row0), pixel2);
            TVector b1 = TLanes.AddWords(pixel1, pixel2);
            TVector b2 = TLanes.SubtractWords(pixel2, pixel1);
            TVector b3 = TLanes.SubtractWords(pixel1, TLanes.Widen(ref Unsafe.Add(ref row0, row3)));
            for (; windows > 0; windows--)
            {
                row0 = ref Unsafe.Add(ref row0, pixel);
                pixel1 = TLanes.Widen(ref Unsafe.Add(ref row0, row1));
                pixel2 = TLanes.Widen(ref Unsafe.Add(ref row0, row2));
                TVector c = TLanes.SubtractWords(TLanes.Widen(ref row0), pixel2);
                ref byte to = ref words;
                TLanes.Store(TLanes.SubtractWords(a0, c), ref to);
                TLanes.Store(TLanes.AddWords(b0, c), ref Unsafe.Add(ref to, position));
                TLanes.Store(TLanes.SubtractWords(c, b0), ref Unsafe.Add(ref to, 2 * position));
                a0 = c;
                c = TLanes.AddWords(pixel1, pixel2);
                to = ref Unsafe.Add(ref to, 4 * position);
                TLanes.Store(TLanes.SubtractWords(a1, c), ref to);
                TLanes.Store(TLanes.AddWords(b1, c), ref Unsafe.Add(ref to, position));
                TLanes.Store(TLanes.SubtractWords(c, b1), ref Unsafe.Add(ref to, 2 * position));
                a1 = c;
                c = TLanes.SubtractWords(pixel2, pixel1);
                to = ref Unsafe.Add(ref to, 4 * position);
                TLanes.Store(TLanes.SubtractWords(a2, c), ref to);
                TLanes.Store(TLanes.AddWords(b2, c), ref Unsafe.Add(ref to, position));
                TLanes.Store(TLanes.SubtractWords(c, b2), ref Unsafe.Add(ref to, 2 * position));
                a2 = c;
                c = TLanes.SubtractWords(pixel1, TLanes.Widen(ref Unsafe.Add(ref row0, row3)));
                to = ref Unsafe.Add(ref to, 4 * position);
                TLanes.Store(TLanes.SubtractWords(a3, c), ref to);
                TLanes.Store(TLanes.AddWords(b3, c), ref Unsafe.Add(ref to, position));
                TLanes.Store(TLanes.SubtractWords(c, b3), ref Unsafe.Add(ref to, 2 * position));
                a3 = c;

                row0 = ref Unsafe.Add(ref row0, windows == 1 ? last : pixel);
                to = ref Unsafe.Add(ref words, 3 * position);
                pixel1 = TLanes.Widen(ref Unsafe.Add(ref row0, row1));
                pixel2 = TLanes.Widen(ref Unsafe.Add(ref row0, row2));
                TVector d = TLanes.SubtractWords(TLanes.Widen(ref row0), pixel2);
                TLanes.Store(TLanes.SubtractWords(b0, d), ref to);
                b0 = d;
                d = TLanes.AddWords(pixel1, pixel2);
                to = ref Unsafe.Add(ref to, 4 * position);
                TLanes.Store(TLanes.SubtractWords(b1, d), ref to);
                b1 = d;
                d = TLanes.SubtractWords(pixel2, pixel1);
                to = ref Unsafe.Add(ref to, 4 * position);
                TLanes.Store(TLanes.SubtractWords(b2, d), ref to);
                b2 = d;
                d = TLanes.SubtractWords(pixel1, TLanes.Widen(ref Unsafe.Add(ref row0, row3)));
                to = ref Unsafe.Add(ref to, 4 * position);
                TLanes.Store(TLanes.SubtractWords(b3, d), ref to);
                b3 = d;
                words = ref Unsafe.Add(ref words, window);
            }
        }
    }
}
