namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;

/// <summary>
/// The signs of float32 values as bits, for <see cref="SignConvolution"/>: two planes of one bit a value. In the first a bit says that the
/// value is negative, in the second that it is not zero. What is first alone is no number (NaN). So all that Sign can give is exact,
/// and a border of zero bytes stands for zeros.
/// </summary>
/// <remarks>The channels of a pixel take whole bytes, the first one in the lowest bit; bits behind the last channel are 0.</remarks>
internal static class SignPlanes
{
    /// <summary>Bytes of a pixel in one plane.</summary>
    public static int PixelBytes(int channels) => unchecked((channels + 7) >> 3);

    /// <summary>Writes both planes.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Arena offset of the first value (float32).</param>
    /// <param name="inputImageStride">Bytes from one input image to the next.</param>
    /// <param name="inputRowStride">Bytes from one input row to the next.</param>
    /// <param name="inputPixelStride">Bytes from one input pixel to the next.</param>
    /// <param name="negative">Arena offset of the first pixel of the plane of negative values.</param>
    /// <param name="nonzero">Arena offset of the first pixel of the plane of values that are not zero; its strides are the same.</param>
    /// <param name="outputImageStride">Bytes from one image of a plane to the next.</param>
    /// <param name="outputRowStride">Bytes from one row of a plane to the next.</param>
    /// <param name="outputPixelStride">Bytes from one pixel of a plane to the next.</param>
    /// <param name="images">Number of images.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Pixels of a row.</param>
    /// <param name="channels">Channels of a pixel, adjacent in memory.</param>
    public static void Run(
        Workspace w,
        int input,
        int inputImageStride,
        int inputRowStride,
        int inputPixelStride,
        int negative,
        int nonzero,
        int outputImageStride,
        int outputRowStride,
        int outputPixelStride,
        int images,
        int height,
        int width,
        int channels)
    {
        unchecked
        {
            bool vectors = !w.IsStarting;
            for (int image = 0; image < images; image++)
            {
                for (int row = 0; row < height; row++)
                {
                    int from = input + (image * inputImageStride) + (row * inputRowStride);
                    int to = (image * outputImageStride) + (row * outputRowStride);
                    for (int pixel = 0; pixel < width; pixel++)
                    {
                        Pixel(
                            ref Unsafe.As<byte, float>(ref w.Arena(from)), ref w.Arena(negative + to), ref w.Arena(nonzero + to), channels,
                            vectors);
                        from += inputPixelStride;
                        to += outputPixelStride;
                    }
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pixel(ref float values, ref byte negative, ref byte nonzero, int channels, bool vectors)
    {
        unchecked
        {
            if (vectors && ByteLanes.Has256)
            {
                for (; channels >= 8; channels -= 8)
                {
                    Vector256<float> v = Vector256.LoadUnsafe(ref values);
                    uint below = Vector256.LessThan(v, Vector256<float>.Zero).ExtractMostSignificantBits();
                    uint atLeast = Vector256.GreaterThanOrEqual(v, Vector256<float>.Zero).ExtractMostSignificantBits();
                    uint above = Vector256.GreaterThan(v, Vector256<float>.Zero).ExtractMostSignificantBits();
                    negative = (byte)~atLeast;
                    nonzero = (byte)(below | above);
                    values = ref Unsafe.Add(ref values, 8);
                    negative = ref Unsafe.Add(ref negative, 1);
                    nonzero = ref Unsafe.Add(ref nonzero, 1);
                }
            }

            for (; channels > 0; channels -= 8)
            {
                int count = channels < 8 ? channels : 8;
                (int first, int second) = (0, 0);
                for (int i = 0; i < count; i++)
                {
                    float value = Unsafe.Add(ref values, i);
                    first |= value >= 0f ? 0 : 1 << i;
                    second |= value is < 0f or > 0f ? 1 << i : 0;
                }

                negative = (byte)first;
                nonzero = (byte)second;
                values = ref Unsafe.Add(ref values, 8);
                negative = ref Unsafe.Add(ref negative, 1);
                nonzero = ref Unsafe.Add(ref nonzero, 1);
            }
        }
    }
}
