namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;

/// <summary>Means over windows of feature maps in float32, with or without the padding in the count.</summary>
internal static class Float32AveragePool
{
    /// <summary>Computes the means and bounds them.</summary>
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
    /// <param name="padEnds">Padding behind the last plane, row and column; counts where <paramref name="countPadding"/> is 1.</param>
    /// <param name="countPadding">1 when the padding counts as zeros, 0 when it does not take part.</param>
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
        int countPadding,
        float minimum,
        float maximum,
        ReadOnlySpan<int> inputSizes,
        ReadOnlySpan<int> outputSizes,
        ReadOnlySpan<int> kernel,
        ReadOnlySpan<int> strides,
        ReadOnlySpan<int> dilations,
        ReadOnlySpan<int> pads,
        ReadOnlySpan<int> padEnds,
        ReadOnlySpan<int> inputSteps,
        ReadOnlySpan<int> outputSteps)
    {
        Float32Pooling.Run<Average>(ref w.Operand(input), ref w.Arena(output), new Float32Pooling.Shape
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
            CountedPadEnds = countPadding != 0 ? padEnds : [],
            InputSteps = inputSteps,
            OutputSteps = outputSteps,
        });
    }

    private struct Average : IFloat32Pooling
    {
        public static bool Counts => true;

        public static float Start => 0f;

        public static float Empty => 0f;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Step<TVector, TLanes>(TVector accumulator, TVector x)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Add(accumulator, x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector End<TVector, TLanes>(TVector accumulator, TVector count)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Divide(accumulator, count);
    }
}
