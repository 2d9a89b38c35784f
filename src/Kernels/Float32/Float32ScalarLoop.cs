namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;

/// <summary>
/// The product of <see cref="Float32Product"/> without vectors, four outputs at a time: for processors that have no usable ones, and for
/// the start-up path (<see cref="StartUp"/>). Each output is summed up in the same order as in the tiles.
/// </summary>
internal static class Float32ScalarLoop
{
    /// <summary>Positions whose places are written down at once.</summary>
    private const int Block = 64;

    /// <summary>
    /// Multiply-accumulates of a layer from which on tiles are quicker although they have to be compiled first: 2 ms or more.
    /// </summary>
    private const long LeastWorkForTiles = 4_000_000;

    /// <summary>Whether a product of so many multiply-accumulates is for this loop because the process is young.</summary>
    public static bool IsForStart(Workspace w, long macs) => w.IsStarting && macs < LeastWorkForTiles && !w.TakesStepsAsLarge;

    /// <summary>Computes the product. Parameters as in <see cref="Float32Product"/>.</summary>
    public static void Run(
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
    {
        unchecked
        {
            var walk = new Float32Positions(positions, inputSteps, outputSteps);
            Span<Float32Positions.Place> places = stackalloc Float32Positions.Place[Block];
            for (int left = walk.Count; left > 0; left -= Block)
            {
                int rows = left < Block ? left : Block;
                walk.Next(places.Slice(0, rows));
                for (int i = 0; i < rows; i++)
                {
                    Position(
                        ref Unsafe.Add(ref input, places[i].Input), ref weights, panelStep, ref bias, oneBias,
                        ref Unsafe.Add(ref output, places[i].Output), outputs, taps, run, step, minimum, maximum);
                }
            }
        }
    }

    /// <summary>All outputs of one position.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Position(
        ref byte input, ref byte weights, nint panelStep, ref float bias, bool oneBias, ref byte output, int outputs,
        ReadOnlySpan<int> taps, int run, nint step, float minimum, float maximum)
    {
        unchecked
        {
            for (int column = 0; column < outputs; column += 4)
            {
                // Where fewer than four remain, the first takes the others' places.
                int left = outputs - column;
                int second = left > 1 ? 1 : 0;
                int third = left > 2 ? 2 : 0;
                int fourth = left > 3 ? 3 : 0;
                ref float start = ref Unsafe.Add(ref bias, oneBias ? 0 : column);
                float c0 = start;
                float c1 = Unsafe.Add(ref start, oneBias ? 0 : second);
                float c2 = Unsafe.Add(ref start, oneBias ? 0 : third);
                float c3 = Unsafe.Add(ref start, oneBias ? 0 : fourth);
                ref float w = ref Unsafe.As<byte, float>(ref Unsafe.Add(ref weights, Float32Tile.Offset(column, panelStep)));
                for (int t = 0; t < taps.Length; t++)
                {
                    ref float x = ref Unsafe.As<byte, float>(ref Unsafe.Add(ref input, (nint)taps[t]));
                    for (int k = 0; k < run; k++)
                    {
                        float v = Unsafe.Add(ref x, k);
                        c0 = MathF.FusedMultiplyAdd(v, w, c0);
                        c1 = MathF.FusedMultiplyAdd(v, Unsafe.Add(ref w, second), c1);
                        c2 = MathF.FusedMultiplyAdd(v, Unsafe.Add(ref w, third), c2);
                        c3 = MathF.FusedMultiplyAdd(v, Unsafe.Add(ref w, fourth), c3);
                        w = ref Unsafe.AddByteOffset(ref w, step);
                    }
                }

                ref float to = ref Unsafe.Add(ref Unsafe.As<byte, float>(ref output), column);
                Unsafe.Add(ref to, fourth) = Bound(c3, minimum, maximum);
                Unsafe.Add(ref to, third) = Bound(c2, minimum, maximum);
                Unsafe.Add(ref to, second) = Bound(c1, minimum, maximum);
                to = Bound(c0, minimum, maximum);
            }
        }
    }

    // As the lanes' Max and Min: NaN stays NaN.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Bound(float value, float minimum, float maximum)
    {
        float bounded = minimum > value ? minimum : value;
        return maximum < bounded ? maximum : bounded;
    }
}
