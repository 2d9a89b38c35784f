namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;

/// <summary>
/// A function of one u8 value as a table of 256 bytes (docs/arithmetic.md, Elementwise integer operations); also rescaling.
/// </summary>
internal static class Int8Table
{
    /// <summary>Looks up every element in one table.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Arena offset of the first input.</param>
    /// <param name="inputImageStride">Bytes from one input image to the next.</param>
    /// <param name="inputRowStride">Bytes from one input row to the next.</param>
    /// <param name="output">Arena offset of the first output; may be the input's.</param>
    /// <param name="outputImageStride">Bytes from one output image to the next.</param>
    /// <param name="outputRowStride">Bytes from one output row to the next.</param>
    /// <param name="table">Weights offset of the 256 bytes.</param>
    /// <param name="images">Number of images.</param>
    /// <param name="rows">Rows of an image.</param>
    /// <param name="rowLength">Adjacent elements of a row.</param>
    public static void Run(
        Workspace w,
        int input,
        int inputImageStride,
        int inputRowStride,
        int output,
        int outputImageStride,
        int outputRowStride,
        int table,
        int images,
        int rows,
        int rowLength)
    {
        unchecked
        {
            ref byte entries = ref w.Weight(table);
            for (int image = 0; image < images; image++)
            {
                ref byte source = ref w.Arena(input + (image * inputImageStride));
                ref byte target = ref w.Arena(output + (image * outputImageStride));
                if (w.IsStarting)
                    OneByOne(ref source, inputRowStride, ref target, outputRowStride, ref entries, rows, rowLength);
                else
                    Vectors(ref source, inputRowStride, ref target, outputRowStride, ref entries, rows, rowLength);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Vectors(
        ref byte source, int sourceStride, ref byte target, int targetStride, ref byte entries, int rows, int rowLength)
    {
        unchecked
        {
            Span<byte> steps = stackalloc byte[ByteLookup.StepsBytes];
            ByteLookup.Prepare(ref entries, ref steps[0]);
            for (int row = 0; row < rows; row++)
            {
                ByteLookup.Row(ref source, ref target, rowLength, ref entries, ref steps[0]);
                source = ref Unsafe.Add(ref source, sourceStride);
                target = ref Unsafe.Add(ref target, targetStride);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneByOne(
        ref byte source, int sourceStride, ref byte target, int targetStride, ref byte entries, int rows, int rowLength)
    {
        unchecked
        {
            for (int row = 0; row < rows; row++)
            {
                for (int i = 0; i < rowLength; i++)
                    Unsafe.Add(ref target, i) = Unsafe.Add(ref entries, (nint)Unsafe.Add(ref source, i));
                source = ref Unsafe.Add(ref source, sourceStride);
                target = ref Unsafe.Add(ref target, targetStride);
            }
        }
    }

    /// <summary>Looks up every element in the table of its channel (PRelu, a normalisation that stands alone).</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Arena offset of the first input.</param>
    /// <param name="inputImageStride">Bytes from one input image to the next.</param>
    /// <param name="inputRowStride">Bytes from one input row to the next.</param>
    /// <param name="inputPixelStride">Bytes from one input pixel to the next.</param>
    /// <param name="output">Arena offset of the first output; may be the input's.</param>
    /// <param name="outputImageStride">Bytes from one output image to the next.</param>
    /// <param name="outputRowStride">Bytes from one output row to the next.</param>
    /// <param name="outputPixelStride">Bytes from one output pixel to the next.</param>
    /// <param name="tables">Weights offset of 256 bytes for each channel.</param>
    /// <param name="images">Number of images.</param>
    /// <param name="rows">Rows of an image.</param>
    /// <param name="pixels">Pixels of a row.</param>
    /// <param name="channels">Adjacent elements of a pixel.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void RunPerChannel(
        Workspace w,
        int input,
        int inputImageStride,
        int inputRowStride,
        int inputPixelStride,
        int output,
        int outputImageStride,
        int outputRowStride,
        int outputPixelStride,
        int tables,
        int images,
        int rows,
        int pixels,
        int channels)
    {
        unchecked
        {
            for (int image = 0; image < images; image++)
            {
                for (int row = 0; row < rows; row++)
                {
                    for (int pixel = 0; pixel < pixels; pixel++)
                    {
                        ref byte source = ref w.Arena(
                            input + (image * inputImageStride) + (row * inputRowStride) + (pixel * inputPixelStride));
                        ref byte target = ref w.Arena(
                            output + (image * outputImageStride) + (row * outputRowStride) + (pixel * outputPixelStride));
                        ref byte entries = ref w.Weight(tables);
                        for (int channel = 0; channel < channels; channel++)
                            Unsafe.Add(ref target, channel) = Unsafe.Add(ref entries, (channel * 256) + Unsafe.Add(ref source, channel));
                    }
                }
            }
        }
    }
}
