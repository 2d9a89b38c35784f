namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;

/// <summary>
/// A dense layer in float32: rows of inputs by packed weights, plus biases, bounded. Weights and biases are packed as those of a
/// convolution with one tap and one group: panels of 16 outputs, k-major, filled up with zeros.
/// </summary>
internal static class Float32Dense
{
    /// <summary>Computes the layer.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Operand offset of the inputs, row after row.</param>
    /// <param name="weights">Operand offset of the packed weights.</param>
    /// <param name="bias">Operand offset of the packed biases.</param>
    /// <param name="output">Arena offset of the outputs, row after row.</param>
    /// <param name="rows">The number of rows.</param>
    /// <param name="inputs">Inputs of one row.</param>
    /// <param name="outputs">Outputs of one row.</param>
    /// <param name="minimum">The least result: the fused activation's lower bound.</param>
    /// <param name="maximum">The greatest result: the fused activation's upper bound.</param>
    public static void Run(
        Workspace w, int input, int weights, int bias, int output, int rows, int inputs, int outputs, float minimum, float maximum)
    {
        if (Float32ScalarLoop.IsForStart(w, (long)rows * inputs * outputs))
            Rows<float, Float32Lanes1>(w, input, weights, bias, output, rows, inputs, outputs, minimum, maximum);
        else
            OnPath(w, input, weights, bias, output, rows, inputs, outputs, minimum, maximum);
    }

    private static void OnPath(
        Workspace w, int input, int weights, int bias, int output, int rows, int inputs, int outputs, float minimum, float maximum)
    {
        if (Float32Path.Is512)
            Rows<Vector512<float>, Float32Lanes512>(w, input, weights, bias, output, rows, inputs, outputs, minimum, maximum);
        else if (Float32Path.Is256)
            Rows<Vector256<float>, Float32Lanes256>(w, input, weights, bias, output, rows, inputs, outputs, minimum, maximum);
        else if (Float32Path.Is128)
            Rows<Vector128<float>, Float32Lanes128>(w, input, weights, bias, output, rows, inputs, outputs, minimum, maximum);
        else
            Rows<float, Float32Lanes1>(w, input, weights, bias, output, rows, inputs, outputs, minimum, maximum);
    }

    private static void Rows<TVector, TLanes>(
        Workspace w, int input, int weights, int bias, int output, int rows, int inputs, int outputs, float minimum, float maximum)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        const int PanelBytes = Float32Tile.Panel * sizeof(float);
        ReadOnlySpan<int> positions = [rows];
        ReadOnlySpan<int> inputSteps = [inputs * sizeof(float)];
        ReadOnlySpan<int> outputSteps = [outputs * sizeof(float)];
        ReadOnlySpan<int> taps = [0];
        Float32Product.Run<TVector, TLanes>(
            ref w.Operand(input), ref w.Operand(weights), (nint)inputs * PanelBytes, ref Unsafe.As<byte, float>(ref w.Operand(bias)),
            oneBias: false, ref w.Arena(output), outputs, positions, inputSteps, outputSteps, taps, inputs, PanelBytes, minimum, maximum);
    }
}
