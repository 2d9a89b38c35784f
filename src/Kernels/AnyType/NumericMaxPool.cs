namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Numerics;
using global::System.Runtime.CompilerServices;

/// <summary>
/// Maxima over windows of feature maps for element types other than float32, and for every type where the places of the maxima are
/// wanted. Padding does not take part; a window that lies wholly in it gives the least finite number of the type, and −1 as its place.
/// The first of equal maxima counts; NaN is greater than every number.
/// </summary>
internal static class NumericMaxPool
{
    /// <summary>Computes the maxima.</summary>
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
    /// <param name="elementType">The element type, a number of <see cref="NumericType"/>.</param>
    /// <param name="inputSteps">Bytes between neighbouring images, planes, rows and columns of the input.</param>
    /// <param name="outputSteps">The same of the output.</param>
    public static void Run(
        Workspace w,
        int input,
        int output,
        int elementType,
        int images,
        int channels,
        ReadOnlySpan<int> inputSizes,
        ReadOnlySpan<int> outputSizes,
        ReadOnlySpan<int> kernel,
        ReadOnlySpan<int> strides,
        ReadOnlySpan<int> dilations,
        ReadOnlySpan<int> pads,
        ReadOnlySpan<int> inputSteps,
        ReadOnlySpan<int> outputSteps) =>
        Dispatch(
            w, input, output, -1, elementType, images, channels, inputSizes, outputSizes, kernel, strides, dilations, pads,
            inputSteps, outputSteps, ReadOnlySpan<int>.Empty);

    /// <summary>Computes the maxima and their places as 64-bit integers; the first parameters as for the maxima alone.</summary>
    /// <param name="indices">Arena offset of the places, which lie as the outputs do, but with 8 bytes each.</param>
    /// <param name="indexSteps">What an image, a plane, a row, a column and a channel add to a place.</param>
    public static void WithIndices(
        Workspace w,
        int input,
        int output,
        int indices,
        int elementType,
        int images,
        int channels,
        ReadOnlySpan<int> inputSizes,
        ReadOnlySpan<int> outputSizes,
        ReadOnlySpan<int> kernel,
        ReadOnlySpan<int> strides,
        ReadOnlySpan<int> dilations,
        ReadOnlySpan<int> pads,
        ReadOnlySpan<int> inputSteps,
        ReadOnlySpan<int> outputSteps,
        ReadOnlySpan<int> indexSteps) =>
        Dispatch(
            w, input, output, indices, elementType, images, channels, inputSizes, outputSizes, kernel, strides, dilations, pads,
            inputSteps, outputSteps, indexSteps);

    private static void Dispatch(
        Workspace w,
        int input,
        int output,
        int indices,
        int elementType,
        int images,
        int channels,
        ReadOnlySpan<int> inputSizes,
        ReadOnlySpan<int> outputSizes,
        ReadOnlySpan<int> kernel,
        ReadOnlySpan<int> strides,
        ReadOnlySpan<int> dilations,
        ReadOnlySpan<int> pads,
        ReadOnlySpan<int> inputSteps,
        ReadOnlySpan<int> outputSteps,
        ReadOnlySpan<int> indexSteps)
    {
        switch (elementType)
        {
            case NumericType.UInt8:
                Walk<byte>(
                    w, input, output, indices, images, channels, inputSizes, outputSizes, kernel, strides, dilations, pads,
                    inputSteps, outputSteps, indexSteps);
                break;
            case NumericType.Int8:
                Walk<sbyte>(
                    w, input, output, indices, images, channels, inputSizes, outputSizes, kernel, strides, dilations, pads,
                    inputSteps, outputSteps, indexSteps);
                break;
            case NumericType.Float16:
                Walk<Half>(
                    w, input, output, indices, images, channels, inputSizes, outputSizes, kernel, strides, dilations, pads,
                    inputSteps, outputSteps, indexSteps);
                break;
            case NumericType.Float64:
                Walk<double>(
                    w, input, output, indices, images, channels, inputSizes, outputSizes, kernel, strides, dilations, pads,
                    inputSteps, outputSteps, indexSteps);
                break;
            default:
                Walk<float>(
                    w, input, output, indices, images, channels, inputSizes, outputSizes, kernel, strides, dilations, pads,
                    inputSteps, outputSteps, indexSteps);
                break;
        }
    }

    private static void Walk<T>(
        Workspace w,
        int input,
        int output,
        int indices,
        int images,
        int channels,
        ReadOnlySpan<int> inputSizes,
        ReadOnlySpan<int> outputSizes,
        ReadOnlySpan<int> kernel,
        ReadOnlySpan<int> strides,
        ReadOnlySpan<int> dilations,
        ReadOnlySpan<int> pads,
        ReadOnlySpan<int> inputSteps,
        ReadOnlySpan<int> outputSteps,
        ReadOnlySpan<int> indexSteps)
        where T : unmanaged, INumber<T>, IMinMaxValue<T>
    {
        ref byte from = ref w.Operand(input);
        ref byte to = ref w.Arena(output);
        int size = Unsafe.SizeOf<T>();
        for (int n = 0; n < images; n++)
        {
            for (int z = 0; z < outputSizes[0]; z++)
            {
                var planes = new PoolingWindow((z * strides[0]) - pads[0], kernel[0], dilations[0], 0, inputSizes[0]);
                for (int y = 0; y < outputSizes[1]; y++)
                {
                    var rows = new PoolingWindow((y * strides[1]) - pads[1], kernel[1], dilations[1], 0, inputSizes[1]);
                    for (int x = 0; x < outputSizes[2]; x++)
                    {
                        var columns = new PoolingWindow((x * strides[2]) - pads[2], kernel[2], dilations[2], 0, inputSizes[2]);
                        nint target = ((nint)n * outputSteps[0]) + ((nint)z * outputSteps[1])
                            + ((nint)y * outputSteps[2]) + ((nint)x * outputSteps[3]);
                        for (int c = 0; c < channels; c++)
                        {
                            T best = T.MinValue;
                            long place = -1;
                            for (int i = planes.First; i < planes.End; i++)
                            {
                                for (int j = rows.First; j < rows.End; j++)
                                {
                                    for (int k = columns.First; k < columns.End; k++)
                                    {
                                        int plane = planes.Origin + (i * dilations[0]);
                                        int row = rows.Origin + (j * dilations[1]);
                                        int column = columns.Origin + (k * dilations[2]);
                                        nint source = ((nint)n * inputSteps[0]) + ((nint)plane * inputSteps[1])
                                            + ((nint)row * inputSteps[2])
                                            + ((nint)column * inputSteps[3]) + ((nint)c * size);
                                        T value = Unsafe.As<byte, T>(ref Unsafe.Add(ref from, source));
                                        if (place >= 0 && !(value > best) && !T.IsNaN(value))
                                            continue;
                                        best = value;
                                        place = indices < 0 ? 0 : ((long)n * indexSteps[0]) + ((long)plane * indexSteps[1])
                                            + ((long)row * indexSteps[2]) + ((long)column * indexSteps[3]) + ((long)c * indexSteps[4]);
                                    }
                                }
                            }
                            Unsafe.As<byte, T>(ref Unsafe.Add(ref to, target + (c * size))) = best;
                            if (indices >= 0)
                                Unsafe.As<byte, long>(ref Unsafe.Add(ref w.Arena(indices), ((target / size) + c) * sizeof(long))) = place;
                        }
                    }
                }
            }
        }
    }
}
