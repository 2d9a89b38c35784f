namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;

/// <summary>
/// Feature maps read at places that a grid names (M. Jaderberg et al., "Spatial Transformer Networks", 2015, section 3.3): the nearest
/// pixel, or a weighted sum of the 2 or 4 pixels around the place along each axis.
/// </summary>
internal static class Float32GridSample
{
    /// <summary>Reads the maps, channels first.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Operand offset of the maps: <c>[images, channels, sizes…]</c>.</param>
    /// <param name="grid">Operand offset of the places: <c>[images, points, axes]</c>, from −1 to 1, the last axis first.</param>
    /// <param name="output">Arena offset of the output: <c>[images, channels, points]</c>.</param>
    /// <param name="images">The number of images.</param>
    /// <param name="channels">The channels of one image.</param>
    /// <param name="points">The places of one image.</param>
    /// <param name="taps">Pixels along an axis: 1, 2 or 4.</param>
    /// <param name="padding">What lies outside: 0 for zeros, 1 for the border's pixels, 2 for reflections.</param>
    /// <param name="alignCorners">1 when −1 and 1 are the outermost pixels' middles, 0 when they are their outer edges.</param>
    /// <param name="sizes">The maps' extents: two or three.</param>
    public static void Run(
        Workspace w, int input, int grid, int output, int images, int channels, int points, int taps, int padding, int alignCorners,
        ReadOnlySpan<int> sizes)
    {
        ref float maps = ref Unsafe.As<byte, float>(ref w.Operand(input));
        ref float places = ref Unsafe.As<byte, float>(ref w.Operand(grid));
        ref float to = ref Unsafe.As<byte, float>(ref w.Arena(output));
        int pixels = 1;
        for (int axis = 0; axis < sizes.Length; axis++)
            pixels *= sizes[axis];
        Span<int> offsets = stackalloc int[64];
        Span<float> weights = stackalloc float[64];
        for (nint n = 0; n < images; n++)
        {
            ref float map = ref Unsafe.Add(ref maps, n * channels * pixels);
            for (nint p = 0; p < points; p++)
            {
                int count = Around(ref Unsafe.Add(ref places, ((n * points) + p) * sizes.Length), sizes, taps, padding,
                    alignCorners != 0, offsets, weights);
                for (nint c = 0; c < channels; c++)
                {
                    ref float plane = ref Unsafe.Add(ref map, c * pixels);
                    float sum = 0;
                    for (int t = 0; t < count; t++)
                        sum = MathF.FusedMultiplyAdd(Unsafe.Add(ref plane, offsets[t]), weights[t], sum);
                    Unsafe.Add(ref to, (((n * channels) + c) * points) + p) = sum;
                }
            }
        }
    }

    // The pixels that a place is made of, without those that are zeros.
    private static int Around(
        ref float place, ReadOnlySpan<int> sizes, int taps, int padding, bool alignCorners, Span<int> offsets, Span<float> weights)
    {
        int count = 1;
        offsets[0] = 0;
        weights[0] = 1;
        Span<int> pixels = stackalloc int[4];
        Span<float> factors = stackalloc float[4];
        Span<int> before = stackalloc int[64];
        Span<float> weightsBefore = stackalloc float[64];
        for (int axis = 0; axis < sizes.Length; axis++)
        {
            int size = sizes[axis];
            Along(Unsafe.Add(ref place, sizes.Length - 1 - axis), size, taps, padding, alignCorners, pixels, factors);
            offsets.Slice(0, count).CopyTo(before);
            weights.Slice(0, count).CopyTo(weightsBefore);
            int next = 0;
            for (int t = 0; t < count; t++)
            {
                for (int k = 0; k < taps; k++)
                {
                    if (pixels[k] < 0)
                        continue;
                    offsets[next] = (before[t] * size) + pixels[k];
                    weights[next++] = weightsBefore[t] * factors[k];
                }
            }
            count = next;
        }
        return count;
    }

    private static void Along(
        float place, int size, int taps, int padding, bool alignCorners, Span<int> pixels, Span<float> factors)
    {
        float least = alignCorners ? 0f : -0.5f;
        float greatest = alignCorners ? size - 1 : size - 0.5f;
        float x = alignCorners ? (place + 1) / 2 * (size - 1) : (((place + 1) * size) - 1) / 2;
        if (taps == 1)
            x = MathF.Round(x, MidpointRounding.ToEven);
        if (!(x >= least && x <= greatest))
            x = padding == 0 ? x : padding == 1 ? Math.Clamp(x, 0, size - 1) : Reflected(x, least, greatest);
        // What is no number, or lies far outside, is nowhere.
        if (!(Math.Abs(x) < 1e9f))
        {
            pixels.Fill(-1);
            return;
        }
        int first = taps == 1 ? (int)x : (int)MathF.Floor(x) - ((taps / 2) - 1);
        float fraction = x - MathF.Floor(x);
        for (int k = 0; k < taps; k++)
        {
            int pixel = first + k;
            if (pixel < 0 || pixel >= size)
                pixel = padding == 0 ? -1 : padding == 1 ? Math.Clamp(pixel, 0, size - 1)
                    : Math.Clamp((int)Reflected(pixel, least, greatest), 0, size - 1);
            pixels[k] = pixel;
            factors[k] = taps == 1 ? 1 : taps == 2 ? (k == 0 ? 1 - fraction : fraction) : Cubic(Math.Abs(fraction + 1 - k));
        }
    }

    // Back and forth between two ends.
    private static float Reflected(float x, float least, float greatest)
    {
        float range = greatest - least;
        if (!(range > 0))
            return least;
        float beyond = x < least ? least - x : x > greatest ? x - greatest : 0;
        if (beyond == 0)
            return x;
        float turns = MathF.Floor(beyond / range);
        float rest = beyond - (turns * range);
        bool fromLeast = (x < least) == (turns - (2 * MathF.Floor(turns / 2)) == 0);
        return fromLeast ? least + rest : greatest - rest;
    }

    // The cubic convolution of R. G. Keys (1981) with a = −0.75.
    private static float Cubic(float d)
    {
        const float A = -0.75f;
        return d <= 1 ? ((((A + 2) * d) - (A + 3)) * d * d) + 1 : (((((A * d) - (5 * A)) * d) + (8 * A)) * d) - (4 * A);
    }
}
