namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>
/// The register tile of a single row times panels of codes: each load gives the weights of two vectors, so that half the bytes stream by.
/// Tiles of few panels take several quads at a time, so that eight sums are under way.
/// </summary>
internal static class Int4RowTile
{
    /// <summary>Sums the products of a row's quads with the codes of panels and leaves the sums in the scratch memory.</summary>
    /// <param name="source">The first input.</param>
    /// <param name="quads">The quads.</param>
    /// <param name="codes">The codes of the first panel's first quad.</param>
    /// <param name="panelBytes">Bytes from one panel to the next.</param>
    /// <param name="sums">Receives 16 sums for each panel.</param>
    /// <typeparam name="TDot">The instruction set; activations are not offset.</typeparam>
    /// <typeparam name="TVector">Its vector.</typeparam>
    /// <typeparam name="TPanels">The panels: 4, 2 or 1.</typeparam>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<TDot, TVector, TPanels>(ref byte source, int quads, ref byte codes, nint panelBytes, ref int sums)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
        where TPanels : struct, IExtent
    {
        unchecked
        {
            if (Unsafe.SizeOf<TPanels>() == 4)
            {
                // Four panels of vectors of 4 lanes are twice two.
                if (TDot.Lanes == 4)
                {
                    Run<TDot, TVector, Extent2>(ref source, quads, ref codes, panelBytes, ref sums);
                    Run<TDot, TVector, Extent2>(
                        ref source, quads, ref Unsafe.Add(ref codes, 2 * panelBytes), panelBytes, ref Unsafe.Add(ref sums, 32));
                    return;
                }
            }

            // Streams of codes: panels, or halves of quads where a vector has 4 lanes.
            nint first = TDot.Lanes == 4 ? 16 : panelBytes;
            nint second = TDot.Lanes == 4 ? panelBytes : 2 * panelBytes;
            TVector low0 = default;
            TVector low1 = default;
            TVector low2 = default;
            TVector low3 = default;
            TVector high0 = default;
            TVector high1 = default;
            TVector high2 = default;
            TVector high3 = default;
            int k = quads;
            if ((Unsafe.SizeOf<TPanels>() == 1 && TDot.Lanes == 8) || (Unsafe.SizeOf<TPanels>() == 1 && TDot.Lanes == 16))
            {
                for (; k > 3; k -= 4)
                {
                    One<TDot, TVector>(ref source, ref codes, ref low0, ref high0);
                    One<TDot, TVector>(ref Unsafe.Add(ref source, 4), ref Unsafe.Add(ref codes, 32), ref low1, ref high1);
                    One<TDot, TVector>(ref Unsafe.Add(ref source, 8), ref Unsafe.Add(ref codes, 64), ref low2, ref high2);
                    One<TDot, TVector>(ref Unsafe.Add(ref source, 12), ref Unsafe.Add(ref codes, 96), ref low3, ref high3);
                    source = ref Unsafe.Add(ref source, 16);
                    codes = ref Unsafe.Add(ref codes, 128);
                }
            }
            else if ((Unsafe.SizeOf<TPanels>() == 2 && TDot.Lanes > 4) || (Unsafe.SizeOf<TPanels>() == 1 && TDot.Lanes == 4))
            {
                for (; k > 1; k -= 2)
                {
                    One<TDot, TVector>(ref source, ref codes, ref low0, ref high0);
                    One<TDot, TVector>(ref source, ref Unsafe.Add(ref codes, first), ref low1, ref high1);
                    One<TDot, TVector>(ref Unsafe.Add(ref source, 4), ref Unsafe.Add(ref codes, 32), ref low2, ref high2);
                    One<TDot, TVector>(ref Unsafe.Add(ref source, 4), ref Unsafe.Add(ref codes, first + 32), ref low3, ref high3);
                    source = ref Unsafe.Add(ref source, 8);
                    codes = ref Unsafe.Add(ref codes, 64);
                }
            }

            bool isOne = Unsafe.SizeOf<TPanels>() == 1 && TDot.Lanes > 4;
            bool isTwo = (Unsafe.SizeOf<TPanels>() == 2 && TDot.Lanes > 4) || (Unsafe.SizeOf<TPanels>() == 1 && TDot.Lanes == 4);
            for (; k > 0; k--)
            {
                One<TDot, TVector>(ref source, ref codes, ref low0, ref high0);
                if (!isOne)
                    One<TDot, TVector>(ref source, ref Unsafe.Add(ref codes, first), ref low1, ref high1);
                if (!isOne && !isTwo)
                {
                    One<TDot, TVector>(ref source, ref Unsafe.Add(ref codes, second), ref low2, ref high2);
                    One<TDot, TVector>(ref source, ref Unsafe.Add(ref codes, second + first), ref low3, ref high3);
                }

                source = ref Unsafe.Add(ref source, 4);
                codes = ref Unsafe.Add(ref codes, 32);
            }

            if (isOne)
            {
                low0 = TDot.Add(TDot.Add(low0, low1), TDot.Add(low2, low3));
                high0 = TDot.Add(TDot.Add(high0, high1), TDot.Add(high2, high3));
            }
            else if (isTwo)
            {
                low0 = TDot.Add(low0, low2);
                high0 = TDot.Add(high0, high2);
                low1 = TDot.Add(low1, low3);
                high1 = TDot.Add(high1, high3);
            }

            Leave<TDot, TVector>(low0, high0, ref sums);
            if (!isOne)
                Leave<TDot, TVector>(low1, high1, ref Unsafe.Add(ref sums, TDot.Lanes == 4 ? 4 : 16));
            if (!isOne && !isTwo)
            {
                Leave<TDot, TVector>(low2, high2, ref Unsafe.Add(ref sums, TDot.Lanes == 4 ? 16 : 32));
                Leave<TDot, TVector>(low3, high3, ref Unsafe.Add(ref sums, TDot.Lanes == 4 ? 20 : 48));
            }
        }
    }

    /// <summary>One quad times the codes of two vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void One<TDot, TVector>(ref byte source, ref byte codes, ref TVector low, ref TVector high)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
    {
        TVector quad = TDot.Broadcast(ref source);
        TVector even = TDot.EvenActivations(quad);
        TVector odd = TDot.OddActivations(quad);
        NibbleLanes.Load(ref codes, out TVector first, out TVector second);
        low = TDot.MultiplyAdd(low, even, odd, TDot.EvenWeights(first), TDot.OddWeights(first));
        if (TDot.Lanes < 16)
            high = TDot.MultiplyAdd(high, even, odd, TDot.EvenWeights(second), TDot.OddWeights(second));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Leave<TDot, TVector>(TVector low, TVector high, ref int sums)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
    {
        TDot.Store(low, ref Unsafe.As<int, byte>(ref sums));
        if (TDot.Lanes < 16)
            TDot.Store(high, ref Unsafe.As<int, byte>(ref Unsafe.Add(ref sums, 8)));
    }
}
