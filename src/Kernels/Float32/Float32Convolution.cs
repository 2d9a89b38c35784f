namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;

/// <summary>
/// Convolution over channels-last feature maps in float32. Where the dilation is 1 and there is one group, a row of the kernel is
/// one contiguous run of inputs; otherwise each tap of the kernel is a run of its own. Padding is read from the input's border,
/// which holds zeros.
/// </summary>
/// <remarks>
/// Weights: for each group, panels of 16 outputs (the last one filled up with zeros), k-major: 16 floats for each k, k running over
/// the taps and within a tap over the run. Biases: one float an output, each group filled up to whole panels, likewise.
/// </remarks>
internal static class Float32Convolution
{
    /// <summary>Computes the convolution, adds the biases and bounds the results.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Arena offset of the first input under the first tap at the first position.</param>
    /// <param name="weights">Operand offset of the packed weights.</param>
    /// <param name="bias">Operand offset of the packed biases.</param>
    /// <param name="output">Arena offset of the first output at the first position.</param>
    /// <param name="groups">The number of groups.</param>
    /// <param name="groupOutputs">Output channels of one group.</param>
    /// <param name="groupInputs">Input channels of one group; the group's inputs at a pixel lie behind those of the group before.</param>
    /// <param name="run">Inputs in one tap.</param>
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
        if (w.Threads > 1 && Float32ConvolutionJob.TryRun(
            w, input, weights, bias, output, groups, groupOutputs, groupInputs, run, minimum, maximum, positions, inputSteps, outputSteps,
            taps))
        {
            return;
        }

        RunPart(
            w, input, weights, bias, output, groups, groupOutputs, groupInputs, run, minimum, maximum, positions, inputSteps, outputSteps,
            taps);
    }

    /// <summary>The same on the caller's thread.</summary>
    internal static void RunPart(
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
        long macs = (long)groups * groupOutputs * run * taps.Length;
        for (int i = 0; i < positions.Length; i++)
            macs *= positions[i];
        if (Float32ScalarLoop.IsForStart(w, macs))
            Groups<float, Float32Lanes1>(
                w, input, weights, bias, output, groups, groupOutputs, groupInputs, run, minimum, maximum,
                positions, inputSteps, outputSteps, taps);
        else
            OnPath(
                w, input, weights, bias, output, groups, groupOutputs, groupInputs, run, minimum, maximum,
                positions, inputSteps, outputSteps, taps);
    }

    private static void OnPath(
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
        if (Float32Path.Is512)
            Groups<Vector512<float>, Float32Lanes512>(
                w, input, weights, bias, output, groups, groupOutputs, groupInputs, run, minimum, maximum,
                positions, inputSteps, outputSteps, taps);
        else if (Float32Path.Is256)
            Groups<Vector256<float>, Float32Lanes256>(
                w, input, weights, bias, output, groups, groupOutputs, groupInputs, run, minimum, maximum,
                positions, inputSteps, outputSteps, taps);
        else if (Float32Path.Is128)
            Groups<Vector128<float>, Float32Lanes128>(
                w, input, weights, bias, output, groups, groupOutputs, groupInputs, run, minimum, maximum,
                positions, inputSteps, outputSteps, taps);
        else
            Groups<float, Float32Lanes1>(
                w, input, weights, bias, output, groups, groupOutputs, groupInputs, run, minimum, maximum,
                positions, inputSteps, outputSteps, taps);
    }

    private static void Groups<TVector, TLanes>(
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
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        const int PanelBytes = Float32Tile.Panel * sizeof(float);
        ref byte x = ref w.Arena(input);
        ref byte to = ref w.Arena(output);
        ref byte packed = ref w.Operand(weights);
        ref float start = ref Unsafe.As<byte, float>(ref w.Operand(bias));
        nint panelStep = (nint)taps.Length * run * PanelBytes;
        int panels = (groupOutputs + Float32Tile.Panel - 1) / Float32Tile.Panel;
        for (int g = 0; g < groups; g++)
        {
            Float32Product.Run<TVector, TLanes>(
                ref Unsafe.Add(ref x, (nint)g * groupInputs * sizeof(float)), ref Unsafe.Add(ref packed, g * panels * panelStep), panelStep,
                ref Unsafe.Add(ref start, g * panels * Float32Tile.Panel), oneBias: false,
                ref Unsafe.Add(ref to, (nint)g * groupOutputs * sizeof(float)), groupOutputs, positions, inputSteps, outputSteps, taps, run,
                PanelBytes, minimum, maximum);
        }
    }
}
