namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.InteropServices;

/// <summary>
/// A <see cref="Float32Product"/> whose weights are blocks of 16 outputs times four inputs, of which only those are stored that are not all
/// zero: block compressed sparse rows (R. Vuduc, "Automatic Performance Tuning of Sparse Matrix Kernels", 2003, section 3.1), where a row
/// is one tap of a panel.
/// </summary>
/// <remarks>
/// <para>
/// A block is four rows of a dense panel, 256 bytes; its place is the number of its first input in the tap's run (u16), and for each panel
/// and tap there is the number of its first block, and that of all (s32). Blocks are taps of four inputs to the tiles of dense panels. A
/// single row has one sum for each output and nothing else to do while it waits for it: it takes two panels at a time
/// (<see cref="Float32SparseTile"/>).
/// </para>
/// <para>
/// Each output adds up in the order of the dense product, and a product with zero changes no finite sum: where all inputs are finite,
/// results are equal to the dense ones. A zero may have the other sign, and an infinite or undefined input does not reach the outputs
/// whose blocks there are left out.
/// </para>
/// </remarks>
internal static class Float32SparseProduct
{
    /// <summary>Inputs of a block.</summary>
    public const int BlockInputs = 4;

    /// <summary>Weights of a block.</summary>
    public const int BlockWeights = BlockInputs * Float32Tile.Panel;

    /// <summary>Bytes of a block.</summary>
    public const int BlockBytes = BlockWeights * sizeof(float);

    private const int Step = Float32Tile.Panel * sizeof(float);

    /// <summary>Computes all outputs of all positions.</summary>
    /// <param name="w">The workspace, for its scratch memory.</param>
    /// <param name="input">The first input under the first tap at the first position.</param>
    /// <param name="weights">The layer's first block.</param>
    /// <param name="columns">Its place.</param>
    /// <param name="bounds">The bounds of the first panel's taps, those of the others behind them.</param>
    /// <param name="bias">The biases; those of whole panels are read.</param>
    /// <param name="output">The first output at the first position.</param>
    /// <param name="outputs">The number of outputs at each position.</param>
    /// <param name="positions">Extents of the positions, outermost first.</param>
    /// <param name="inputSteps">Bytes between the inputs of neighbours, for each dimension.</param>
    /// <param name="outputSteps">Bytes between the outputs of neighbours, for each dimension.</param>
    /// <param name="taps">Byte offsets of the taps.</param>
    /// <param name="minimum">The least result.</param>
    /// <param name="maximum">The greatest result.</param>
    public static void Run<TVector, TLanes>(
        Workspace w,
        ref byte input,
        ref byte weights,
        ref ushort columns,
        ref int bounds,
        ref float bias,
        ref byte output,
        int outputs,
        ReadOnlySpan<int> positions,
        ReadOnlySpan<int> inputSteps,
        ReadOnlySpan<int> outputSteps,
        ReadOnlySpan<int> taps,
        float minimum,
        float maximum)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        if (TLanes.Count == 1)
        {
            Scalars(
                w, ref input, ref weights, ref columns, ref bounds, ref bias, ref output, outputs, positions, inputSteps, outputSteps, taps,
                minimum, maximum);
            return;
        }

        var walk = new Float32Positions(positions, inputSteps, outputSteps);
        if (walk.Count == 1)
        {
            Line<TVector, TLanes>(
                ref input, ref weights, ref columns, ref bounds, ref bias, ref output, outputs, taps, minimum, maximum);
        }
        else if (walk.Count > 0)
        {
            Tiles<TVector, TLanes>(
                w, ref input, ref weights, ref columns, ref bounds, ref bias, ref output, outputs, walk, taps, minimum, maximum);
        }
    }

    // Block after block of positions, and for each one panel after panel.
    private static void Tiles<TVector, TLanes>(
        Workspace w,
        ref byte input,
        ref byte weights,
        ref ushort columns,
        ref int bounds,
        ref float bias,
        ref byte output,
        int outputs,
        Float32Positions walk,
        ReadOnlySpan<int> taps,
        float minimum,
        float maximum)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        ref int room = ref Room(w, ref bounds, outputs, taps.Length);
        int count = walk.Count;
        Span<Float32Positions.Place> places = stackalloc Float32Positions.Place[Math.Min(count, Float32Product.Block)];
        for (int done = 0; done < count; done += Float32Product.Block)
        {
            int rows = Math.Min(Float32Product.Block, count - done);
            walk.Next(places.Slice(0, rows));
            ref int bound = ref bounds;
            for (int panel = 0; panel < outputs; panel += Float32Tile.Panel, bound = ref Unsafe.Add(ref bound, taps.Length))
            {
                ref byte first = ref Unsafe.Add(ref weights, (nint)bound * BlockBytes);
                var call = new Float32Tile.Call
                {
                    Taps = Offsets(ref columns, ref bound, taps, ref room),
                    Run = BlockInputs,
                    Step = Step,
                    PanelStep = 0,
                    NextVector = TLanes.Count * sizeof(float),
                    BiasStep = TLanes.Count,
                    Minimum = minimum,
                    Maximum = maximum,
                };
                int end = Math.Min(panel + Float32Tile.Panel, outputs);
                for (int column = panel; column < end; column += 2 * TLanes.Count)
                {
                    ref byte lanes = ref Unsafe.Add(ref first, (nint)(column - panel) * sizeof(float));
                    ref float start = ref Unsafe.Add(ref bias, column);
                    ref byte target = ref Unsafe.Add(ref output, (nint)column * sizeof(float));
                    if (end - column > TLanes.Count)
                    {
                        Float32Product.Wide<TVector, TLanes>(
                            ref input, ref lanes, ref start, ref target, end - column, ref places[0], rows, call);
                    }
                    else
                    {
                        Float32Product.Narrow<TVector, TLanes>(
                            ref input, ref lanes, ref start, ref target, end - column, ref places[0], rows, call);
                    }
                }
            }
        }
    }

    // One position: two panels at a time. What an incomplete last panel has too much goes elsewhere first.
    private static void Line<TVector, TLanes>(
        ref byte input,
        ref byte weights,
        ref ushort columns,
        ref int bounds,
        ref float bias,
        ref byte output,
        int outputs,
        ReadOnlySpan<int> taps,
        float minimum,
        float maximum)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        var remainder = default(Float32Remainder);
        ref byte room = ref Unsafe.As<Float32Remainder, byte>(ref remainder);
        ref int bound = ref bounds;
        for (int column = 0; column < outputs; column += 2 * Float32Tile.Panel, bound = ref Unsafe.Add(ref bound, 2 * taps.Length))
        {
            int left = outputs - column;
            bool isPair = left > Float32Tile.Panel;
            bool whole = left >= (isPair ? 2 * Float32Tile.Panel : Float32Tile.Panel);
            ref byte target = ref Unsafe.Add(ref output, (nint)column * sizeof(float));
            ref byte to = ref whole ? ref target : ref room;
            ref float start = ref Unsafe.Add(ref bias, column);
            if (isPair)
            {
                Float32SparseTile.Pair<TVector, TLanes>(
                    ref input, ref weights, ref columns, ref bound, taps, ref start, ref to, minimum, maximum);
            }
            else
            {
                Float32SparseTile.Single<TVector, TLanes>(
                    ref input, ref weights, ref columns, ref bound, taps, ref start, ref to, minimum, maximum);
            }

            if (!whole)
                Float32Remainder.Copy(ref room, ref target, left);
        }
    }

    // Without vectors, panel after panel.
    private static void Scalars(
        Workspace w,
        ref byte input,
        ref byte weights,
        ref ushort columns,
        ref int bounds,
        ref float bias,
        ref byte output,
        int outputs,
        ReadOnlySpan<int> positions,
        ReadOnlySpan<int> inputSteps,
        ReadOnlySpan<int> outputSteps,
        ReadOnlySpan<int> taps,
        float minimum,
        float maximum)
    {
        ref int room = ref Room(w, ref bounds, outputs, taps.Length);
        ref int bound = ref bounds;
        for (int column = 0; column < outputs; column += Float32Tile.Panel, bound = ref Unsafe.Add(ref bound, taps.Length))
        {
            Float32ScalarLoop.Run(
                ref input, ref Unsafe.Add(ref weights, (nint)bound * BlockBytes), 0, ref Unsafe.Add(ref bias, column), oneBias: false,
                ref Unsafe.Add(ref output, (nint)column * sizeof(float)), Math.Min(Float32Tile.Panel, outputs - column), positions,
                inputSteps, outputSteps, Offsets(ref columns, ref bound, taps, ref room), BlockInputs, Step, minimum, maximum);
        }
    }

    // Where the inputs of a panel's blocks lie from a position on.
    private static ReadOnlySpan<int> Offsets(ref ushort columns, ref int bounds, ReadOnlySpan<int> taps, ref int room)
    {
        ref ushort column = ref Unsafe.Add(ref columns, bounds);
        int count = 0;
        for (int t = 0; t < taps.Length; t++)
        {
            int end = Unsafe.Add(ref bounds, t + 1) - bounds;
            for (; count < end; count++)
                Unsafe.Add(ref room, count) = taps[t] + (Unsafe.Add(ref column, count) * sizeof(float));
        }

        return MemoryMarshal.CreateReadOnlySpan(ref room, count);
    }

    // Memory for the offsets of any panel's blocks.
    private static ref int Room(Workspace w, ref int bounds, int outputs, int taps)
    {
        int most = 0;
        for (int column = 0; column < outputs; column += Float32Tile.Panel, bounds = ref Unsafe.Add(ref bounds, taps))
            most = Math.Max(most, Unsafe.Add(ref bounds, taps) - bounds);
        return ref Unsafe.As<byte, int>(ref w.Scratch(most * sizeof(int)));
    }
}
