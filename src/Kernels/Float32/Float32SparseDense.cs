namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;

/// <summary>
/// A dense layer in float32 whose weights are blocks, of which only those that are not all zero are stored
/// (<see cref="Float32SparseProduct"/>); otherwise as <see cref="Float32Dense"/>.
/// </summary>
internal static class Float32SparseDense
{
    /// <summary>Computes the layer.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Operand offset of the inputs, row after row.</param>
    /// <param name="weights">Weights offset of the blocks.</param>
    /// <param name="columns">Weights offset of the blocks' places (u16).</param>
    /// <param name="starts">Weights offset of the panels' bounds (s32).</param>
    /// <param name="bias">Operand offset of the packed biases.</param>
    /// <param name="output">Arena offset of the outputs, row after row.</param>
    /// <param name="rows">The number of rows.</param>
    /// <param name="inputs">Inputs of one row.</param>
    /// <param name="outputs">Outputs of one row.</param>
    /// <param name="minimum">The least result: the fused activation's lower bound.</param>
    /// <param name="maximum">The greatest result: the fused activation's upper bound.</param>
    public static void Run(
        Workspace w, int input, int weights, int columns, int starts, int bias, int output, int rows, int inputs, int outputs,
        float minimum, float maximum)
    {
        int panels = (outputs + Float32Tile.Panel - 1) / Float32Tile.Panel;
        int blocks = Unsafe.ReadUnaligned<int>(ref w.Weight(starts + (panels * sizeof(int))));
        if (Float32ScalarLoop.IsForStart(w, (long)rows * blocks * Float32SparseProduct.BlockWeights))
            Rows<float, Float32Lanes1>(w, input, weights, columns, starts, bias, output, rows, inputs, outputs, minimum, maximum);
        else
            OnPath(w, input, weights, columns, starts, bias, output, rows, inputs, outputs, minimum, maximum);
    }

    private static void OnPath(
        Workspace w, int input, int weights, int columns, int starts, int bias, int output, int rows, int inputs, int outputs,
        float minimum, float maximum)
    {
        if (Float32Path.Is512)
            Rows<Vector512<float>, Float32Lanes512>(
                w, input, weights, columns, starts, bias, output, rows, inputs, outputs, minimum, maximum);
        else if (Float32Path.Is256)
            Rows<Vector256<float>, Float32Lanes256>(
                w, input, weights, columns, starts, bias, output, rows, inputs, outputs, minimum, maximum);
        else if (Float32Path.Is128)
            Rows<Vector128<float>, Float32Lanes128>(
                w, input, weights, columns, starts, bias, output, rows, inputs, outputs, minimum, maximum);
        else
            Rows<float, Float32Lanes1>(w, input, weights, columns, starts, bias, output, rows, inputs, outputs, minimum, maximum);
    }

    private static void Rows<TVector, TLanes>(
        Workspace w, int input, int weights, int columns, int starts, int bias, int output, int rows, int inputs, int outputs,
        float minimum, float maximum)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        ReadOnlySpan<int> positions = [rows];
        ReadOnlySpan<int> inputSteps = [inputs * sizeof(float)];
        ReadOnlySpan<int> outputSteps = [outputs * sizeof(float)];
        ReadOnlySpan<int> taps = [0];
        Float32SparseProduct.Run<TVector, TLanes>(
            w, ref w.Operand(input), ref w.Weight(weights), ref Unsafe.As<byte, ushort>(ref w.Weight(columns)),
            ref Unsafe.As<byte, int>(ref w.Weight(starts)), ref Unsafe.As<byte, float>(ref w.Operand(bias)), ref w.Arena(output), outputs,
            positions, inputSteps, outputSteps, taps, minimum, maximum);
    }
}
