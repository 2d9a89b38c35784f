namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;

/// <summary>
/// Depthwise convolution with kernels of three or five columns that follow one another without gaps, at strides of one or two: the
/// inputs slide through registers, so that each is loaded once for all pixels of a tile that it belongs to. The sums are those of
/// <see cref="Float32Depthwise"/>, in the same order.
/// </summary>
internal static class Float32DepthwiseRows
{
    private const int TilePixels = 8;

    /// <summary>What the rows of one call have in common.</summary>
    internal readonly ref struct Call
    {
        /// <summary>All channels of a pixel, and the range of those to compute, which begins a vector.</summary>
        public readonly int Channels, First, End;

        /// <summary>The bounds of the results.</summary>
        public readonly float Minimum, Maximum;

        /// <summary>Byte offsets of the taps from the first one.</summary>
        public readonly ReadOnlySpan<int> Taps;

        /// <summary>Room for vectors that do not go to the outputs as a whole.</summary>
        public readonly ref byte Room;

        /// <summary>Sets all of it.</summary>
        public Call(int channels, int first, int end, float minimum, float maximum, ReadOnlySpan<int> taps, ref Float32Remainder room)
        {
            Channels = channels;
            First = first;
            End = end;
            Minimum = minimum;
            Maximum = maximum;
            Taps = taps;
            Room = ref Unsafe.As<Float32Remainder, byte>(ref room);
        }
    }

    /// <summary>Computes one row of outputs for some of the channels.</summary>
    /// <typeparam name="TVector">The vector.</typeparam>
    /// <typeparam name="TLanes">Its lanes.</typeparam>
    /// <typeparam name="TKernel">Columns of the kernel: three or five.</typeparam>
    /// <typeparam name="TStride">Pixels between the inputs of neighbouring outputs: one or two.</typeparam>
    /// <param name="input">The first input under the first tap at the first pixel.</param>
    /// <param name="weights">The weights of the first channel, for each tap one a channel.</param>
    /// <param name="bias">The first channel's bias.</param>
    /// <param name="output">The first output.</param>
    /// <param name="width">The number of output pixels.</param>
    /// <param name="outputStep">Bytes between neighbouring output pixels.</param>
    /// <param name="call">What all rows have in common.</param>
    public static void Run<TVector, TLanes, TKernel, TStride>(
        ref byte input, ref float weights, ref float bias, ref byte output, int width, nint outputStep, in Call call)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
        where TKernel : struct, IExtent
        where TStride : struct, IExtent
    {
        // Sixteen registers hold the inputs and weights of five columns, but then only some accumulators.
        int most = TKernel.Value > 3 && TLanes.Count < 16 ? TilePixels / 2 : TilePixels;
        int tiles = (width + most - 1) / most;
        int length = (width + tiles - 1) / tiles;
        int shorter = (length * tiles) - width;
        nint inputStep = (nint)TStride.Value * call.Channels * sizeof(float);
        for (int n = tiles - shorter; n > 0; length--, n = shorter, shorter = 0)
        {
            switch (length)
            {
                case 8:
                    Tiles<TVector, TLanes, TKernel, TStride, Extent8>(ref input, ref weights, ref bias, ref output, n, outputStep, call);
                    break;
                case 7:
                    Tiles<TVector, TLanes, TKernel, TStride, Extent7>(ref input, ref weights, ref bias, ref output, n, outputStep, call);
                    break;
                case 6:
                    Tiles<TVector, TLanes, TKernel, TStride, Extent6>(ref input, ref weights, ref bias, ref output, n, outputStep, call);
                    break;
                case 5:
                    Tiles<TVector, TLanes, TKernel, TStride, Extent5>(ref input, ref weights, ref bias, ref output, n, outputStep, call);
                    break;
                case 4:
                    Tiles<TVector, TLanes, TKernel, TStride, Extent4>(ref input, ref weights, ref bias, ref output, n, outputStep, call);
                    break;
                case 3:
                    Tiles<TVector, TLanes, TKernel, TStride, Extent3>(ref input, ref weights, ref bias, ref output, n, outputStep, call);
                    break;
                case 2:
                    Tiles<TVector, TLanes, TKernel, TStride, Extent2>(ref input, ref weights, ref bias, ref output, n, outputStep, call);
                    break;
                default:
                    Tiles<TVector, TLanes, TKernel, TStride, Extent1>(ref input, ref weights, ref bias, ref output, n, outputStep, call);
                    break;
            }
            input = ref Unsafe.Add(ref input, length * n * inputStep);
            output = ref Unsafe.Add(ref output, length * n * outputStep);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tiles<TVector, TLanes, TKernel, TStride, TPixels>(
        ref byte input, ref float weights, ref float bias, ref byte output, int tiles, nint outputStep, in Call call)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
        where TKernel : struct, IExtent
        where TStride : struct, IExtent
        where TPixels : struct, IExtent
    {
        TVector low = TLanes.Broadcast(call.Minimum);
        TVector high = TLanes.Broadcast(call.Maximum);
        nint pixel = (nint)call.Channels * sizeof(float);
        int rows = call.Taps.Length / TKernel.Value;
        nint size = TLanes.Count * sizeof(float);
        for (; tiles > 0; tiles--)
        {
            for (int c = call.First; c < call.End; c += TLanes.Count)
            {
                TVector s0 = TLanes.Load(ref Unsafe.Add(ref bias, c));
                TVector s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
                ref byte k = ref Unsafe.As<float, byte>(ref Unsafe.Add(ref weights, c));
                ref byte first = ref Unsafe.Add(ref input, (nint)c * sizeof(float));
                for (int row = 0; row < rows; row++)
                {
                    TVector w0 = At<TVector, TLanes>(ref k, 0);
                    TVector w1 = At<TVector, TLanes>(ref k, pixel);
                    TVector w2 = At<TVector, TLanes>(ref k, 2 * pixel);
                    TVector w3 = TKernel.Value > 3 ? At<TVector, TLanes>(ref k, 3 * pixel) : w2;
                    TVector w4 = TKernel.Value > 3 ? At<TVector, TLanes>(ref k, 4 * pixel) : w2;
                    k = ref Unsafe.Add(ref k, TKernel.Value * pixel);
                    ref byte x = ref Unsafe.Add(ref first, call.Taps[row * TKernel.Value]);
                    TVector x0 = At<TVector, TLanes>(ref x, 0);
                    TVector x1 = At<TVector, TLanes>(ref x, pixel);
                    TVector x2 = At<TVector, TLanes>(ref x, 2 * pixel);
                    TVector x3 = TKernel.Value > 3 ? At<TVector, TLanes>(ref x, 3 * pixel) : x2;
                    TVector x4 = TKernel.Value > 3 ? At<TVector, TLanes>(ref x, 4 * pixel) : x2;
                    s0 = Add<TVector, TLanes, TKernel>(s0, x0, x1, x2, x3, x4, w0, w1, w2, w3, w4);
                    if (TPixels.Value > 1)
                    {
                        x = ref Unsafe.Add(ref x, TStride.Value * pixel);
                        x0 = TStride.Value == 1 ? x1 : x2;
                        x1 = TStride.Value == 1 ? x2 : TKernel.Value > 3 ? x3 : At<TVector, TLanes>(ref x, pixel);
                        x2 = TKernel.Value > 3 ? (TStride.Value == 1 ? x3 : x4) : At<TVector, TLanes>(ref x, 2 * pixel);
                        x3 = TKernel.Value > 3 ? (TStride.Value == 1 ? x4 : At<TVector, TLanes>(ref x, 3 * pixel)) : x2;
                        x4 = TKernel.Value > 3 ? At<TVector, TLanes>(ref x, 4 * pixel) : x2;
                        s1 = Add<TVector, TLanes, TKernel>(s1, x0, x1, x2, x3, x4, w0, w1, w2, w3, w4);
                    }
                    if (TPixels.Value > 2)
                    {
                        x = ref Unsafe.Add(ref x, TStride.Value * pixel);
                        x0 = TStride.Value == 1 ? x1 : x2;
                        x1 = TStride.Value == 1 ? x2 : TKernel.Value > 3 ? x3 : At<TVector, TLanes>(ref x, pixel);
                        x2 = TKernel.Value > 3 ? (TStride.Value == 1 ? x3 : x4) : At<TVector, TLanes>(ref x, 2 * pixel);
                        x3 = TKernel.Value > 3 ? (TStride.Value == 1 ? x4 : At<TVector, TLanes>(ref x, 3 * pixel)) : x2;
                        x4 = TKernel.Value > 3 ? At<TVector, TLanes>(ref x, 4 * pixel) : x2;
                        s2 = Add<TVector, TLanes, TKernel>(s2, x0, x1, x2, x3, x4, w0, w1, w2, w3, w4);
                    }
                    if (TPixels.Value > 3)
                    {
                        x = ref Unsafe.Add(ref x, TStride.Value * pixel);
                        x0 = TStride.Value == 1 ? x1 : x2;
                        x1 = TStride.Value == 1 ? x2 : TKernel.Value > 3 ? x3 : At<TVector, TLanes>(ref x, pixel);
                        x2 = TKernel.Value > 3 ? (TStride.Value == 1 ? x3 : x4) : At<TVector, TLanes>(ref x, 2 * pixel);
                        x3 = TKernel.Value > 3 ? (TStride.Value == 1 ? x4 : At<TVector, TLanes>(ref x, 3 * pixel)) : x2;
                        x4 = TKernel.Value > 3 ? At<TVector, TLanes>(ref x, 4 * pixel) : x2;
                        s3 = Add<TVector, TLanes, TKernel>(s3, x0, x1, x2, x3, x4, w0, w1, w2, w3, w4);
                    }
                    if (TPixels.Value > 4)
                    {
                        x = ref Unsafe.Add(ref x, TStride.Value * pixel);
                        x0 = TStride.Value == 1 ? x1 : x2;
                        x1 = TStride.Value == 1 ? x2 : TKernel.Value > 3 ? x3 : At<TVector, TLanes>(ref x, pixel);
                        x2 = TKernel.Value > 3 ? (TStride.Value == 1 ? x3 : x4) : At<TVector, TLanes>(ref x, 2 * pixel);
                        x3 = TKernel.Value > 3 ? (TStride.Value == 1 ? x4 : At<TVector, TLanes>(ref x, 3 * pixel)) : x2;
                        x4 = TKernel.Value > 3 ? At<TVector, TLanes>(ref x, 4 * pixel) : x2;
                        s4 = Add<TVector, TLanes, TKernel>(s4, x0, x1, x2, x3, x4, w0, w1, w2, w3, w4);
                    }
                    if (TPixels.Value > 5)
                    {
                        x = ref Unsafe.Add(ref x, TStride.Value * pixel);
                        x0 = TStride.Value == 1 ? x1 : x2;
                        x1 = TStride.Value == 1 ? x2 : TKernel.Value > 3 ? x3 : At<TVector, TLanes>(ref x, pixel);
                        x2 = TKernel.Value > 3 ? (TStride.Value == 1 ? x3 : x4) : At<TVector, TLanes>(ref x, 2 * pixel);
                        x3 = TKernel.Value > 3 ? (TStride.Value == 1 ? x4 : At<TVector, TLanes>(ref x, 3 * pixel)) : x2;
                        x4 = TKernel.Value > 3 ? At<TVector, TLanes>(ref x, 4 * pixel) : x2;
                        s5 = Add<TVector, TLanes, TKernel>(s5, x0, x1, x2, x3, x4, w0, w1, w2, w3, w4);
                    }
                    if (TPixels.Value > 6)
                    {
                        x = ref Unsafe.Add(ref x, TStride.Value * pixel);
                        x0 = TStride.Value == 1 ? x1 : x2;
                        x1 = TStride.Value == 1 ? x2 : TKernel.Value > 3 ? x3 : At<TVector, TLanes>(ref x, pixel);
                        x2 = TKernel.Value > 3 ? (TStride.Value == 1 ? x3 : x4) : At<TVector, TLanes>(ref x, 2 * pixel);
                        x3 = TKernel.Value > 3 ? (TStride.Value == 1 ? x4 : At<TVector, TLanes>(ref x, 3 * pixel)) : x2;
                        x4 = TKernel.Value > 3 ? At<TVector, TLanes>(ref x, 4 * pixel) : x2;
                        s6 = Add<TVector, TLanes, TKernel>(s6, x0, x1, x2, x3, x4, w0, w1, w2, w3, w4);
                    }
                    if (TPixels.Value > 7)
                    {
                        x = ref Unsafe.Add(ref x, TStride.Value * pixel);
                        x0 = TStride.Value == 1 ? x1 : x2;
                        x1 = TStride.Value == 1 ? x2 : TKernel.Value > 3 ? x3 : At<TVector, TLanes>(ref x, pixel);
                        x2 = TKernel.Value > 3 ? (TStride.Value == 1 ? x3 : x4) : At<TVector, TLanes>(ref x, 2 * pixel);
                        x3 = TKernel.Value > 3 ? (TStride.Value == 1 ? x4 : At<TVector, TLanes>(ref x, 3 * pixel)) : x2;
                        x4 = TKernel.Value > 3 ? At<TVector, TLanes>(ref x, 4 * pixel) : x2;
                        s7 = Add<TVector, TLanes, TKernel>(s7, x0, x1, x2, x3, x4, w0, w1, w2, w3, w4);
                    }
                }
                ref byte to = ref Unsafe.Add(ref output, (nint)c * sizeof(float));
                nint step = outputStep;
                bool whole = c <= call.Channels - TLanes.Count;
                if (!whole)
                {
                    to = ref call.Room;
                    step = size;
                }
                Store<TVector, TLanes>(s0, ref to, low, high);
                if (TPixels.Value > 1)
                    Store<TVector, TLanes>(s1, ref Unsafe.Add(ref to, 1 * step), low, high);
                if (TPixels.Value > 2)
                    Store<TVector, TLanes>(s2, ref Unsafe.Add(ref to, 2 * step), low, high);
                if (TPixels.Value > 3)
                    Store<TVector, TLanes>(s3, ref Unsafe.Add(ref to, 3 * step), low, high);
                if (TPixels.Value > 4)
                    Store<TVector, TLanes>(s4, ref Unsafe.Add(ref to, 4 * step), low, high);
                if (TPixels.Value > 5)
                    Store<TVector, TLanes>(s5, ref Unsafe.Add(ref to, 5 * step), low, high);
                if (TPixels.Value > 6)
                    Store<TVector, TLanes>(s6, ref Unsafe.Add(ref to, 6 * step), low, high);
                if (TPixels.Value > 7)
                    Store<TVector, TLanes>(s7, ref Unsafe.Add(ref to, 7 * step), low, high);
                if (whole)
                    continue;
                for (int i = 0; i < TPixels.Value; i++)
                {
                    Float32Remainder.Copy(
                        ref Unsafe.Add(ref call.Room, i * size),
                        ref Unsafe.Add(ref output, (i * outputStep) + ((nint)c * sizeof(float))), call.Channels - c);
                }
            }
            input = ref Unsafe.Add(ref input, TPixels.Value * TStride.Value * pixel);
            output = ref Unsafe.Add(ref output, TPixels.Value * outputStep);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector At<TVector, TLanes>(ref byte from, nint offset)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector> =>
        TLanes.Load(ref Unsafe.As<byte, float>(ref Unsafe.Add(ref from, offset)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Add<TVector, TLanes, TKernel>(
        TVector sum,
        TVector x0,
        TVector x1,
        TVector x2,
        TVector x3,
        TVector x4,
        TVector w0,
        TVector w1,
        TVector w2,
        TVector w3,
        TVector w4)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
        where TKernel : struct, IExtent
    {
        sum = TLanes.FusedMultiplyAdd(x0, w0, sum);
        sum = TLanes.FusedMultiplyAdd(x1, w1, sum);
        sum = TLanes.FusedMultiplyAdd(x2, w2, sum);
        if (TKernel.Value == 3)
            return sum;
        sum = TLanes.FusedMultiplyAdd(x3, w3, sum);
        return TLanes.FusedMultiplyAdd(x4, w4, sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TVector, TLanes>(TVector value, ref byte output, TVector low, TVector high)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector> =>
        TLanes.Store(TLanes.Min(high, TLanes.Max(low, value)), ref Unsafe.As<byte, float>(ref output));
}
