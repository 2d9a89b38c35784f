namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;

/// <summary>
/// A convolution in float32 whose weights are blocks, of which only those that are not all zero are stored
/// (<see cref="Float32SparseProduct"/>); otherwise as <see cref="Float32Convolution"/>.
/// </summary>
internal static class Float32SparseConvolution
{
    /// <summary>Computes the convolution, adds the biases and bounds the results.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Arena offset of the first input under the first tap at the first position.</param>
    /// <param name="weights">Weights offset of the blocks.</param>
    /// <param name="columns">Weights offset of the blocks' places (u16).</param>
    /// <param name="starts">Weights offset of the bounds of the panels' taps (s32).</param>
    /// <param name="bias">Operand offset of the packed biases.</param>
    /// <param name="output">Arena offset of the first output at the first position.</param>
    /// <param name="groups">The number of groups.</param>
    /// <param name="groupOutputs">Output channels of one group.</param>
    /// <param name="groupInputs">Input channels of one group; the group's inputs at a pixel lie behind those of the group before.</param>
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
        int columns,
        int starts,
        int bias,
        int output,
        int groups,
        int groupOutputs,
        int groupInputs,
        float minimum,
        float maximum,
        ReadOnlySpan<int> positions,
        ReadOnlySpan<int> inputSteps,
        ReadOnlySpan<int> outputSteps,
        ReadOnlySpan<int> taps)
    {
        if (w.Threads > 1 && Float32SparseConvolutionJob.TryRun(
            w, input, weights, columns, starts, bias, output, groups, groupOutputs, groupInputs, minimum, maximum, positions, inputSteps,
            outputSteps, taps))
        {
            return;
        }

        RunPart(
            w, input, weights, columns, starts, bias, output, groups, groupOutputs, groupInputs, minimum, maximum, positions, inputSteps,
            outputSteps, taps);
    }

    /// <summary>The number of weights in all blocks.</summary>
    internal static long Weights(Workspace w, int starts, int groups, int groupOutputs, int taps) =>
        Float32SparseProduct.BlockWeights * (long)Unsafe.ReadUnaligned<int>(
            ref w.Weight(starts + (groups * Panels(groupOutputs) * taps * sizeof(int))));

    /// <summary>The same as <see cref="Run"/> on the caller's thread.</summary>
    internal static void RunPart(
        Workspace w,
        int input,
        int weights,
        int columns,
        int starts,
        int bias,
        int output,
        int groups,
        int groupOutputs,
        int groupInputs,
        float minimum,
        float maximum,
        ReadOnlySpan<int> positions,
        ReadOnlySpan<int> inputSteps,
        ReadOnlySpan<int> outputSteps,
        ReadOnlySpan<int> taps)
    {
        long macs = Weights(w, starts, groups, groupOutputs, taps.Length);
        for (int i = 0; i < positions.Length; i++)
            macs *= positions[i];
        if (Float32ScalarLoop.IsForStart(w, macs))
            Groups<float, Float32Lanes1>(
                w, input, weights, columns, starts, bias, output, groups, groupOutputs, groupInputs, minimum, maximum,
                positions, inputSteps, outputSteps, taps);
        else
            OnPath(
                w, input, weights, columns, starts, bias, output, groups, groupOutputs, groupInputs, minimum, maximum,
                positions, inputSteps, outputSteps, taps);
    }

    private static int Panels(int groupOutputs) => (groupOutputs + Float32Tile.Panel - 1) / Float32Tile.Panel;

    private static void OnPath(
        Workspace w,
        int input,
        int weights,
        int columns,
        int starts,
        int bias,
        int output,
        int groups,
        int groupOutputs,
        int groupInputs,
        float minimum,
        float maximum,
        ReadOnlySpan<int> positions,
        ReadOnlySpan<int> inputSteps,
        ReadOnlySpan<int> outputSteps,
        ReadOnlySpan<int> taps)
    {
        if (Float32Path.Is512)
            Groups<Vector512<float>, Float32Lanes512>(
                w, input, weights, columns, starts, bias, output, groups, groupOutputs, groupInputs, minimum, maximum,
                positions, inputSteps, outputSteps, taps);
        else if (Float32Path.Is256)
            Groups<Vector256<float>, Float32Lanes256>(
                w, input, weights, columns, starts, bias, output, groups, groupOutputs, groupInputs, minimum, maximum,
                positions, inputSteps, outputSteps, taps);
        else if (Float32Path.Is128)
            Groups<Vector128<float>, Float32Lanes128>(
                w, input, weights, columns, starts, bias, output, groups, groupOutputs, groupInputs, minimum, maximum,
                positions, inputSteps, outputSteps, taps);
        else
            Groups<float, Float32Lanes1>(
                w, input, weights, columns, starts, bias, output, groups, groupOutputs, groupInputs, minimum, maximum,
                positions, inputSteps, outputSteps, taps);
    }

    private static void Groups<TVector, TLanes>(
        Workspace w,
        int input,
        int weights,
        int columns,
        int starts,
        int bias,
        int output,
        int groups,
        int groupOutputs,
        int groupInputs,
        float minimum,
        float maximum,
        ReadOnlySpan<int> positions,
        ReadOnlySpan<int> inputSteps,
        ReadOnlySpan<int> outputSteps,
        ReadOnlySpan<int> taps)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        ref byte x = ref w.Arena(input);
        ref byte to = ref w.Arena(output);
        ref int bounds = ref Unsafe.As<byte, int>(ref w.Weight(starts));
        ref float start = ref Unsafe.As<byte, float>(ref w.Operand(bias));
        int panels = Panels(groupOutputs);
        for (int g = 0; g < groups; g++)
        {
            Float32SparseProduct.Run<TVector, TLanes>(
                w, ref Unsafe.Add(ref x, (nint)g * groupInputs * sizeof(float)), ref w.Weight(weights),
                ref Unsafe.As<byte, ushort>(ref w.Weight(columns)), ref Unsafe.Add(ref bounds, g * panels * taps.Length),
                ref Unsafe.Add(ref start, g * panels * Float32Tile.Panel),
                ref Unsafe.Add(ref to, (nint)g * groupOutputs * sizeof(float)), groupOutputs, positions, inputSteps, outputSteps, taps,
                minimum, maximum);
        }
    }
}
