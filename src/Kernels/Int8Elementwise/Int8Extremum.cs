namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;

/// <summary>
/// Greater or lesser of two u8 tensors, both first rescaled to the output (docs/arithmetic.md, Elementwise integer operations).
/// </summary>
internal static class Int8Extremum
{
    /// <summary>Operands of equal shape, row by row.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="first">Operand offset of the first operand (<c>Workspace.Operand</c>).</param>
    /// <param name="firstImageStride">Bytes from one of its images to the next.</param>
    /// <param name="firstRowStride">Bytes from one of its rows to the next.</param>
    /// <param name="second">Operand offset of the second operand.</param>
    /// <param name="secondImageStride">Bytes from one of its images to the next.</param>
    /// <param name="secondRowStride">Bytes from one of its rows to the next.</param>
    /// <param name="output">Arena offset of the first output.</param>
    /// <param name="outputImageStride">Bytes from one output image to the next.</param>
    /// <param name="outputRowStride">Bytes from one output row to the next.</param>
    /// <param name="firstZeroPoint">The first operand's zero point.</param>
    /// <param name="firstMultiplier">The multiplier Ma that takes the first operand to the output's scale, 0 or more.</param>
    /// <param name="secondZeroPoint">The second operand's zero point.</param>
    /// <param name="secondMultiplier">The multiplier Mb that takes the second operand to the output's scale, 0 or more.</param>
    /// <param name="greatest">1 for the greater, 0 for the lesser.</param>
    /// <param name="shift">The requantisation's right shift, 1…62.</param>
    /// <param name="outputZeroPoint">The output's zero point.</param>
    /// <param name="minimum">The least output.</param>
    /// <param name="maximum">The greatest output.</param>
    /// <param name="images">Number of images.</param>
    /// <param name="rows">Rows of an image.</param>
    /// <param name="rowLength">Adjacent elements of a row.</param>
    public static void Run(
        Workspace w,
        int first,
        int firstImageStride,
        int firstRowStride,
        int second,
        int secondImageStride,
        int secondRowStride,
        int output,
        int outputImageStride,
        int outputRowStride,
        int firstZeroPoint,
        int firstMultiplier,
        int secondZeroPoint,
        int secondMultiplier,
        int greatest,
        int shift,
        int outputZeroPoint,
        int minimum,
        int maximum,
        int images,
        int rows,
        int rowLength)
    {
        var constants = new Int8BinaryConstants(
            firstZeroPoint, firstMultiplier, secondZeroPoint, secondMultiplier,
            Requantization.ToUInt8(shift, outputZeroPoint, minimum, maximum));
        if (greatest != 0)
        {
            Int8BinaryLoop.Rows<Rescaled<Greater>>(
                w, first, firstImageStride, firstRowStride, second, secondImageStride, secondRowStride, output, outputImageStride,
                outputRowStride,
                in constants, images, rows, rowLength);
        }
        else
        {
            Int8BinaryLoop.Rows<Rescaled<Lesser>>(
                w, first, firstImageStride, firstRowStride, second, secondImageStride, secondRowStride, output, outputImageStride,
                outputRowStride,
                in constants, images, rows, rowLength);
        }
    }

    /// <summary>Operands that are broadcast against one another, element by element.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="first">Operand offset of the first operand (<c>Workspace.Operand</c>).</param>
    /// <param name="second">Operand offset of the second operand.</param>
    /// <param name="output">Arena offset of the first output.</param>
    /// <param name="firstZeroPoint">The first operand's zero point.</param>
    /// <param name="firstMultiplier">The multiplier Ma that takes the first operand to the output's scale, 0 or more.</param>
    /// <param name="secondZeroPoint">The second operand's zero point.</param>
    /// <param name="secondMultiplier">The multiplier Mb that takes the second operand to the output's scale, 0 or more.</param>
    /// <param name="greatest">1 for the greater, 0 for the lesser.</param>
    /// <param name="shift">The requantisation's right shift, 1…62.</param>
    /// <param name="outputZeroPoint">The output's zero point.</param>
    /// <param name="minimum">The least output.</param>
    /// <param name="maximum">The greatest output.</param>
    /// <param name="dimensions">The output's dimensions.</param>
    /// <param name="firstStrides">Bytes between neighbours of the first operand in each dimension; 0 where it is broadcast.</param>
    /// <param name="secondStrides">Bytes between neighbours of the second operand in each dimension; 0 where it is broadcast.</param>
    /// <param name="outputStrides">Bytes between neighbouring outputs in each dimension.</param>
    public static void RunBroadcast(
        Workspace w,
        int first,
        int second,
        int output,
        int firstZeroPoint,
        int firstMultiplier,
        int secondZeroPoint,
        int secondMultiplier,
        int greatest,
        int shift,
        int outputZeroPoint,
        int minimum,
        int maximum,
        ReadOnlySpan<int> dimensions,
        ReadOnlySpan<int> firstStrides,
        ReadOnlySpan<int> secondStrides,
        ReadOnlySpan<int> outputStrides)
    {
        var constants = new Int8BinaryConstants(
            firstZeroPoint, firstMultiplier, secondZeroPoint, secondMultiplier,
            Requantization.ToUInt8(shift, outputZeroPoint, minimum, maximum));
        if (greatest != 0)
            Int8BinaryLoop.Broadcast<Rescaled<Greater>>(
                w, first, second, output, in constants, dimensions, firstStrides, secondStrides, outputStrides);
        else
            Int8BinaryLoop.Broadcast<Rescaled<Lesser>>(
                w, first, second, output, in constants, dimensions, firstStrides, secondStrides, outputStrides);
    }

    /// <summary>Which of two values.</summary>
    private interface IChoice
    {
        /// <summary>One of two values.</summary>
        static abstract long Of(long first, long second);

        /// <summary>One of each two lanes.</summary>
        static abstract TVector Of<TLanes, TVector>(TVector first, TVector second)
            where TLanes : struct, IByteLanes<TVector>
            where TVector : struct;
    }

    private readonly struct Greater : IChoice
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static long Of(long first, long second) => Math.Max(first, second);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Of<TLanes, TVector>(TVector first, TVector second)
            where TLanes : struct, IByteLanes<TVector>
            where TVector : struct => TLanes.Max32(first, second);
    }

    private readonly struct Lesser : IChoice
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static long Of(long first, long second) => Math.Min(first, second);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Of<TLanes, TVector>(TVector first, TVector second)
            where TLanes : struct, IByteLanes<TVector>
            where TVector : struct => TLanes.Min32(first, second);
    }

    /// <summary>One of two rescaled values.</summary>
    /// <remarks>Rescaling and clamping are monotonic, so that comparing before or after them gives the same.</remarks>
    private readonly struct Rescaled<TChoice> : IInt8BinaryOperation
        where TChoice : struct, IChoice
    {
        /// <inheritdoc/>
        public static bool HasVectors(in Int8BinaryConstants constants) => SplitMultiplier.Holds(in constants);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static int Apply(int first, int second, in Int8BinaryConstants constants) =>
            unchecked(constants.Requantization.Apply(
                TChoice.Of((long)first * constants.FirstMultiplier, (long)second * constants.SecondMultiplier)));

        /// <inheritdoc/>
        public static Int8BinaryVectors<TVector> Prepare<TLanes, TVector>(in Int8BinaryConstants constants)
            where TLanes : struct, IByteLanes<TVector>
            where TVector : struct =>
            SplitMultiplier.Apart<TLanes, TVector>(in constants);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TLanes, TVector>(TVector pairs, in Int8BinaryVectors<TVector> vectors)
            where TLanes : struct, IByteLanes<TVector>
            where TVector : struct =>
            TChoice.Of<TLanes, TVector>(
                SplitMultiplier.Requantize<TLanes, TVector>(pairs, vectors.High, vectors.Low, vectors.Rounding, vectors.Shift),
                SplitMultiplier.Requantize<TLanes, TVector>(pairs, vectors.SecondHigh, vectors.SecondLow, vectors.Rounding, vectors.Shift));
    }
}
