namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;

/// <summary>
/// Depthwise convolution over channels-last feature maps in float32: each channel has a kernel of its own and gives one output.
/// Vectors run over channels. Padding is read from the input's border, which holds zeros.
/// </summary>
/// <remarks>Weights: for each tap, one float a channel. Biases: one float a channel.</remarks>
internal static class Float32Depthwise
{
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
        ref float x = ref Unsafe.As<byte, float>(ref w.Operand(weights));
        ref float start = ref Unsafe.As<byte, float>(ref w.Operand(bias));
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
        if (positions.Length == 0)
        {
            Pixel<TVector, TLanes>(ref input, ref weights, ref bias, ref output, channels, minimum, maximum, taps);
            return;
        }
        int count = positions[0];
        for (nint i = 0; i < count; i++)
        {
            Walk<TVector, TLanes>(
                ref Unsafe.Add(ref input, i * inputSteps[0]), ref weights, ref bias, ref Unsafe.Add(ref output, i * outputSteps[0]),
                channels, minimum, maximum, positions.Slice(1), inputSteps.Slice(1), outputSteps.Slice(1), taps);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pixel<TVector, TLanes>(
        ref byte input,
        ref float weights,
        ref float bias,
        ref byte output,
        int channels,
        float minimum,
        float maximum,
        ReadOnlySpan<int> taps)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        TVector low = TLanes.Broadcast(minimum);
        TVector high = TLanes.Broadcast(maximum);
        ref float to = ref Unsafe.As<byte, float>(ref output);
        int c = 0;
        // Four vectors at a time: one alone would wait for each multiply-add.
        for (; c <= channels - (4 * TLanes.Count); c += 4 * TLanes.Count)
        {
            ref float b = ref Unsafe.Add(ref bias, c);
            TVector s0 = TLanes.Load(ref b);
            TVector s1 = TLanes.Load(ref Unsafe.Add(ref b, TLanes.Count));
            TVector s2 = TLanes.Load(ref Unsafe.Add(ref b, 2 * TLanes.Count));
            TVector s3 = TLanes.Load(ref Unsafe.Add(ref b, 3 * TLanes.Count));
            for (int t = 0; t < taps.Length; t++)
            {
                ref float x = ref Unsafe.Add(ref Unsafe.As<byte, float>(ref Unsafe.Add(ref input, (nint)taps[t])), c);
                ref float k = ref Unsafe.Add(ref weights, ((nint)t * channels) + c);
                s0 = TLanes.FusedMultiplyAdd(TLanes.Load(ref x), TLanes.Load(ref k), s0);
                s1 = TLanes.FusedMultiplyAdd(
                    TLanes.Load(ref Unsafe.Add(ref x, TLanes.Count)), TLanes.Load(ref Unsafe.Add(ref k, TLanes.Count)), s1);
                s2 = TLanes.FusedMultiplyAdd(
                    TLanes.Load(ref Unsafe.Add(ref x, 2 * TLanes.Count)), TLanes.Load(ref Unsafe.Add(ref k, 2 * TLanes.Count)), s2);
                s3 = TLanes.FusedMultiplyAdd(
                    TLanes.Load(ref Unsafe.Add(ref x, 3 * TLanes.Count)), TLanes.Load(ref Unsafe.Add(ref k, 3 * TLanes.Count)), s3);
            }
            ref float o = ref Unsafe.Add(ref to, c);
            TLanes.Store(TLanes.Min(high, TLanes.Max(low, s0)), ref o);
            TLanes.Store(TLanes.Min(high, TLanes.Max(low, s1)), ref Unsafe.Add(ref o, TLanes.Count));
            TLanes.Store(TLanes.Min(high, TLanes.Max(low, s2)), ref Unsafe.Add(ref o, 2 * TLanes.Count));
            TLanes.Store(TLanes.Min(high, TLanes.Max(low, s3)), ref Unsafe.Add(ref o, 3 * TLanes.Count));
        }
        for (; c <= channels - TLanes.Count; c += TLanes.Count)
        {
            TVector s = TLanes.Load(ref Unsafe.Add(ref bias, c));
            for (int t = 0; t < taps.Length; t++)
            {
                ref float x = ref Unsafe.Add(ref Unsafe.As<byte, float>(ref Unsafe.Add(ref input, (nint)taps[t])), c);
                s = TLanes.FusedMultiplyAdd(TLanes.Load(ref x), TLanes.Load(ref Unsafe.Add(ref weights, ((nint)t * channels) + c)), s);
            }
            TLanes.Store(TLanes.Min(high, TLanes.Max(low, s)), ref Unsafe.Add(ref to, c));
        }
        for (; c < channels; c++)
        {
            float s = Unsafe.Add(ref bias, c);
            for (int t = 0; t < taps.Length; t++)
            {
                float x = Unsafe.Add(ref Unsafe.As<byte, float>(ref Unsafe.Add(ref input, (nint)taps[t])), c);
                s = Float32Lanes1.FusedMultiplyAdd(x, Unsafe.Add(ref weights, ((nint)t * channels) + c), s);
            }
            Unsafe.Add(ref to, c) = Float32Lanes1.Min(maximum, Float32Lanes1.Max(minimum, s));
        }
    }
}
