namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.InteropServices;

/// <summary>
/// The register tiles of the float32 products: some rows (positions of a feature map, rows of a matrix) by some vectors of outputs.
/// Each output has one accumulator that starts at the bias and takes one fused multiply-add for each k, in ascending order, where
/// k runs over the taps (runs of contiguous inputs) and within a tap over the run.
/// </summary>
/// <remarks>
/// A multiply-add takes about four cycles and a core begins two in each: eight accumulators are the fewest that keep it busy, and
/// sixteen registers hold twelve of them beside the operands. Hence six rows by two vectors, and eight rows by one.
/// </remarks>
internal static class Float32Tile
{
    /// <summary>The most rows of a tile of two vectors.</summary>
    public const int WideRows = 6;

    /// <summary>The most rows of a tile of one vector.</summary>
    public const int NarrowRows = 8;

    /// <summary>The most vectors of a tile of one row.</summary>
    public const int LineVectors = 8;

    /// <summary>Outputs in one panel of packed weights.</summary>
    public const int Panel = 16;

    /// <summary>What the tiles of one call have in common.</summary>
    internal readonly ref struct Call
    {
        /// <summary>Byte offsets of the taps from a row's base.</summary>
        public required ReadOnlySpan<int> Taps { get; init; }

        /// <summary>Inputs in one tap.</summary>
        public required int Run { get; init; }

        /// <summary>Bytes from the weights of one k to those of the next.</summary>
        public required nint Step { get; init; }

        /// <summary>Bytes from the weights of 16 outputs to those of the next 16.</summary>
        public required nint PanelStep { get; init; }

        /// <summary>Bytes from the weights of one vector of outputs to those of the next, where a pair begins a panel.</summary>
        public required nint NextVector { get; init; }

        /// <summary>Biases from one vector of outputs to the next; 0 where all have the same.</summary>
        public required nint BiasStep { get; init; }

        /// <summary>The least result.</summary>
        public required float Minimum { get; init; }

        /// <summary>The greatest result.</summary>
        public required float Maximum { get; init; }
    }

    /// <summary>Bytes from the weights of output 0 to those of a later one that begins a vector.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Offset(int output, nint panelStep) =>
        ((nint)(output / Panel) * panelStep) + ((nint)(output % Panel) * sizeof(float));

    /// <summary>Up to six rows by two vectors of outputs, the second perhaps in part.</summary>
    /// <param name="input">The byte from which the rows' input offsets count.</param>
    /// <param name="weights">The weights of the first vector for k = 0.</param>
    /// <param name="bias">The biases of the first vector.</param>
    /// <param name="output">The byte from which the rows' output offsets count, at the first vector.</param>
    /// <param name="columns">How many outputs remain from the first one on: more than a vector.</param>
    /// <param name="room">Room for vectors that do not go to the outputs as a whole.</param>
    /// <param name="places">The rows.</param>
    /// <param name="tiles">How many tiles, one below the other.</param>
    /// <param name="call">What all tiles have in common.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Wide<TVector, TLanes, TRows>(
        ref byte input,
        ref byte weights,
        ref float bias,
        ref byte output,
        int columns,
        ref byte room,
        ref Float32Positions.Place places,
        int tiles,
        in Call call)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
        where TRows : struct, IExtent
    {
        TVector low = TLanes.Broadcast(call.Minimum);
        TVector high = TLanes.Broadcast(call.Maximum);
        nint step = call.Step;
        nint second = call.NextVector;
        nint run = (nint)call.Run * sizeof(float);
        nint next = TLanes.Count * sizeof(float);
        ref int end = ref Unsafe.Add(ref MemoryMarshal.GetReference(call.Taps), call.Taps.Length);
        for (; tiles > 0; tiles--)
        {
            TVector c00 = TLanes.Load(ref bias);
            TVector c01 = TLanes.Load(ref Unsafe.Add(ref bias, call.BiasStep));
            TVector c10 = c00, c20 = c00, c30 = c00, c40 = c00, c50 = c00;
            TVector c11 = c01, c21 = c01, c31 = c01, c41 = c01, c51 = c01;
            nint first = places.Input;
            nint o1 = TRows.Value > 1 ? Unsafe.Add(ref places, 1).Input - first : 0;
            nint o2 = TRows.Value > 2 ? Unsafe.Add(ref places, 2).Input - first : 0;
            nint o3 = TRows.Value > 3 ? Unsafe.Add(ref places, 3).Input - first : 0;
            nint o4 = TRows.Value > 4 ? Unsafe.Add(ref places, 4).Input - first : 0;
            nint o5 = TRows.Value > 5 ? Unsafe.Add(ref places, 5).Input - first : 0;
            ref byte origin = ref Unsafe.Add(ref input, first);
            ref byte w = ref weights;
            for (ref int t = ref MemoryMarshal.GetReference(call.Taps);
                Unsafe.IsAddressLessThan(ref t, ref end);
                t = ref Unsafe.Add(ref t, 1))
            {
                ref byte x = ref Unsafe.Add(ref origin, t);
                for (ref byte stop = ref Unsafe.Add(ref x, run);
                    Unsafe.IsAddressLessThan(ref x, ref stop);
                    x = ref Unsafe.Add(ref x, sizeof(float)))
                {
                    TVector w0 = TLanes.Load(ref Unsafe.As<byte, float>(ref w));
                    TVector w1 = TLanes.Load(ref Unsafe.As<byte, float>(ref Unsafe.Add(ref w, second)));
                    TVector v = TLanes.Broadcast(Unsafe.As<byte, float>(ref x));
                    c00 = TLanes.FusedMultiplyAdd(v, w0, c00);
                    c01 = TLanes.FusedMultiplyAdd(v, w1, c01);
                    if (TRows.Value > 1)
                    {
                        v = TLanes.Broadcast(Unsafe.As<byte, float>(ref Unsafe.Add(ref x, o1)));
                        c10 = TLanes.FusedMultiplyAdd(v, w0, c10);
                        c11 = TLanes.FusedMultiplyAdd(v, w1, c11);
                    }
                    if (TRows.Value > 2)
                    {
                        v = TLanes.Broadcast(Unsafe.As<byte, float>(ref Unsafe.Add(ref x, o2)));
                        c20 = TLanes.FusedMultiplyAdd(v, w0, c20);
                        c21 = TLanes.FusedMultiplyAdd(v, w1, c21);
                    }
                    if (TRows.Value > 3)
                    {
                        v = TLanes.Broadcast(Unsafe.As<byte, float>(ref Unsafe.Add(ref x, o3)));
                        c30 = TLanes.FusedMultiplyAdd(v, w0, c30);
                        c31 = TLanes.FusedMultiplyAdd(v, w1, c31);
                    }
                    if (TRows.Value > 4)
                    {
                        v = TLanes.Broadcast(Unsafe.As<byte, float>(ref Unsafe.Add(ref x, o4)));
                        c40 = TLanes.FusedMultiplyAdd(v, w0, c40);
                        c41 = TLanes.FusedMultiplyAdd(v, w1, c41);
                    }
                    if (TRows.Value > 5)
                    {
                        v = TLanes.Broadcast(Unsafe.As<byte, float>(ref Unsafe.Add(ref x, o5)));
                        c50 = TLanes.FusedMultiplyAdd(v, w0, c50);
                        c51 = TLanes.FusedMultiplyAdd(v, w1, c51);
                    }
                    w = ref Unsafe.Add(ref w, step);
                }
            }
            Store<TVector, TLanes>(c00, ref Unsafe.Add(ref output, places.Output), low, high);
            if (TRows.Value > 1)
                Store<TVector, TLanes>(c10, ref Unsafe.Add(ref output, Unsafe.Add(ref places, 1).Output), low, high);
            if (TRows.Value > 2)
                Store<TVector, TLanes>(c20, ref Unsafe.Add(ref output, Unsafe.Add(ref places, 2).Output), low, high);
            if (TRows.Value > 3)
                Store<TVector, TLanes>(c30, ref Unsafe.Add(ref output, Unsafe.Add(ref places, 3).Output), low, high);
            if (TRows.Value > 4)
                Store<TVector, TLanes>(c40, ref Unsafe.Add(ref output, Unsafe.Add(ref places, 4).Output), low, high);
            if (TRows.Value > 5)
                Store<TVector, TLanes>(c50, ref Unsafe.Add(ref output, Unsafe.Add(ref places, 5).Output), low, high);
            if (columns >= 2 * TLanes.Count)
            {
                Store<TVector, TLanes>(c01, ref Unsafe.Add(ref output, places.Output + next), low, high);
                if (TRows.Value > 1)
                    Store<TVector, TLanes>(c11, ref Unsafe.Add(ref output, Unsafe.Add(ref places, 1).Output + next), low, high);
                if (TRows.Value > 2)
                    Store<TVector, TLanes>(c21, ref Unsafe.Add(ref output, Unsafe.Add(ref places, 2).Output + next), low, high);
                if (TRows.Value > 3)
                    Store<TVector, TLanes>(c31, ref Unsafe.Add(ref output, Unsafe.Add(ref places, 3).Output + next), low, high);
                if (TRows.Value > 4)
                    Store<TVector, TLanes>(c41, ref Unsafe.Add(ref output, Unsafe.Add(ref places, 4).Output + next), low, high);
                if (TRows.Value > 5)
                    Store<TVector, TLanes>(c51, ref Unsafe.Add(ref output, Unsafe.Add(ref places, 5).Output + next), low, high);
            }
            else
            {
                Store<TVector, TLanes>(c01, ref room, low, high);
                if (TRows.Value > 1)
                    Store<TVector, TLanes>(c11, ref Unsafe.Add(ref room, 1 * next), low, high);
                if (TRows.Value > 2)
                    Store<TVector, TLanes>(c21, ref Unsafe.Add(ref room, 2 * next), low, high);
                if (TRows.Value > 3)
                    Store<TVector, TLanes>(c31, ref Unsafe.Add(ref room, 3 * next), low, high);
                if (TRows.Value > 4)
                    Store<TVector, TLanes>(c41, ref Unsafe.Add(ref room, 4 * next), low, high);
                if (TRows.Value > 5)
                    Store<TVector, TLanes>(c51, ref Unsafe.Add(ref room, 5 * next), low, high);
                for (int i = 0; i < TRows.Value; i++)
                {
                    Float32Remainder.Copy(
                        ref Unsafe.Add(ref room, i * next), ref Unsafe.Add(ref output, Unsafe.Add(ref places, i).Output + next),
                        columns - TLanes.Count);
                }
            }
            places = ref Unsafe.Add(ref places, TRows.Value);
        }
    }

    /// <summary>Up to eight rows by one vector of outputs, perhaps in part; parameters as for the wide tile.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Narrow<TVector, TLanes, TRows>(
        ref byte input,
        ref byte weights,
        ref float bias,
        ref byte output,
        int columns,
        ref byte room,
        ref Float32Positions.Place places,
        int tiles,
        in Call call)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
        where TRows : struct, IExtent
    {
        TVector low = TLanes.Broadcast(call.Minimum);
        TVector high = TLanes.Broadcast(call.Maximum);
        nint step = call.Step;
        nint run = (nint)call.Run * sizeof(float);
        nint next = TLanes.Count * sizeof(float);
        ref int end = ref Unsafe.Add(ref MemoryMarshal.GetReference(call.Taps), call.Taps.Length);
        for (; tiles > 0; tiles--)
        {
            TVector c0 = TLanes.Load(ref bias);
            TVector c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0, c6 = c0, c7 = c0;
            nint first = places.Input;
            nint o1 = TRows.Value > 1 ? Unsafe.Add(ref places, 1).Input - first : 0;
            nint o2 = TRows.Value > 2 ? Unsafe.Add(ref places, 2).Input - first : 0;
            nint o3 = TRows.Value > 3 ? Unsafe.Add(ref places, 3).Input - first : 0;
            nint o4 = TRows.Value > 4 ? Unsafe.Add(ref places, 4).Input - first : 0;
            nint o5 = TRows.Value > 5 ? Unsafe.Add(ref places, 5).Input - first : 0;
            nint o6 = TRows.Value > 6 ? Unsafe.Add(ref places, 6).Input - first : 0;
            nint o7 = TRows.Value > 7 ? Unsafe.Add(ref places, 7).Input - first : 0;
            ref byte origin = ref Unsafe.Add(ref input, first);
            ref byte w = ref weights;
            for (ref int t = ref MemoryMarshal.GetReference(call.Taps);
                Unsafe.IsAddressLessThan(ref t, ref end);
                t = ref Unsafe.Add(ref t, 1))
            {
                ref byte x = ref Unsafe.Add(ref origin, t);
                for (ref byte stop = ref Unsafe.Add(ref x, run);
                    Unsafe.IsAddressLessThan(ref x, ref stop);
                    x = ref Unsafe.Add(ref x, sizeof(float)))
                {
                    TVector v = TLanes.Load(ref Unsafe.As<byte, float>(ref w));
                    c0 = TLanes.FusedMultiplyAdd(TLanes.Broadcast(Unsafe.As<byte, float>(ref x)), v, c0);
                    if (TRows.Value > 1)
                        c1 = TLanes.FusedMultiplyAdd(TLanes.Broadcast(Unsafe.As<byte, float>(ref Unsafe.Add(ref x, o1))), v, c1);
                    if (TRows.Value > 2)
                        c2 = TLanes.FusedMultiplyAdd(TLanes.Broadcast(Unsafe.As<byte, float>(ref Unsafe.Add(ref x, o2))), v, c2);
                    if (TRows.Value > 3)
                        c3 = TLanes.FusedMultiplyAdd(TLanes.Broadcast(Unsafe.As<byte, float>(ref Unsafe.Add(ref x, o3))), v, c3);
                    if (TRows.Value > 4)
                        c4 = TLanes.FusedMultiplyAdd(TLanes.Broadcast(Unsafe.As<byte, float>(ref Unsafe.Add(ref x, o4))), v, c4);
                    if (TRows.Value > 5)
                        c5 = TLanes.FusedMultiplyAdd(TLanes.Broadcast(Unsafe.As<byte, float>(ref Unsafe.Add(ref x, o5))), v, c5);
                    if (TRows.Value > 6)
                        c6 = TLanes.FusedMultiplyAdd(TLanes.Broadcast(Unsafe.As<byte, float>(ref Unsafe.Add(ref x, o6))), v, c6);
                    if (TRows.Value > 7)
                        c7 = TLanes.FusedMultiplyAdd(TLanes.Broadcast(Unsafe.As<byte, float>(ref Unsafe.Add(ref x, o7))), v, c7);
                    w = ref Unsafe.Add(ref w, step);
                }
            }
            if (columns >= TLanes.Count)
            {
                Store<TVector, TLanes>(c0, ref Unsafe.Add(ref output, places.Output), low, high);
                if (TRows.Value > 1)
                    Store<TVector, TLanes>(c1, ref Unsafe.Add(ref output, Unsafe.Add(ref places, 1).Output), low, high);
                if (TRows.Value > 2)
                    Store<TVector, TLanes>(c2, ref Unsafe.Add(ref output, Unsafe.Add(ref places, 2).Output), low, high);
                if (TRows.Value > 3)
                    Store<TVector, TLanes>(c3, ref Unsafe.Add(ref output, Unsafe.Add(ref places, 3).Output), low, high);
                if (TRows.Value > 4)
                    Store<TVector, TLanes>(c4, ref Unsafe.Add(ref output, Unsafe.Add(ref places, 4).Output), low, high);
                if (TRows.Value > 5)
                    Store<TVector, TLanes>(c5, ref Unsafe.Add(ref output, Unsafe.Add(ref places, 5).Output), low, high);
                if (TRows.Value > 6)
                    Store<TVector, TLanes>(c6, ref Unsafe.Add(ref output, Unsafe.Add(ref places, 6).Output), low, high);
                if (TRows.Value > 7)
                    Store<TVector, TLanes>(c7, ref Unsafe.Add(ref output, Unsafe.Add(ref places, 7).Output), low, high);
            }
            else
            {
                Store<TVector, TLanes>(c0, ref room, low, high);
                if (TRows.Value > 1)
                    Store<TVector, TLanes>(c1, ref Unsafe.Add(ref room, 1 * next), low, high);
                if (TRows.Value > 2)
                    Store<TVector, TLanes>(c2, ref Unsafe.Add(ref room, 2 * next), low, high);
                if (TRows.Value > 3)
                    Store<TVector, TLanes>(c3, ref Unsafe.Add(ref room, 3 * next), low, high);
                if (TRows.Value > 4)
                    Store<TVector, TLanes>(c4, ref Unsafe.Add(ref room, 4 * next), low, high);
                if (TRows.Value > 5)
                    Store<TVector, TLanes>(c5, ref Unsafe.Add(ref room, 5 * next), low, high);
                if (TRows.Value > 6)
                    Store<TVector, TLanes>(c6, ref Unsafe.Add(ref room, 6 * next), low, high);
                if (TRows.Value > 7)
                    Store<TVector, TLanes>(c7, ref Unsafe.Add(ref room, 7 * next), low, high);
                for (int i = 0; i < TRows.Value; i++)
                {
                    Float32Remainder.Copy(
                        ref Unsafe.Add(ref room, i * next), ref Unsafe.Add(ref output, Unsafe.Add(ref places, i).Output), columns);
                }
            }
            places = ref Unsafe.Add(ref places, TRows.Value);
        }
    }

    /// <summary>One row by up to eight vectors of outputs.</summary>
    /// <param name="input">The row's inputs.</param>
    /// <param name="weights">The weights of output 0 for k = 0.</param>
    /// <param name="first">The first output of the first vector.</param>
    /// <param name="bias">The biases of the first vector.</param>
    /// <param name="output">The first vector's outputs.</param>
    /// <param name="last">Where the last vector goes.</param>
    /// <param name="call">What all tiles have in common.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Line<TVector, TLanes, TVectors>(
        ref byte input, ref byte weights, int first, ref float bias, ref byte output, ref byte last, in Call call)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
        where TVectors : struct, IExtent
    {
        nint next = call.BiasStep;
        TVector c0 = TLanes.Load(ref bias);
        TVector c1 = TVectors.Value > 1 ? TLanes.Load(ref Unsafe.Add(ref bias, 1 * next)) : c0;
        TVector c2 = TVectors.Value > 2 ? TLanes.Load(ref Unsafe.Add(ref bias, 2 * next)) : c0;
        TVector c3 = TVectors.Value > 3 ? TLanes.Load(ref Unsafe.Add(ref bias, 3 * next)) : c0;
        TVector c4 = TVectors.Value > 4 ? TLanes.Load(ref Unsafe.Add(ref bias, 4 * next)) : c0;
        TVector c5 = TVectors.Value > 5 ? TLanes.Load(ref Unsafe.Add(ref bias, 5 * next)) : c0;
        TVector c6 = TVectors.Value > 6 ? TLanes.Load(ref Unsafe.Add(ref bias, 6 * next)) : c0;
        TVector c7 = TVectors.Value > 7 ? TLanes.Load(ref Unsafe.Add(ref bias, 7 * next)) : c0;
        nint panelStep = call.PanelStep;
        ref byte w0 = ref Unsafe.Add(ref weights, Offset(first, panelStep));
        ref byte w1 = ref Unsafe.Add(ref weights, Offset(first + (1 * TLanes.Count), panelStep));
        ref byte w2 = ref Unsafe.Add(ref weights, Offset(first + (2 * TLanes.Count), panelStep));
        ref byte w3 = ref Unsafe.Add(ref weights, Offset(first + (3 * TLanes.Count), panelStep));
        ref byte w4 = ref Unsafe.Add(ref weights, Offset(first + (4 * TLanes.Count), panelStep));
        ref byte w5 = ref Unsafe.Add(ref weights, Offset(first + (5 * TLanes.Count), panelStep));
        ref byte w6 = ref Unsafe.Add(ref weights, Offset(first + (6 * TLanes.Count), panelStep));
        ref byte w7 = ref Unsafe.Add(ref weights, Offset(first + (7 * TLanes.Count), panelStep));
        nint step = call.Step;
        nint end = (nint)call.Run * sizeof(float);
        ReadOnlySpan<int> taps = call.Taps;
        nint o = 0;
        for (int t = 0; t < taps.Length; t++)
        {
            ref byte x = ref Unsafe.Add(ref input, (nint)taps[t]);
            for (nint k = 0; k < end; k += sizeof(float))
            {
                TVector v = TLanes.Broadcast(Unsafe.As<byte, float>(ref Unsafe.Add(ref x, k)));
                c0 = TLanes.FusedMultiplyAdd(v, TLanes.Load(ref Unsafe.As<byte, float>(ref Unsafe.Add(ref w0, o))), c0);
                if (TVectors.Value > 1)
                    c1 = TLanes.FusedMultiplyAdd(v, TLanes.Load(ref Unsafe.As<byte, float>(ref Unsafe.Add(ref w1, o))), c1);
                if (TVectors.Value > 2)
                    c2 = TLanes.FusedMultiplyAdd(v, TLanes.Load(ref Unsafe.As<byte, float>(ref Unsafe.Add(ref w2, o))), c2);
                if (TVectors.Value > 3)
                    c3 = TLanes.FusedMultiplyAdd(v, TLanes.Load(ref Unsafe.As<byte, float>(ref Unsafe.Add(ref w3, o))), c3);
                if (TVectors.Value > 4)
                    c4 = TLanes.FusedMultiplyAdd(v, TLanes.Load(ref Unsafe.As<byte, float>(ref Unsafe.Add(ref w4, o))), c4);
                if (TVectors.Value > 5)
                    c5 = TLanes.FusedMultiplyAdd(v, TLanes.Load(ref Unsafe.As<byte, float>(ref Unsafe.Add(ref w5, o))), c5);
                if (TVectors.Value > 6)
                    c6 = TLanes.FusedMultiplyAdd(v, TLanes.Load(ref Unsafe.As<byte, float>(ref Unsafe.Add(ref w6, o))), c6);
                if (TVectors.Value > 7)
                    c7 = TLanes.FusedMultiplyAdd(v, TLanes.Load(ref Unsafe.As<byte, float>(ref Unsafe.Add(ref w7, o))), c7);
                o += step;
            }
        }
        TVector low = TLanes.Broadcast(call.Minimum);
        TVector high = TLanes.Broadcast(call.Maximum);
        nint size = TLanes.Count * sizeof(float);
        Store<TVector, TLanes>(c0, ref TVectors.Value == 1 ? ref last : ref output, low, high);
        if (TVectors.Value > 1)
            Store<TVector, TLanes>(c1, ref TVectors.Value == 2 ? ref last : ref Unsafe.Add(ref output, 1 * size), low, high);
        if (TVectors.Value > 2)
            Store<TVector, TLanes>(c2, ref TVectors.Value == 3 ? ref last : ref Unsafe.Add(ref output, 2 * size), low, high);
        if (TVectors.Value > 3)
            Store<TVector, TLanes>(c3, ref TVectors.Value == 4 ? ref last : ref Unsafe.Add(ref output, 3 * size), low, high);
        if (TVectors.Value > 4)
            Store<TVector, TLanes>(c4, ref TVectors.Value == 5 ? ref last : ref Unsafe.Add(ref output, 4 * size), low, high);
        if (TVectors.Value > 5)
            Store<TVector, TLanes>(c5, ref TVectors.Value == 6 ? ref last : ref Unsafe.Add(ref output, 5 * size), low, high);
        if (TVectors.Value > 6)
            Store<TVector, TLanes>(c6, ref TVectors.Value == 7 ? ref last : ref Unsafe.Add(ref output, 6 * size), low, high);
        if (TVectors.Value > 7)
            Store<TVector, TLanes>(c7, ref TVectors.Value == 8 ? ref last : ref Unsafe.Add(ref output, 7 * size), low, high);
    }

    // Inlined, because accumulators that live across a call would be spilled in the innermost loop.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TVector, TLanes>(TVector value, ref byte output, TVector low, TVector high)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector> =>
        TLanes.Store(TLanes.Min(high, TLanes.Max(low, value)), ref Unsafe.As<byte, float>(ref output));
}
