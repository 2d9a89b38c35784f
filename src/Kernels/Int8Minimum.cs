namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.X86;

/// <summary>Lesser of two u8 tensors, both first rescaled to the output (docs/arithmetic.md, Elementwise integer operations).</summary>
internal static class Int8Minimum
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
        int shift,
        int outputZeroPoint,
        int minimum,
        int maximum,
        int images,
        int rows,
        int rowLength)
    {
        var constants = new PairConstants(
            firstZeroPoint, firstMultiplier, secondZeroPoint, secondMultiplier,
            Requantization.ToUInt8(shift, outputZeroPoint, minimum, maximum));
        PairLoop.Rows<Operation>(
            w, first, firstImageStride, firstRowStride, second, secondImageStride, secondRowStride, output, outputImageStride,
            outputRowStride,
            in constants, images, rows, rowLength);
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
        int shift,
        int outputZeroPoint,
        int minimum,
        int maximum,
        ReadOnlySpan<int> dimensions,
        ReadOnlySpan<int> firstStrides,
        ReadOnlySpan<int> secondStrides,
        ReadOnlySpan<int> outputStrides)
    {
        var constants = new PairConstants(
            firstZeroPoint, firstMultiplier, secondZeroPoint, secondMultiplier,
            Requantization.ToUInt8(shift, outputZeroPoint, minimum, maximum));
        PairLoop.Broadcast<Operation>(w, first, second, output, in constants, dimensions, firstStrides, secondStrides, outputStrides);
    }

    /// <summary>Lesser value of two values.</summary>
    /// <remarks>Rescaling and clamping are monotonic, so that comparing before or after them gives the same.</remarks>
    private readonly struct Operation : IPairOperation
    {
        /// <inheritdoc/>
        /// <remarks>In magnitude, products are below 2^39.</remarks>
        public static int LeastVectorShift => 9;

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static int Apply(int first, int second, in PairConstants constants) =>
            unchecked(constants.Requantization.Apply(
                Math.Min((long)first * constants.FirstMultiplier, (long)second * constants.SecondMultiplier)));

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<int> Apply(Vector256<int> first, Vector256<int> second, in PairConstants constants) => Avx2.Min(
            Rescaled(first, constants.FirstMultiplier, in constants.Requantization),
            Rescaled(second, constants.SecondMultiplier, in constants.Requantization));

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<int> Apply(Vector128<int> first, Vector128<int> second, in PairConstants constants) => Vector128.Min(
            Rescaled(first, constants.FirstMultiplier, in constants.Requantization),
            Rescaled(second, constants.SecondMultiplier, in constants.Requantization));

        /// <summary>One operand at the output's scale, with its zero point.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<int> Rescaled(Vector256<int> values, int multiplier, in Requantization requantization) =>
            ProductLanes.Requantize(ProductLanes.Even(values, multiplier), ProductLanes.Odd(values, multiplier), in requantization);

        /// <summary>One operand at the output's scale, with its zero point.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector128<int> Rescaled(Vector128<int> values, int multiplier, in Requantization requantization)
        {
            ProductLanes.Multiply(values, Vector128.Create(multiplier), out Vector128<long> even, out Vector128<long> odd);
            return ProductLanes.Requantize(even, odd, in requantization);
        }
    }
}
