namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.InteropServices;
using global::System.Runtime.Intrinsics;

/// <summary>
/// Depthwise convolution over channels-last feature maps in float32: each channel has a kernel of its own and gives one output.
/// Vectors run over channels. Padding is read from the input's border, which holds zeros.
/// </summary>
/// <remarks>Weights: for each tap, one float a channel. Biases: one float a channel.</remarks>
internal static class Float32Depthwise
{
    // Accumulators enough to hide the latency of a multiply-add.
    private const int TilePixels = 8;

    private const int Block = 48 * TilePixels;

    private const int CachedBytes = 20 * 1024;

    /// <summary>Computes the convolution, adds the biases and bounds the results.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Arena offset of the first input under the first tap at the first position.</param>
    /// <param name="weights">Operand offset of the weights.</param>
    /// <param name="bias">Operand offset of the biases.</param>
    /// <param name="output">Arena offset of the first output at the first position.</param>
    /// <param name="channels">The number of channels.</param>
    /// <param name="minimum">The least result: the fused activation's lower bound.</param>
    /// <param name="maximum">The greatest result: the fused activation's upper bound.</param>
    /// <param name="positions">Extents of the output positions, outermost first: images, planes, rows, columns as needed.</param>
    /// <param name="inputSteps">Bytes between the inputs of neighbouring positions, for each extent (strides included).</param>
    /// <param name="outputSteps">Bytes between the outputs of neighbouring positions, for each extent.</param>
    /// <param name="taps">Byte offsets of the taps from the first one.</param>
    public static void Run(
        Workspace w,
        int input,
        int weights,
        int bias,
        int output,
        int channels,
        float minimum,
        float maximum,
        ReadOnlySpan<int> positions,
        ReadOnlySpan<int> inputSteps,
        ReadOnlySpan<int> outputSteps,
        ReadOnlySpan<int> taps)
    {
        if (w.Threads > 1 && Float32DepthwiseJob.TryRun(
            w, input, weights, bias, output, channels, minimum, maximum, positions, inputSteps, outputSteps, taps))
        {
            return;
        }

        RunPart(
            w, input, weights, bias, output, channels, minimum, maximum, positions, inputSteps, outputSteps, taps);
    }

    /// <summary>The same on the caller's thread.</summary>
    internal static void RunPart(
        Workspace w,
        int input,
        int weights,
        int bias,
        int output,
        int channels,
        float minimum,
        float maximum,
        ReadOnlySpan<int> positions,
        ReadOnlySpan<int> inputSteps,
        ReadOnlySpan<int> outputSteps,
        ReadOnlySpan<int> taps)
    {
        ref float x = ref Unsafe.As<byte, float>(ref w.Operand(weights));
        ref float start = ref Unsafe.As<byte, float>(ref w.Operand(bias));
        long macs = (long)channels * taps.Length;
        for (int i = 0; i < positions.Length; i++)
            macs *= positions[i];
        if (Float32ScalarLoop.IsForStart(w, macs))
            Walk<float, Float32Lanes1>(
                ref w.Arena(input), ref x, ref start, ref w.Arena(output), channels, minimum, maximum,
                positions, inputSteps, outputSteps, taps);
        else
            OnPath(
                w, ref x, ref start, input, output, channels, minimum, maximum, positions, inputSteps, outputSteps, taps);
    }

    private static void OnPath(
        Workspace w,
        ref float x,
        ref float start,
        int input,
        int output,
        int channels,
        float minimum,
        float maximum,
        ReadOnlySpan<int> positions,
        ReadOnlySpan<int> inputSteps,
        ReadOnlySpan<int> outputSteps,
        ReadOnlySpan<int> taps)
    {
        if (Float32Path.Is512)
            Walk<Vector512<float>, Float32Lanes512>(
                ref w.Arena(input), ref x, ref start, ref w.Arena(output), channels, minimum, maximum,
                positions, inputSteps, outputSteps, taps);
        else if (Float32Path.Is256)
            Walk<Vector256<float>, Float32Lanes256>(
                ref w.Arena(input), ref x, ref start, ref w.Arena(output), channels, minimum, maximum,
                positions, inputSteps, outputSteps, taps);
        else if (Float32Path.Is128)
            Walk<Vector128<float>, Float32Lanes128>(
                ref w.Arena(input), ref x, ref start, ref w.Arena(output), channels, minimum, maximum,
                positions, inputSteps, outputSteps, taps);
        else
            Walk<float, Float32Lanes1>(
                ref w.Arena(input), ref x, ref start, ref w.Arena(output), channels, minimum, maximum,
                positions, inputSteps, outputSteps, taps);
    }

    private static void Walk<TVector, TLanes>(
        ref byte input,
        ref float weights,
        ref float bias,
        ref byte output,
        int channels,
        float minimum,
        float maximum,
        ReadOnlySpan<int> positions,
        ReadOnlySpan<int> inputSteps,
        ReadOnlySpan<int> outputSteps,
        ReadOnlySpan<int> taps)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        int last = positions.Length - 1;
        int pixel = channels * sizeof(float);
        if (last >= 0 && (inputSteps[last] == pixel || inputSteps[last] == 2 * pixel))
        {
            bool single = inputSteps[last] == pixel;
            if (HasRows(taps, 5, pixel))
            {
                if (single)
                    Rows<TVector, TLanes, Extent5, Extent1>(
                        ref input, ref weights, ref bias, ref output, channels, minimum, maximum, positions, inputSteps, outputSteps, taps);
                else
                    Rows<TVector, TLanes, Extent5, Extent2>(
                        ref input, ref weights, ref bias, ref output, channels, minimum, maximum, positions, inputSteps, outputSteps, taps);
                return;
            }
            if (HasRows(taps, 3, pixel))
            {
                if (single)
                    Rows<TVector, TLanes, Extent3, Extent1>(
                        ref input, ref weights, ref bias, ref output, channels, minimum, maximum, positions, inputSteps, outputSteps, taps);
                else
                    Rows<TVector, TLanes, Extent3, Extent2>(
                        ref input, ref weights, ref bias, ref output, channels, minimum, maximum, positions, inputSteps, outputSteps, taps);
                return;
            }
        }
        var walk = new Float32Positions(positions, inputSteps, outputSteps);
        var room = default(Float32Remainder);
        int count = walk.Count;
        int chunk = Chunk(channels, taps, TLanes.Count);
        Span<Float32Positions.Place> places = stackalloc Float32Positions.Place[Math.Min(count, Block)];
        for (int done = 0; done < count; done += Block)
        {
            int pixels = Math.Min(Block, count - done);
            walk.Next(places.Slice(0, pixels));
            for (int c = 0; c < channels; c += chunk)
            {
                int end = Math.Min(channels, c + chunk);
                ref Float32Positions.Place p = ref places[0];
                int tiles = (pixels + TilePixels - 1) / TilePixels;
                int length = (pixels + tiles - 1) / tiles;
                int shorter = (length * tiles) - pixels;
                for (int n = tiles - shorter; n > 0; length--, n = shorter, shorter = 0)
                {
                    switch (length)
                    {
                        case 8:
                            Tile<TVector, TLanes, Extent8>(
                                ref input, ref weights, ref bias, ref output, channels, c, end, minimum, maximum, taps, ref p, n, ref room);
                            break;
                        case 7:
                            Tile<TVector, TLanes, Extent7>(
                                ref input, ref weights, ref bias, ref output, channels, c, end, minimum, maximum, taps, ref p, n, ref room);
                            break;
                        case 6:
                            Tile<TVector, TLanes, Extent6>(
                                ref input, ref weights, ref bias, ref output, channels, c, end, minimum, maximum, taps, ref p, n, ref room);
                            break;
                        case 5:
                            Tile<TVector, TLanes, Extent5>(
                                ref input, ref weights, ref bias, ref output, channels, c, end, minimum, maximum, taps, ref p, n, ref room);
                            break;
                        case 4:
                            Tile<TVector, TLanes, Extent4>(
                                ref input, ref weights, ref bias, ref output, channels, c, end, minimum, maximum, taps, ref p, n, ref room);
                            break;
                        case 3:
                            Tile<TVector, TLanes, Extent3>(
                                ref input, ref weights, ref bias, ref output, channels, c, end, minimum, maximum, taps, ref p, n, ref room);
                            break;
                        case 2:
                            Tile<TVector, TLanes, Extent2>(
                                ref input, ref weights, ref bias, ref output, channels, c, end, minimum, maximum, taps, ref p, n, ref room);
                            break;
                        default:
                            Tile<TVector, TLanes, Extent1>(
                                ref input, ref weights, ref bias, ref output, channels, c, end, minimum, maximum, taps, ref p, n, ref room);
                            break;
                    }
                    p = ref Unsafe.Add(ref p, length * n);
                }
            }
        }
    }

    // Whether the taps are rows of adjacent pixels.
    private static bool HasRows(ReadOnlySpan<int> taps, int columns, int pixel)
    {
        if (taps.Length % columns != 0)
            return false;
        for (int t = 1; t < taps.Length; t++)
            if (t % columns != 0 && taps[t] != taps[t - 1] + pixel)
                return false;
        return true;
    }

    private static void Rows<TVector, TLanes, TKernel, TStride>(
        ref byte input,
        ref float weights,
        ref float bias,
        ref byte output,
        int channels,
        float minimum,
        float maximum,
        ReadOnlySpan<int> positions,
        ReadOnlySpan<int> inputSteps,
        ReadOnlySpan<int> outputSteps,
        ReadOnlySpan<int> taps)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
        where TKernel : struct, IExtent
        where TStride : struct, IExtent
    {
        int last = positions.Length - 1;
        var room = default(Float32Remainder);
        int chunk = Chunk(channels, taps, TLanes.Count);
        Span<Float32Positions.Place> row = stackalloc Float32Positions.Place[1];
        for (int c = 0; c < channels && positions[last] > 0; c += chunk)
        {
            var walk = new Float32Positions(positions.Slice(0, last), inputSteps.Slice(0, last), outputSteps.Slice(0, last));
            var call = new Float32DepthwiseRows.Call(channels, c, Math.Min(channels, c + chunk), minimum, maximum, taps, ref room);
            for (int i = walk.Count; i > 0; i--)
            {
                walk.Next(row);
                Float32DepthwiseRows.Run<TVector, TLanes, TKernel, TStride>(
                    ref Unsafe.Add(ref input, row[0].Input), ref weights, ref bias, ref Unsafe.Add(ref output, row[0].Output),
                    positions[last], outputSteps[last], call);
            }
        }
    }

    // As many channels as let the rows under a window stay in the first-level cache until the next row of outputs meets them again.
    private static int Chunk(int channels, ReadOnlySpan<int> taps, int lanes)
    {
        int span = taps[taps.Length - 1] - taps[0];
        int fitting = (int)((long)CachedBytes * channels / (span + (channels * sizeof(float))));
        return fitting >= channels ? channels : Math.Max(lanes, fitting / lanes * lanes);
    }

    // Tiles of up to eight pixels by some of the channels: a vector of channels of each pixel at a time, so that a tap's weights serve all
    // pixels.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile<TVector, TLanes, TPixels>(
        ref byte input,
        ref float weights,
        ref float bias,
        ref byte output,
        int channels,
        int firstChannel,
        int endChannel,
        float minimum,
        float maximum,
        ReadOnlySpan<int> taps,
        ref Float32Positions.Place places,
        int tiles,
        ref Float32Remainder room)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
        where TPixels : struct, IExtent
    {
        nint step = (nint)channels * sizeof(float);
        nint next = TLanes.Count * sizeof(float);
        ref int end = ref Unsafe.Add(ref MemoryMarshal.GetReference(taps), taps.Length);
        for (; tiles > 0; tiles--)
        {
            // Few enough for registers, together with the loop's own: the other pixels count from the first.
            nint first = places.Input;
            nint i1 = TPixels.Value > 1 ? Unsafe.Add(ref places, 1).Input - first : 0;
            nint i2 = TPixels.Value > 2 ? Unsafe.Add(ref places, 2).Input - first : 0;
            nint i3 = TPixels.Value > 3 ? Unsafe.Add(ref places, 3).Input - first : 0;
            nint i4 = TPixels.Value > 4 ? Unsafe.Add(ref places, 4).Input - first : 0;
            nint i5 = TPixels.Value > 5 ? Unsafe.Add(ref places, 5).Input - first : 0;
            nint i6 = TPixels.Value > 6 ? Unsafe.Add(ref places, 6).Input - first : 0;
            nint i7 = TPixels.Value > 7 ? Unsafe.Add(ref places, 7).Input - first : 0;
            for (int c = firstChannel; c < endChannel; c += TLanes.Count)
            {
                TVector s0 = TLanes.Load(ref Unsafe.Add(ref bias, c));
                TVector s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
                ref byte x = ref Unsafe.Add(ref input, first + ((nint)c * sizeof(float)));
                ref byte k = ref Unsafe.As<float, byte>(ref Unsafe.Add(ref weights, c));
                for (ref int t = ref MemoryMarshal.GetReference(taps);
                    Unsafe.IsAddressLessThan(ref t, ref end);
                    t = ref Unsafe.Add(ref t, 1))
                {
                    TVector w = TLanes.Load(ref Unsafe.As<byte, float>(ref k));
                    ref byte tap = ref Unsafe.Add(ref x, t);
                    s0 = TLanes.FusedMultiplyAdd(w, TLanes.Load(ref Unsafe.As<byte, float>(ref tap)), s0);
                    if (TPixels.Value > 1)
                        s1 = TLanes.FusedMultiplyAdd(w, TLanes.Load(ref Unsafe.As<byte, float>(ref Unsafe.Add(ref tap, i1))), s1);
                    if (TPixels.Value > 2)
                        s2 = TLanes.FusedMultiplyAdd(w, TLanes.Load(ref Unsafe.As<byte, float>(ref Unsafe.Add(ref tap, i2))), s2);
                    if (TPixels.Value > 3)
                        s3 = TLanes.FusedMultiplyAdd(w, TLanes.Load(ref Unsafe.As<byte, float>(ref Unsafe.Add(ref tap, i3))), s3);
                    if (TPixels.Value > 4)
                        s4 = TLanes.FusedMultiplyAdd(w, TLanes.Load(ref Unsafe.As<byte, float>(ref Unsafe.Add(ref tap, i4))), s4);
                    if (TPixels.Value > 5)
                        s5 = TLanes.FusedMultiplyAdd(w, TLanes.Load(ref Unsafe.As<byte, float>(ref Unsafe.Add(ref tap, i5))), s5);
                    if (TPixels.Value > 6)
                        s6 = TLanes.FusedMultiplyAdd(w, TLanes.Load(ref Unsafe.As<byte, float>(ref Unsafe.Add(ref tap, i6))), s6);
                    if (TPixels.Value > 7)
                        s7 = TLanes.FusedMultiplyAdd(w, TLanes.Load(ref Unsafe.As<byte, float>(ref Unsafe.Add(ref tap, i7))), s7);
                    k = ref Unsafe.Add(ref k, step);
                }
                TVector low = TLanes.Broadcast(minimum);
                TVector high = TLanes.Broadcast(maximum);
                int rest = channels - c;
                bool whole = rest >= TLanes.Count;
                ref byte to = ref Unsafe.Add(ref output, (nint)c * sizeof(float));
                if (whole)
                {
                    Store<TVector, TLanes>(s0, ref Unsafe.Add(ref to, places.Output), low, high);
                    if (TPixels.Value > 1)
                        Store<TVector, TLanes>(s1, ref Unsafe.Add(ref to, Unsafe.Add(ref places, 1).Output), low, high);
                    if (TPixels.Value > 2)
                        Store<TVector, TLanes>(s2, ref Unsafe.Add(ref to, Unsafe.Add(ref places, 2).Output), low, high);
                    if (TPixels.Value > 3)
                        Store<TVector, TLanes>(s3, ref Unsafe.Add(ref to, Unsafe.Add(ref places, 3).Output), low, high);
                    if (TPixels.Value > 4)
                        Store<TVector, TLanes>(s4, ref Unsafe.Add(ref to, Unsafe.Add(ref places, 4).Output), low, high);
                    if (TPixels.Value > 5)
                        Store<TVector, TLanes>(s5, ref Unsafe.Add(ref to, Unsafe.Add(ref places, 5).Output), low, high);
                    if (TPixels.Value > 6)
                        Store<TVector, TLanes>(s6, ref Unsafe.Add(ref to, Unsafe.Add(ref places, 6).Output), low, high);
                    if (TPixels.Value > 7)
                        Store<TVector, TLanes>(s7, ref Unsafe.Add(ref to, Unsafe.Add(ref places, 7).Output), low, high);
                    continue;
                }
                ref byte from = ref Unsafe.As<Float32Remainder, byte>(ref room);
                Store<TVector, TLanes>(s0, ref from, low, high);
                if (TPixels.Value > 1)
                    Store<TVector, TLanes>(s1, ref Unsafe.Add(ref from, 1 * next), low, high);
                if (TPixels.Value > 2)
                    Store<TVector, TLanes>(s2, ref Unsafe.Add(ref from, 2 * next), low, high);
                if (TPixels.Value > 3)
                    Store<TVector, TLanes>(s3, ref Unsafe.Add(ref from, 3 * next), low, high);
                if (TPixels.Value > 4)
                    Store<TVector, TLanes>(s4, ref Unsafe.Add(ref from, 4 * next), low, high);
                if (TPixels.Value > 5)
                    Store<TVector, TLanes>(s5, ref Unsafe.Add(ref from, 5 * next), low, high);
                if (TPixels.Value > 6)
                    Store<TVector, TLanes>(s6, ref Unsafe.Add(ref from, 6 * next), low, high);
                if (TPixels.Value > 7)
                    Store<TVector, TLanes>(s7, ref Unsafe.Add(ref from, 7 * next), low, high);
                for (int i = 0; i < TPixels.Value; i++)
                {
                    Float32Remainder.Copy(
                        ref Unsafe.Add(ref from, i * next), ref Unsafe.Add(ref to, Unsafe.Add(ref places, i).Output), rest);
                }
            }
            places = ref Unsafe.Add(ref places, TPixels.Value);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TVector, TLanes>(TVector value, ref byte output, TVector low, TVector high)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector> =>
        TLanes.Store(TLanes.Min(high, TLanes.Max(low, value)), ref Unsafe.As<byte, float>(ref output));
}
