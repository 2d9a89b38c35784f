namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;

/// <summary>
/// The loops around the float32 register tiles: all positions of a feature map (or rows of a matrix) by all outputs. Positions
/// form up to four nested dimensions; tiles run over their ends, so that small maps fill them, too.
/// </summary>
/// <remarks>
/// Positions go in blocks: where each one lies is computed once for all panels of weights, the block's inputs stay in the cache while
/// panel after panel meets them, and its outputs are written while their cache lines are at hand. A panel's weights stay in the
/// first-level cache while the block's tiles run over them. A block is split into tiles of nearly the same height.
/// </remarks>
internal static class Float32Product
{
    // Sixteen tiles: the weights are then read from further away a sixteenth as often as they are used.
    internal const int Block = 16 * Float32Tile.WideRows;

    /// <summary>Computes all outputs of all positions.</summary>
    /// <param name="input">The first input under the first tap at the first position.</param>
    /// <param name="weights">The weights of the first output for k = 0.</param>
    /// <param name="panelStep">Bytes from the weights of 16 outputs to those of the next 16.</param>
    /// <param name="bias">The biases; those of whole vectors are read.</param>
    /// <param name="oneBias">Whether the first vector of biases serves all outputs.</param>
    /// <param name="output">The first output at the first position.</param>
    /// <param name="outputs">The number of outputs at each position.</param>
    /// <param name="positions">Extents of the positions, outermost first.</param>
    /// <param name="inputSteps">Bytes between the inputs of neighbours, for each dimension.</param>
    /// <param name="outputSteps">Bytes between the outputs of neighbours, for each dimension.</param>
    /// <param name="taps">Byte offsets of the taps.</param>
    /// <param name="run">Inputs in one tap.</param>
    /// <param name="step">Bytes from the weights of one k to those of the next.</param>
    /// <param name="minimum">The least result.</param>
    /// <param name="maximum">The greatest result.</param>
    public static void Run<TVector, TLanes>(
        ref byte input,
        ref byte weights,
        nint panelStep,
        ref float bias,
        bool oneBias,
        ref byte output,
        int outputs,
        ReadOnlySpan<int> positions,
        ReadOnlySpan<int> inputSteps,
        ReadOnlySpan<int> outputSteps,
        ReadOnlySpan<int> taps,
        int run,
        nint step,
        float minimum,
        float maximum)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        if (TLanes.Count == 1)
        {
            Float32ScalarLoop.Run(
                ref input, ref weights, panelStep, ref bias, oneBias, ref output, outputs, positions, inputSteps, outputSteps, taps, run,
                step, minimum, maximum);
        }
        else
        {
            Tiles<TVector, TLanes>(
                ref input, ref weights, panelStep, ref bias, oneBias, ref output, outputs, positions, inputSteps, outputSteps, taps, run,
                step, minimum, maximum);
        }
    }

    private static void Tiles<TVector, TLanes>(
        ref byte input,
        ref byte weights,
        nint panelStep,
        ref float bias,
        bool oneBias,
        ref byte output,
        int outputs,
        ReadOnlySpan<int> positions,
        ReadOnlySpan<int> inputSteps,
        ReadOnlySpan<int> outputSteps,
        ReadOnlySpan<int> taps,
        int run,
        nint step,
        float minimum,
        float maximum)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        var walk = new Float32Positions(positions, inputSteps, outputSteps);
        int count = walk.Count;
        if (count == 0)
            return;

        // Vectors of at most 8 lanes lie two and two in a panel; one of 16 lanes is a panel, and its neighbour the next panel.
        var call = new Float32Tile.Call
        {
            Taps = taps,
            Run = run,
            Step = step,
            PanelStep = panelStep,
            NextVector = TLanes.Count == Float32Tile.Panel ? panelStep : TLanes.Count * sizeof(float),
            BiasStep = oneBias ? 0 : TLanes.Count,
            Minimum = minimum,
            Maximum = maximum,
        };
        if (count == 1)
        {
            Line<TVector, TLanes>(ref input, ref weights, ref bias, ref output, outputs, call);
            return;
        }

        Span<Float32Positions.Place> places = stackalloc Float32Positions.Place[Math.Min(count, Block)];
        for (int done = 0; done < count; done += Block)
        {
            int rows = Math.Min(Block, count - done);
            walk.Next(places.Slice(0, rows));
            for (int column = 0; column < outputs; column += 2 * TLanes.Count)
            {
                ref byte panel = ref Unsafe.Add(ref weights, Float32Tile.Offset(column, panelStep));
                ref float start = ref Unsafe.Add(ref bias, oneBias ? 0 : column);
                ref byte target = ref Unsafe.Add(ref output, (nint)column * sizeof(float));
                int columns = outputs - column;
                if (columns > TLanes.Count)
                    Wide<TVector, TLanes>(ref input, ref panel, ref start, ref target, columns, ref places[0], rows, call);
                else
                    Narrow<TVector, TLanes>(ref input, ref panel, ref start, ref target, columns, ref places[0], rows, call);
            }
        }
    }

    /// <summary>
    /// A block of positions by two vectors of outputs, the second perhaps in part. Tiles differ by one row at most. Parameters as of the
    /// tiles.
    /// </summary>
    internal static void Wide<TVector, TLanes>(
        ref byte input,
        ref byte weights,
        ref float bias,
        ref byte output,
        int columns,
        ref Float32Positions.Place places,
        int rows,
        in Float32Tile.Call call)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        var remainder = default(Float32Remainder);
        ref byte room = ref Unsafe.As<Float32Remainder, byte>(ref remainder);
        int tiles = (rows + Float32Tile.WideRows - 1) / Float32Tile.WideRows;
        int height = (rows + tiles - 1) / tiles;
        int lower = (height * tiles) - rows;
        for (int count = tiles - lower; count > 0; height--, count = lower, lower = 0)
        {
            switch (height)
            {
                case 6:
                    Float32Tile.Wide<TVector, TLanes, Extent6>(
                        ref input, ref weights, ref bias, ref output, columns, ref room, ref places, count, call);
                    break;
                case 5:
                    Float32Tile.Wide<TVector, TLanes, Extent5>(
                        ref input, ref weights, ref bias, ref output, columns, ref room, ref places, count, call);
                    break;
                case 4:
                    Float32Tile.Wide<TVector, TLanes, Extent4>(
                        ref input, ref weights, ref bias, ref output, columns, ref room, ref places, count, call);
                    break;
                case 3:
                    Float32Tile.Wide<TVector, TLanes, Extent3>(
                        ref input, ref weights, ref bias, ref output, columns, ref room, ref places, count, call);
                    break;
                case 2:
                    Float32Tile.Wide<TVector, TLanes, Extent2>(
                        ref input, ref weights, ref bias, ref output, columns, ref room, ref places, count, call);
                    break;
                default:
                    Float32Tile.Wide<TVector, TLanes, Extent1>(
                        ref input, ref weights, ref bias, ref output, columns, ref room, ref places, count, call);
                    break;
            }
            places = ref Unsafe.Add(ref places, height * count);
        }
    }

    /// <summary>A block of positions by one vector of outputs, perhaps in part. Parameters as of the tiles.</summary>
    internal static void Narrow<TVector, TLanes>(
        ref byte input,
        ref byte weights,
        ref float bias,
        ref byte output,
        int columns,
        ref Float32Positions.Place places,
        int rows,
        in Float32Tile.Call call)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        var remainder = default(Float32Remainder);
        ref byte room = ref Unsafe.As<Float32Remainder, byte>(ref remainder);
        int tiles = (rows + Float32Tile.NarrowRows - 1) / Float32Tile.NarrowRows;
        int height = (rows + tiles - 1) / tiles;
        int lower = (height * tiles) - rows;
        for (int count = tiles - lower; count > 0; height--, count = lower, lower = 0)
        {
            switch (height)
            {
                case 8:
                    Float32Tile.Narrow<TVector, TLanes, Extent8>(
                        ref input, ref weights, ref bias, ref output, columns, ref room, ref places, count, call);
                    break;
                case 7:
                    Float32Tile.Narrow<TVector, TLanes, Extent7>(
                        ref input, ref weights, ref bias, ref output, columns, ref room, ref places, count, call);
                    break;
                case 6:
                    Float32Tile.Narrow<TVector, TLanes, Extent6>(
                        ref input, ref weights, ref bias, ref output, columns, ref room, ref places, count, call);
                    break;
                case 5:
                    Float32Tile.Narrow<TVector, TLanes, Extent5>(
                        ref input, ref weights, ref bias, ref output, columns, ref room, ref places, count, call);
                    break;
                case 4:
                    Float32Tile.Narrow<TVector, TLanes, Extent4>(
                        ref input, ref weights, ref bias, ref output, columns, ref room, ref places, count, call);
                    break;
                case 3:
                    Float32Tile.Narrow<TVector, TLanes, Extent3>(
                        ref input, ref weights, ref bias, ref output, columns, ref room, ref places, count, call);
                    break;
                case 2:
                    Float32Tile.Narrow<TVector, TLanes, Extent2>(
                        ref input, ref weights, ref bias, ref output, columns, ref room, ref places, count, call);
                    break;
                default:
                    Float32Tile.Narrow<TVector, TLanes, Extent1>(
                        ref input, ref weights, ref bias, ref output, columns, ref room, ref places, count, call);
                    break;
            }
            places = ref Unsafe.Add(ref places, height * count);
        }
    }

    // One position: as many vectors at a time as there are accumulators, in nearly equal parts.
    private static void Line<TVector, TLanes>(
        ref byte input, ref byte weights, ref float bias, ref byte output, int outputs, in Float32Tile.Call call)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        var room = default(Float32Remainder);
        ref byte rest = ref Unsafe.As<Float32Remainder, byte>(ref room);
        int vectors = (outputs + TLanes.Count - 1) / TLanes.Count;
        int first = 0;
        for (int tiles = (vectors + Float32Tile.LineVectors - 1) / Float32Tile.LineVectors; tiles > 0; tiles--)
        {
            int length = (vectors + tiles - 1) / tiles;
            ref float start = ref Unsafe.Add(ref bias, first / TLanes.Count * call.BiasStep);
            ref byte to = ref Unsafe.Add(ref output, (nint)first * sizeof(float));
            int end = first + ((length - 1) * TLanes.Count);
            bool whole = end + TLanes.Count <= outputs;
            ref byte target = ref Unsafe.Add(ref output, (nint)end * sizeof(float));
            ref byte last = ref whole ? ref target : ref rest;
            switch (length)
            {
                case 8:
                    Float32Tile.Line<TVector, TLanes, Extent8>(ref input, ref weights, first, ref start, ref to, ref last, call);
                    break;
                case 7:
                    Float32Tile.Line<TVector, TLanes, Extent7>(ref input, ref weights, first, ref start, ref to, ref last, call);
                    break;
                case 6:
                    Float32Tile.Line<TVector, TLanes, Extent6>(ref input, ref weights, first, ref start, ref to, ref last, call);
                    break;
                case 5:
                    Float32Tile.Line<TVector, TLanes, Extent5>(ref input, ref weights, first, ref start, ref to, ref last, call);
                    break;
                case 4:
                    Float32Tile.Line<TVector, TLanes, Extent4>(ref input, ref weights, first, ref start, ref to, ref last, call);
                    break;
                case 3:
                    Float32Tile.Line<TVector, TLanes, Extent3>(ref input, ref weights, first, ref start, ref to, ref last, call);
                    break;
                case 2:
                    Float32Tile.Line<TVector, TLanes, Extent2>(ref input, ref weights, first, ref start, ref to, ref last, call);
                    break;
                default:
                    Float32Tile.Line<TVector, TLanes, Extent1>(ref input, ref weights, first, ref start, ref to, ref last, call);
                    break;
            }
            if (!whole)
                Float32Remainder.Copy(ref rest, ref target, outputs - end);
            first += length * TLanes.Count;
            vectors -= length;
        }
    }
}
