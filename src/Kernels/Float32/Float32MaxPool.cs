namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;

/// <summary>Maxima over windows of feature maps in float32. Padding does not take part; a window that lies wholly in it
/// gives the least finite number, one that holds NaN gives NaN.</summary>
internal static class Float32MaxPool
{
    /// <summary>Computes the maxima and bounds them.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Operand offset of the first input.</param>
    /// <param name="output">Arena offset of the first output.</param>
    /// <param name="images">The number of images (times channels, where the map is channels-first).</param>
    /// <param name="channels">Contiguous channels of one pixel (1 where the map is channels-first).</param>
    /// <param name="inputSizes">The input's planes, rows and columns.</param>
    /// <param name="outputSizes">The output's planes, rows and columns.</param>
    /// <param name="kernel">The window's planes, rows and columns.</param>
    /// <param name="strides">Inputs between neighbouring windows, for planes, rows and columns.</param>
    /// <param name="dilations">Inputs between neighbouring elements of a window, for planes, rows and columns.</param>
    /// <param name="pads">Padding before the first plane, row and column.</param>
    /// <param name="minimum">The least result: the fused activation's lower bound.</param>
    /// <param name="maximum">The greatest result: the fused activation's upper bound.</param>
    /// <param name="inputSteps">Bytes between neighbouring images, planes, rows and columns of the input.</param>
    /// <param name="outputSteps">The same of the output.</param>
    public static void Run(
        Workspace w,
        int input,
        int output,
        int images,
        int channels,
        float minimum,
        float maximum,
        ReadOnlySpan<int> inputSizes,
        ReadOnlySpan<int> outputSizes,
        ReadOnlySpan<int> kernel,
        ReadOnlySpan<int> strides,
        ReadOnlySpan<int> dilations,
        ReadOnlySpan<int> pads,
        ReadOnlySpan<int> inputSteps,
        ReadOnlySpan<int> outputSteps)
    {
        Float32Pooling.Run<Maximum>(ref w.Operand(input), ref w.Arena(output), new Float32Pooling.Shape
        {
            Images = images,
            Channels = channels,
            Minimum = minimum,
            Maximum = maximum,
            InputSizes = inputSizes,
            OutputSizes = outputSizes,
            Kernel = kernel,
            Strides = strides,
            Dilations = dilations,
            Pads = pads,
            CountedPadEnds = [],
            InputSteps = inputSteps,
            OutputSteps = outputSteps,
        });
    }

    private struct Maximum : IFloat32Pooling
    {
        public static bool Counts => false;

        public static float Start => float.NegativeInfinity;

        public static float Empty => float.MinValue;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Step<TVector, TLanes>(TVector accumulator, TVector x)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            // What is NaN once stays so; a NaN that comes is taken by Max itself.
            TLanes.Select(TLanes.Equal(accumulator, accumulator), TLanes.Max(accumulator, x), accumulator);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector End<TVector, TLanes>(TVector accumulator, TVector count)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            accumulator;
    }
}
