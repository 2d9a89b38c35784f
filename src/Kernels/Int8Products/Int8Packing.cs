namespace OptimizerBuild.Kernels;

using global::System;

/// <summary>
/// The layouts in which the build stores s8 weights for the integer kernels, and their exact inverses. Only the build and the tests use
/// this class; no kernel mentions it, so it is never emitted into an app.
/// </summary>
/// <remarks>
/// Dense layers and convolutions: panels of 16 outputs (the last one is 8 wide when at most 8 remain); in a panel, for each group of four
/// consecutive inputs, 16 × 4 bytes, output-major, the four inputs side by side. Inputs come in segments, each rounded up to a multiple
/// of four with zero weights. Convolutions have their groups one after the other.
/// Depthwise: as <see cref="Int8DepthwiseLayout"/> says.
/// </remarks>
internal static class Int8Packing
{
    /// <summary>Outputs rounded up to whole panels: how many biases and multipliers there are (for each group).</summary>
    public static int PaddedOutputs(int outputs) => checked((outputs + 7) & ~7);

    /// <summary>Packed size in bytes of [outputs][segments][segmentLength] weights.</summary>
    public static int PackedBytes(int outputs, int segments, int segmentLength) =>
        checked(PaddedOutputs(outputs) * segments * ((segmentLength + 3) & ~3));

    /// <summary>Packs [outputs][segments][segmentLength] weights.</summary>
    /// <param name="weights">The weights in row-major order.</param>
    /// <param name="outputs">Number of outputs.</param>
    /// <param name="segments">Segments to an output.</param>
    /// <param name="segmentLength">Inputs of a segment.</param>
    /// <param name="packed">Receives <see cref="PackedBytes"/> bytes.</param>
    public static void Pack(ReadOnlySpan<sbyte> weights, int outputs, int segments, int segmentLength, Span<byte> packed)
    {
        packed.Slice(0, PackedBytes(outputs, segments, segmentLength)).Clear();
        for (int output = 0; output < outputs; output++)
        {
            for (int segment = 0; segment < segments; segment++)
            {
                for (int k = 0; k < segmentLength; k++)
                {
                    packed[PackedIndex(output, segment, k, outputs, segments, segmentLength)] =
                        unchecked((byte)weights[(((output * segments) + segment) * segmentLength) + k]);
                }
            }
        }
    }

    /// <summary>The inverse of <see cref="Pack"/>.</summary>
    public static void Unpack(ReadOnlySpan<byte> packed, int outputs, int segments, int segmentLength, Span<sbyte> weights)
    {
        for (int output = 0; output < outputs; output++)
        {
            for (int segment = 0; segment < segments; segment++)
            {
                for (int k = 0; k < segmentLength; k++)
                {
                    weights[(((output * segments) + segment) * segmentLength) + k] =
                        unchecked((sbyte)packed[PackedIndex(output, segment, k, outputs, segments, segmentLength)]);
                }
            }
        }
    }

    /// <summary>Packed size in bytes of a convolution's weights.</summary>
    public static int ConvolutionBytes(
        int groups, int outputsPerGroup, int inputsPerGroup, int kernelHeight, int kernelWidth, int inputPixelStride, int dilationWidth)
    {
        (int segments, int length) = Segments(inputsPerGroup, kernelHeight, kernelWidth, inputPixelStride, dilationWidth);
        return checked(groups * PackedBytes(outputsPerGroup, segments, length));
    }

    /// <summary>Packs a convolution's weights.</summary>
    /// <param name="weights">ONNX order: [groups · outputsPerGroup][inputsPerGroup][kernelHeight][kernelWidth].</param>
    /// <param name="groups">Number of groups.</param>
    /// <param name="outputsPerGroup">Output channels of a group.</param>
    /// <param name="inputsPerGroup">Input channels of a group.</param>
    /// <param name="kernelHeight">Kernel rows.</param>
    /// <param name="kernelWidth">Taps of a kernel row.</param>
    /// <param name="inputPixelStride">Bytes from one input pixel to the next, as the kernel is told.</param>
    /// <param name="dilationWidth">Input pixels from one tap to the next, as the kernel is told.</param>
    /// <param name="packed">Receives <see cref="ConvolutionBytes"/> bytes.</param>
    public static void PackConvolution(
        ReadOnlySpan<sbyte> weights,
        int groups,
        int outputsPerGroup,
        int inputsPerGroup,
        int kernelHeight,
        int kernelWidth,
        int inputPixelStride,
        int dilationWidth,
        Span<byte> packed)
    {
        int taps = kernelHeight * kernelWidth;
        int groupBytes = ConvolutionBytes(1, outputsPerGroup, inputsPerGroup, kernelHeight, kernelWidth, inputPixelStride, dilationWidth);
        packed.Slice(0, groups * groupBytes).Clear();
        int at = 0;
        for (int group = 0; group < groups; group++)
        {
            for (int output = 0; output < outputsPerGroup; output++)
            {
                for (int input = 0; input < inputsPerGroup; input++)
                {
                    for (int tap = 0; tap < taps; tap++)
                    {
                        int place = (group * groupBytes) + ConvolutionPlace(
                            output, input, tap, outputsPerGroup, inputsPerGroup, kernelHeight, kernelWidth, inputPixelStride,
                            dilationWidth);
                        packed[place] = unchecked((byte)weights[at++]);
                    }
                }
            }
        }
    }

    /// <summary>The inverse of <see cref="PackConvolution"/>.</summary>
    public static void UnpackConvolution(
        ReadOnlySpan<byte> packed,
        int groups,
        int outputsPerGroup,
        int inputsPerGroup,
        int kernelHeight,
        int kernelWidth,
        int inputPixelStride,
        int dilationWidth,
        Span<sbyte> weights)
    {
        int taps = kernelHeight * kernelWidth;
        int groupBytes = ConvolutionBytes(1, outputsPerGroup, inputsPerGroup, kernelHeight, kernelWidth, inputPixelStride, dilationWidth);
        int at = 0;
        for (int group = 0; group < groups; group++)
        {
            for (int output = 0; output < outputsPerGroup; output++)
            {
                for (int input = 0; input < inputsPerGroup; input++)
                {
                    for (int tap = 0; tap < taps; tap++)
                    {
                        int place = (group * groupBytes) + ConvolutionPlace(
                            output, input, tap, outputsPerGroup, inputsPerGroup, kernelHeight, kernelWidth, inputPixelStride,
                            dilationWidth);
                        weights[at++] = unchecked((sbyte)packed[place]);
                    }
                }
            }
        }
    }

    /// <summary>Where a weight of a convolution lies among the packed bytes of its group.</summary>
    /// <param name="output">The output channel within the group.</param>
    /// <param name="input">The input channel within the group.</param>
    /// <param name="tap">The tap, row by row.</param>
    /// <param name="outputsPerGroup">Output channels of a group.</param>
    /// <param name="inputsPerGroup">Input channels of a group.</param>
    /// <param name="kernelHeight">Kernel rows.</param>
    /// <param name="kernelWidth">Taps of a kernel row.</param>
    /// <param name="inputPixelStride">Bytes from one input pixel to the next, as the kernel is told.</param>
    /// <param name="dilationWidth">Input pixels from one tap to the next, as the kernel is told.</param>
    public static int ConvolutionPlace(
        int output,
        int input,
        int tap,
        int outputsPerGroup,
        int inputsPerGroup,
        int kernelHeight,
        int kernelWidth,
        int inputPixelStride,
        int dilationWidth)
    {
        // Taps outside, inputs inside: the order of an NHWC input.
        (int segments, int length) = Segments(inputsPerGroup, kernelHeight, kernelWidth, inputPixelStride, dilationWidth);
        int position = checked((tap * inputsPerGroup) + input);
        return PackedIndex(output, position / length, position % length, outputsPerGroup, segments, length);
    }

    /// <summary>Packed size in bytes of depthwise weights.</summary>
    public static int DepthwiseBytes(int channels, int kernelHeight, int kernelWidth) =>
        checked(Int8DepthwiseLayout.PaddedChannels(channels) * Int8DepthwiseLayout.Quads(kernelHeight, kernelWidth) * 4);

    /// <summary>Packs depthwise weights.</summary>
    /// <param name="weights">ONNX order: [channels][1][kernelHeight][kernelWidth].</param>
    /// <param name="channels">Number of channels.</param>
    /// <param name="kernelHeight">Kernel rows.</param>
    /// <param name="kernelWidth">Taps of a kernel row.</param>
    /// <param name="packed">Receives <see cref="DepthwiseBytes"/> bytes.</param>
    public static void PackDepthwise(ReadOnlySpan<sbyte> weights, int channels, int kernelHeight, int kernelWidth, Span<byte> packed)
    {
        packed.Slice(0, DepthwiseBytes(channels, kernelHeight, kernelWidth)).Clear();
        int at = 0;
        for (int channel = 0; channel < channels; channel++)
        {
            for (int row = 0; row < kernelHeight; row++)
            {
                for (int column = 0; column < kernelWidth; column++)
                {
                    packed[Int8DepthwiseLayout.Weight(channel, row, column, channels, kernelHeight, kernelWidth)] =
                        unchecked((byte)weights[at++]);
                }
            }
        }
    }

    /// <summary>The inverse of <see cref="PackDepthwise"/>.</summary>
    public static void UnpackDepthwise(ReadOnlySpan<byte> packed, int channels, int kernelHeight, int kernelWidth, Span<sbyte> weights)
    {
        int at = 0;
        for (int channel = 0; channel < channels; channel++)
        {
            for (int row = 0; row < kernelHeight; row++)
            {
                for (int column = 0; column < kernelWidth; column++)
                {
                    weights[at++] = unchecked(
                        (sbyte)packed[Int8DepthwiseLayout.Weight(channel, row, column, channels, kernelHeight, kernelWidth)]);
                }
            }
        }
    }

    /// <summary>
    /// Number and length of a convolution's segments: kernel rows where they are contiguous runs of the input, else taps.
    /// </summary>
    public static (int Segments, int Length) Segments(
        int inputsPerGroup, int kernelHeight, int kernelWidth, int inputPixelStride, int dilationWidth) =>
        Int8Convolution.HasContiguousKernelRows(inputsPerGroup, inputPixelStride, dilationWidth)
            ? (kernelHeight, checked(kernelWidth * inputsPerGroup))
            : (checked(kernelHeight * kernelWidth), inputsPerGroup);

    /// <summary>Where a weight lies in the packed bytes.</summary>
    private static int PackedIndex(int output, int segment, int k, int outputs, int segments, int segmentLength)
    {
        int quads = (segmentLength + 3) >> 2;
        int panel = output & ~15;
        int width = PaddedOutputs(outputs) - panel >= 16 ? 16 : 8;
        int quad = (segment * quads) + (k >> 2);
        return checked((panel * segments * quads * 4) + (((quad * width) + (output & 15)) * 4) + (k & 3));
    }
}
