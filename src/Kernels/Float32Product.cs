namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;

/// <summary>
/// The loops around the float32 register tiles: all positions of a feature map (or rows of a matrix) by all outputs. Positions
/// form up to four nested dimensions; tiles run over their ends, so that small maps fill them, too.
/// </summary>
internal static class Float32Product
{
    /// <summary>Computes all outputs of all positions.</summary>
    /// <param name="input">The first input under the first tap at the first position.</param>
    /// <param name="weights">The weights of the first output for k = 0.</param>
    /// <param name="panelStep">Bytes from the weights of 16 outputs to those of the next 16.</param>
    /// <param name="bias">The biases; those of whole vectors are read.</param>
    /// <param name="output">The first output at the first position.</param>
    /// <param name="outputs">The number of outputs at each position.</param>
    /// <param name="positions">Extents of the positions, outermost first.</param>
    /// <param name="inputSteps">Bytes between the inputs of neighbours, for each dimension.</param>
    /// <param name="outputSteps">Bytes between the outputs of neighbours, for each dimension.</param>
    /// <param name="taps">Byte offsets of the taps.</param>
    /// <param name="run">Inputs in one tap.</param>
    /// <param name="step">Bytes from the weights of one k to those of the next.</param>
    /// <param name="alpha">The factor of the sums.</param>
    /// <param name="minimum">The least result.</param>
    /// <param name="maximum">The greatest result.</param>
    public static void Run<TVector, TLanes>(
        ref byte input,
        ref byte weights,
        nint panelStep,
        ref float bias,
        ref byte output,
        int outputs,
        ReadOnlySpan<int> positions,
        ReadOnlySpan<int> inputSteps,
        ReadOnlySpan<int> outputSteps,
        ReadOnlySpan<int> taps,
        int run,
        nint step,
        float alpha,
        float minimum,
        float maximum)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        int count = 1;
        for (int i = 0; i < positions.Length; i++)
            count *= positions[i];
        if (count == 0)
            return;

        // Vectors of at most 8 lanes lie two and two in a panel; one of 16 lanes is a panel, and its neighbour the next panel.
        bool panelIsVector = TLanes.Count == Float32Tile.Panel;
        int pair = 2 * TLanes.Count;
        nint vectorBytes = TLanes.Count * sizeof(float);
        nint nextVector = panelIsVector ? panelStep : vectorBytes;
        var call = new Float32Tile.Call
        {
            Taps = taps,
            Run = run,
            Step = step,
            NextVector = nextVector,
            Alpha = alpha,
            Minimum = minimum,
            Maximum = maximum,
        };
        // The last vector may have no neighbour: then it is its own, and the copy is not written.
        var last = new Float32Tile.Call
        {
            Taps = taps,
            Run = run,
            Step = step,
            NextVector = 0,
            Alpha = alpha,
            Minimum = minimum,
            Maximum = maximum,
        };
        nint pairStep = panelIsVector ? 2 * panelStep : panelStep;
        int column = 0;
        if (count == 1 && pair >= Float32Tile.Panel)
        {
            for (; column + (4 * pair) <= outputs; column += 4 * pair)
            {
                Float32Tile.OneByEight<TVector, TLanes>(
                    ref input, ref Unsafe.Add(ref weights, column / pair * pairStep), pairStep, ref Unsafe.Add(ref bias, column),
                    ref Unsafe.Add(ref output, (nint)column * sizeof(float)), call);
            }
        }
        for (; column < outputs; column += pair)
        {
            int columns = Math.Min(pair, outputs - column);
            nint offset = (column / Float32Tile.Panel * panelStep) + ((nint)(column % Float32Tile.Panel) * sizeof(float));
            ref byte panel = ref Unsafe.Add(ref weights, offset);
            ref byte target = ref Unsafe.Add(ref output, (nint)column * sizeof(float));
            ref float start = ref Unsafe.Add(ref bias, column);
            if (panelIsVector && columns <= TLanes.Count)
                Column<TVector, TLanes>(
                    ref input, ref panel, ref start, ref target, columns, count, positions, inputSteps, outputSteps, last);
            else
                Column<TVector, TLanes>(
                    ref input, ref panel, ref start, ref target, columns, count, positions, inputSteps, outputSteps, call);
        }
    }

    // All positions by two vectors of outputs.
    private static void Column<TVector, TLanes>(
        ref byte input,
        ref byte weights,
        ref float bias,
        ref byte output,
        int columns,
        int count,
        ReadOnlySpan<int> positions,
        ReadOnlySpan<int> inputSteps,
        ReadOnlySpan<int> outputSteps,
        in Float32Tile.Call call)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        int rank = positions.Length;
        int width = rank > 0 ? positions[rank - 1] : 1;
        nint inputStep = rank > 0 ? inputSteps[rank - 1] : 0;
        nint outputStep = rank > 0 ? outputSteps[rank - 1] : 0;
        nint inputRow = 0;
        nint outputRow = 0;
        int x = 0;
        int row = 0;
        var bases = default(Float32Tile.Bases);
        // A tile writes whole vectors: where fewer outputs remain, into memory of its own first.
        bool whole = columns == 2 * TLanes.Count;
        nint tileRow = 2 * TLanes.Count * sizeof(float);
        var tile = default(Tile);
        ref byte room = ref Unsafe.As<Tile, byte>(ref tile);
        Span<nint> targets = stackalloc nint[Float32Tile.Rows];
        for (int done = 0; done < count; done += Float32Tile.Rows)
        {
            int rows = Math.Min(Float32Tile.Rows, count - done);
            for (int i = 0; i < rows; i++)
            {
                targets[i] = outputRow + (x * outputStep);
                bases.Set(i, inputRow + (x * inputStep), whole ? targets[i] : i * tileRow);
                if (++x == width)
                {
                    x = 0;
                    row++;
                    Locate(row, positions, inputSteps, outputSteps, out inputRow, out outputRow);
                }
            }
            for (int i = rows; i < Float32Tile.Rows; i++)
                bases.Set(i, bases.Input0, bases.Output0);
            if (whole)
            {
                Float32Tile.SixByTwo<TVector, TLanes>(ref input, ref weights, ref bias, ref output, bases, call);
                continue;
            }
            Float32Tile.SixByTwo<TVector, TLanes>(ref input, ref weights, ref bias, ref room, bases, call);
            for (int i = 0; i < rows; i++)
            {
                ref float from = ref Unsafe.As<byte, float>(ref Unsafe.Add(ref room, i * tileRow));
                ref float to = ref Unsafe.As<byte, float>(ref Unsafe.Add(ref output, targets[i]));
                for (int c = 0; c < columns; c++)
                    Unsafe.Add(ref to, c) = Unsafe.Add(ref from, c);
            }
        }
    }

    // The offsets of a row, its number being counted over all dimensions but the last.
    private static void Locate(
        int row, ReadOnlySpan<int> positions, ReadOnlySpan<int> inputSteps, ReadOnlySpan<int> outputSteps, out nint input, out nint output)
    {
        input = 0;
        output = 0;
        for (int d = positions.Length - 2; d >= 0; d--)
        {
            int index = row % positions[d];
            row /= positions[d];
            input += (nint)index * inputSteps[d];
            output += (nint)index * outputSteps[d];
        }
    }

    /// <summary>Room for the outputs of one tile of the widest vectors.</summary>
    [InlineArray(Float32Tile.Rows * 2 * 16)]
    private struct Tile
    {
        private float _first;
    }
}
