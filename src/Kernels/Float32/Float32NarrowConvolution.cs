namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;

/// <summary>
/// A <see cref="Float32Convolution"/> of one group with few outputs, which would leave most of a vector of outputs empty: neighbouring
/// positions lie side by side in a vector instead. Each output is summed up in the same order, so that the bytes are the same.
/// </summary>
/// <remarks>
/// Neighbouring positions are a number of floats apart (channels times stride), the period. Rows of inputs are split into as many planes
/// (<see cref="Float32Planes"/>), so that what one input of the window is at all positions follows one another.
/// </remarks>
internal static class Float32NarrowConvolution
{
    /// <summary>Positions of a row that are computed at a time: what their rows of planes take stays small.</summary>
    private const int Strip = 128;

    /// <summary>The most taps; each has a row of planes.</summary>
    private const int MostTaps = 64;

    // With more outputs, or fewer positions, tiles of outputs are faster (measured on Intel Sapphire Rapids).
    private const int Most512 = 4;
    private const int Most256 = 2;
    private const int LeastColumns256 = 24;

    // Positions in a row that fill two vectors of 512 bits and part of a third.
    private const int FewColumns = 48;

    /// <summary>Planes of all taps: 1,024 take up to 1.1 MB, of runs within one position's inputs half of it.</summary>
    private const int MostPlanes = 1024;

    /// <summary>Whether a convolution is faster here than in tiles of outputs, whatever the processor.</summary>
    /// <param name="outputs">Output channels.</param>
    /// <param name="columns">Positions in a row.</param>
    /// <param name="period">Floats from the inputs of a position to those of its neighbour.</param>
    /// <param name="run">Inputs in one tap.</param>
    /// <param name="taps">The number of taps.</param>
    public static bool Suits(int outputs, int columns, int period, int run, int taps) =>
        outputs <= Most512 && columns >= 12 && period >= 1 && taps <= MostTaps && (long)period * taps <= MostPlanes && run <= Strip * period
        && (long)run * taps >= Math.Max(3L * period, columns < FewColumns ? 64 : 9 * outputs);

    /// <summary>Computes the convolution. Parameters as for <see cref="Float32Convolution.Run"/>; there is one group.</summary>
    public static void Run(
        Workspace w,
        int input,
        int weights,
        int bias,
        int output,
        int groups,
        int groupOutputs,
        int groupInputs,
        int run,
        float minimum,
        float maximum,
        ReadOnlySpan<int> positions,
        ReadOnlySpan<int> inputSteps,
        ReadOnlySpan<int> outputSteps,
        ReadOnlySpan<int> taps)
    {
        if (w.IsStarting || !IsFaster(groupOutputs, positions[positions.Length - 1]))
        {
            Float32Convolution.Run(
                w, input, weights, bias, output, groups, groupOutputs, groupInputs, run, minimum, maximum, positions, inputSteps,
                outputSteps, taps);
        }
        else if (w.Threads <= 1 || !Float32NarrowConvolutionJob.TryRun(
            w, input, weights, bias, output, groupOutputs, run, minimum, maximum, positions, inputSteps, outputSteps, taps))
        {
            RunPart(w, input, weights, bias, output, groupOutputs, run, minimum, maximum, positions, inputSteps, outputSteps, taps);
        }
    }

    private static bool IsFaster(int outputs, int columns) =>
        Float32Path.Is512 ? outputs <= Most512 : Float32Path.Is256 && outputs <= Most256 && columns >= LeastColumns256;

    /// <summary>The same on the caller's thread.</summary>
    internal static void RunPart(
        Workspace w,
        int input,
        int weights,
        int bias,
        int output,
        int outputs,
        int run,
        float minimum,
        float maximum,
        ReadOnlySpan<int> positions,
        ReadOnlySpan<int> inputSteps,
        ReadOnlySpan<int> outputSteps,
        ReadOnlySpan<int> taps)
    {
        if (Float32Path.Is512)
        {
            Strips<Vector512<float>, Float32Lanes512>(
                w, input, weights, bias, output, outputs, run, minimum, maximum, positions, inputSteps, outputSteps, taps);
        }
        else
        {
            Strips<Vector256<float>, Float32Lanes256>(
                w, input, weights, bias, output, outputs, run, minimum, maximum, positions, inputSteps, outputSteps, taps);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Strips<TVector, TLanes>(
        Workspace w,
        int input,
        int weights,
        int bias,
        int output,
        int outputs,
        int run,
        float minimum,
        float maximum,
        ReadOnlySpan<int> positions,
        ReadOnlySpan<int> inputSteps,
        ReadOnlySpan<int> outputSteps,
        ReadOnlySpan<int> taps)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        unchecked
        {
            int last = positions.Length - 1;
            int columns = positions[last];
            int rows = 1;
            for (int d = 0; d < last; d++)
                rows *= positions[d];
            int period = inputSteps[last] / sizeof(float);
            // A tile reads whole vectors, of up to 8 · 16 positions.
            int width = Strip + ((run - 1) / period) + 16;
            ref float start = ref Unsafe.As<byte, float>(ref w.Operand(bias));
            var tile = new Float32NarrowTile.Call(
                ref w.Scratch(taps.Length * period * width * sizeof(float)), ref w.Operand(weights), ref start)
            {
                Period = period,
                Width = width,
                Run = run,
                Outputs = outputs,
                OutputStep = outputSteps[last],
                Minimum = minimum,
                Maximum = maximum,
            };
            Span<int> slots = stackalloc int[taps.Length];
            var planes = new Float32Planes(stackalloc nint[taps.Length], stackalloc bool[taps.Length], period, width);
            for (int first = 0; first < columns; first += Strip)
            {
                int count = columns - first < Strip ? columns - first : Strip;
                planes.Forget();
                for (int row = 0; row < rows; row++)
                {
                    nint from = input + ((nint)first * inputSteps[last]);
                    nint to = output + ((nint)first * outputSteps[last]);
                    for (int d = last - 1, rest = row; d >= 0; d--)
                    {
                        from += (nint)(rest % positions[d]) * inputSteps[d];
                        to += (nint)(rest % positions[d]) * outputSteps[d];
                        rest /= positions[d];
                    }
                    planes.Split(ref w.Arena(0), from, taps, ((count - 1) * period) + run, ref tile.Planes, slots);
                    Float32NarrowTile.Row<TVector, TLanes>(tile, slots, ref w.Arena((int)to), count);
                }
            }
        }
    }
}
