namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.InteropServices;

/// <summary>
/// Brings the caller's bytes into the arena as float32, through tables of 256 values that hold the normalisation; whatever the caller's
/// layout: the source is addressed by strides in elements.
/// </summary>
internal static class ScaleInput
{
    /// <summary>Looks up bytes in a table.</summary>
    /// <param name="source">The caller's bytes.</param>
    /// <param name="w">The workspace.</param>
    /// <param name="sourceImageStride">Elements from one source image to the next.</param>
    /// <param name="sourceRowStride">Elements from one source row to the next.</param>
    /// <param name="sourcePixelStride">Elements from one source pixel to the next.</param>
    /// <param name="sourceChannelStride">Elements from one source channel to the next.</param>
    /// <param name="output">Arena offset of the first output (float32).</param>
    /// <param name="outputImageStride">Bytes from one output image to the next.</param>
    /// <param name="outputRowStride">Bytes from one output row to the next.</param>
    /// <param name="outputPixelStride">Bytes from one output pixel to the next.</param>
    /// <param name="tables">Weights offset of the first table of 256 float32 values.</param>
    /// <param name="tableStride">Bytes from one channel's table to the next: 1,024, or 0 where all channels have the same.</param>
    /// <param name="images">Number of images.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Pixels of a row.</param>
    /// <param name="channels">Number of channels.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void FromUInt8(
        ReadOnlySpan<byte> source,
        Workspace w,
        int sourceImageStride,
        int sourceRowStride,
        int sourcePixelStride,
        int sourceChannelStride,
        int output,
        int outputImageStride,
        int outputRowStride,
        int outputPixelStride,
        int tables,
        int tableStride,
        int images,
        int height,
        int width,
        int channels)
    {
        unchecked
        {
            ref byte first = ref MemoryMarshal.GetReference(source);
            ref byte table = ref w.Weight(tables);
            for (int image = 0; image < images; image++)
            {
                for (int row = 0; row < height; row++)
                {
                    ref byte from = ref Unsafe.Add(ref first, (image * sourceImageStride) + (row * sourceRowStride));
                    ref byte to = ref w.Arena(output + (image * outputImageStride) + (row * outputRowStride));
                    for (int pixel = 0; pixel < width; pixel++)
                    {
                        for (int channel = 0; channel < channels; channel++)
                        {
                            int value = Unsafe.Add(ref from, (pixel * sourcePixelStride) + (channel * sourceChannelStride));
                            Unsafe.WriteUnaligned(
                                ref Unsafe.Add(ref to, (pixel * outputPixelStride) + (channel * 4)),
                                Unsafe.ReadUnaligned<float>(ref Unsafe.Add(ref table, (channel * tableStride) + (value * 4))));
                        }
                    }
                }
            }
        }
    }
}
