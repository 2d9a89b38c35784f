namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;

/// <summary>Quantises float32 values in the arena (docs/arithmetic.md, Between float and integer).</summary>
internal static class Quantize
{
    /// <summary>float32 to u8.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Arena offset of the first input (float32).</param>
    /// <param name="inputImageStride">Bytes from one input image to the next.</param>
    /// <param name="inputRowStride">Bytes from one input row to the next.</param>
    /// <param name="output">Arena offset of the first output (u8).</param>
    /// <param name="outputImageStride">Bytes from one output image to the next.</param>
    /// <param name="outputRowStride">Bytes from one output row to the next.</param>
    /// <param name="inverseScale">1 / scale, rounded to float32.</param>
    /// <param name="zeroPoint">The zero point.</param>
    /// <param name="images">Number of images.</param>
    /// <param name="rows">Rows of an image.</param>
    /// <param name="rowLength">Adjacent elements of a row.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Float32ToUInt8(
        Workspace w,
        int input,
        int inputImageStride,
        int inputRowStride,
        int output,
        int outputImageStride,
        int outputRowStride,
        float inverseScale,
        int zeroPoint,
        int images,
        int rows,
        int rowLength)
    {
        unchecked
        {
            for (int image = 0; image < images; image++)
            {
                for (int row = 0; row < rows; row++)
                {
                    ref float from = ref Unsafe.As<byte, float>(ref w.Arena(input + (image * inputImageStride) + (row * inputRowStride)));
                    ref byte to = ref w.Arena(output + (image * outputImageStride) + (row * outputRowStride));
                    for (int i = 0; i < rowLength; i++)
                        Unsafe.Add(ref to, i) = Single(Unsafe.Add(ref from, i), inverseScale, zeroPoint);
                }
            }
        }
    }

    /// <summary>One value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte Single(float value, float inverseScale, int zeroPoint)
    {
        unchecked
        {
            float v = MathF.FusedMultiplyAdd(value, inverseScale, zeroPoint);

            // Clamped before converting, because runtimes differ in what an out-of-range conversion gives; NaN fails both comparisons.
            if (v >= 255f)
                return 255;
            if (v <= 0f)
                return 0;
            return float.IsNaN(v) ? (byte)zeroPoint : (byte)(int)(v + 0.5f);
        }
    }
}
