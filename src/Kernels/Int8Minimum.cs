namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;

/// <summary>Lesser of two u8 tensors, both first rescaled to the output (docs/arithmetic.md, Elementwise integer operations).</summary>
internal static class Int8Minimum
{
    /// <summary>Operands of equal shape, row by row.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="first">Arena offset of the first operand.</param>
    /// <param name="firstImageStride">Bytes from one of its images to the next.</param>
    /// <param name="firstRowStride">Bytes from one of its rows to the next.</param>
    /// <param name="second">Arena offset of the second operand.</param>
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
        unchecked
        {
            Requantization requantization = Requantization.ToUInt8(shift, outputZeroPoint, minimum, maximum);
            for (int image = 0; image < images; image++)
            {
                for (int row = 0; row < rows; row++)
                {
                    ref byte a = ref w.Arena(first + (image * firstImageStride) + (row * firstRowStride));
                    ref byte b = ref w.Arena(second + (image * secondImageStride) + (row * secondRowStride));
                    ref byte target = ref w.Arena(output + (image * outputImageStride) + (row * outputRowStride));
                    for (int i = 0; i < rowLength; i++)
                        Unsafe.Add(ref target, i) = Single(Unsafe.Add(ref a, i), Unsafe.Add(ref b, i), firstZeroPoint, firstMultiplier, secondZeroPoint, secondMultiplier, requantization);
                }
            }
        }
    }

    /// <summary>Operands that are broadcast against one another, element by element.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="first">Arena offset of the first operand.</param>
    /// <param name="second">Arena offset of the second operand.</param>
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
        unchecked
        {
            Requantization requantization = Requantization.ToUInt8(shift, outputZeroPoint, minimum, maximum);
            int count = 1;
            for (int d = 0; d < dimensions.Length; d++)
                count *= dimensions[d];
            for (int i = 0; i < count; i++)
            {
                int a = first;
                int b = second;
                int target = output;
                int rest = i;
                for (int d = dimensions.Length - 1; d >= 0; d--)
                {
                    int index = rest % dimensions[d];
                    rest /= dimensions[d];
                    a += index * firstStrides[d];
                    b += index * secondStrides[d];
                    target += index * outputStrides[d];
                }

                w.Arena(target) = Single(w.Arena(a), w.Arena(b), firstZeroPoint, firstMultiplier, secondZeroPoint, secondMultiplier, requantization);
            }
        }
    }

    /// <summary>One output.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte Single(int a, int b, int firstZeroPoint, int firstMultiplier, int secondZeroPoint, int secondMultiplier, Requantization requantization)
    {
        unchecked
        {
            // Rescaling and clamping are monotonic, so that comparing before or after them gives the same.
            return (byte)requantization.Apply(Math.Min((long)(a - firstZeroPoint) * firstMultiplier, (long)(b - secondZeroPoint) * secondMultiplier));
        }
    }
}
